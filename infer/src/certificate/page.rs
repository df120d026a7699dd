//! A certificate as a page: it needs no other file, no script and no network.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbImage};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::{Certificate, Drawn};
use crate::measurement::facts::{ClassFacts, Facts, MetricFacts, SideFacts};
use crate::measurement::metric::MetricKind;
use crate::measurement::report::number;

/// The style of the page.
const STYLE: &str = include_str!("page.css");
/// Images with a shorter side are enlarged, with their pixels to be seen.
const SMALL: u32 = 128;

/// The page of a certificate that lies in `file`, with its first images.
///
/// # Panics
/// If it does not say how its images were drawn.
pub fn page(certificate: &Certificate, images: &[RgbImage], file: &str) -> String {
    let drawn = certificate.drawn().expect("a certificate of drawn images");
    let facts = &certificate.measurement;
    let title = format!("{} of {}", names(certificate).join(", "), drawn.with.model);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – PixelFlow certificate" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "PixelFlow certificate of a measurement" }
                    h1 { (drawn.with.model) " against " (facts.reference.name) }
                    p.soft { (summary(facts, drawn)) }
                }
                main {
                    section {
                        div.numbers { @for metric in &facts.metrics { (metric_card(metric, certificate)) } }
                        @for (key, reason) in &facts.left_out {
                            p.soft { "Not measured: " (key) ", " (reason) "." }
                        }
                    }
                    @if !images.is_empty() { (samples(images, drawn)) }
                    (check(certificate, file))
                    section {
                        h2 { "Facts" }
                        div.facts { @for (name, rows) in groups(certificate, drawn) { (group(name, &rows)) } }
                    }
                    @if let Some(texts) = certificate.prompts.as_ref().and_then(|p| p.texts.as_ref()) {
                        section {
                            details {
                                summary { (texts.len()) " prompts" }
                                ol { @for text in texts { li { (text) } } }
                            }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// What stands beside the numbers, in a line.
fn summary(facts: &Facts, drawn: Drawn<'_>) -> String {
    let times = match drawn.seeds.len() {
        1 => String::new(),
        several => format!(", {several} times with other seeds: mean ± standard error"),
    };
    let labels = drawn.labels;
    format!(
        "{} images, {labels} labels{times}; seen through {}, protocol {}",
        drawn.images, facts.extractor.name, facts.protocol
    )
}

/// The names of Fréchet's and the kernel distance, or whatever comes first.
fn names(certificate: &Certificate) -> Vec<String> {
    let metrics = certificate.measurement.metrics.iter().take(2);
    metrics.map(|metric| name_of(metric, certificate).0).collect()
}

/// What a metric is called, and whether more of it is better.
fn name_of(metric: &MetricFacts, certificate: &Certificate) -> (String, bool) {
    let network = certificate.network();
    let kind = network.and_then(|network| MetricKind::of_key(&metric.key, network));
    let named = kind.zip(network);
    named.map_or((metric.key.clone(), false), |(kind, network)| {
        // In tables it stands below what it is the ceiling of.
        let of_real = kind == MetricKind::RealClassAccuracy;
        let name =
            if of_real { "ceiling of class accuracy".to_owned() } else { kind.name(network) };
        (name, !kind.lower_is_better())
    })
}

fn metric_card(metric: &MetricFacts, certificate: &Certificate) -> Markup {
    let (name, higher) = name_of(metric, certificate);
    let MetricFacts { value, standard_error, repeats, about, .. } = metric;
    let repeats: Vec<String> = repeats.iter().copied().map(shown).collect();
    html! {
        div.number {
            h3 { (name) }
            b {
                (shown(*value))
                @if let Some(error) = standard_error { small { " ± " (shown(*error)) } }
            }
            p { @if higher { "higher is better" } @else { "lower is better" } }
            @if !repeats.is_empty() { p { (repeats.join(", ")) } }
            @if !about.is_empty() { p { (about) } }
        }
    }
}

/// A value in four digits behind the point, if they say anything of it.
fn shown(value: f64) -> String {
    if value.abs() >= 1e-3 { format!("{value:.4}") } else { number(value) }
}

fn samples(images: &[RgbImage], drawn: Drawn<'_>) -> Markup {
    let least = images.iter().map(|image| image.width().min(image.height())).min().unwrap_or(0);
    let (class, side) = if least < SMALL { ("samples small", 120) } else { ("samples", 160) };
    let seed = drawn.seeds[0];
    html! {
        section {
            h2 { "The first samples" }
            div class=(class) style={ "--side:" (side) "px" } {
                @for (place, image) in images.iter().enumerate() {
                    img src=(inlined(image)) width=(image.width()) height=(image.height())
                        alt={ "image " (place) " of seed " (seed) };
                }
            }
        }
    }
}

/// An image as an address that has it in itself.
fn inlined(image: &RgbImage) -> String {
    let mut png = Cursor::new(Vec::new());
    image.write_to(&mut png, ImageFormat::Png).expect("every image is a PNG");
    format!("data:image/png;base64,{}", STANDARD.encode(png.into_inner()))
}

fn check(certificate: &Certificate, file: &str) -> Markup {
    html! {
        section {
            h2 { "Check it" }
            p {
                "This draws the same images again, measures them, and says of every number whether it stands. A \
                 model, data or network with another hash is refused."
            }
            pre { (certificate.command(file)) }
            p.soft { "All that is on this page, and more, is in " code { (file) } "." }
        }
    }
}

type Rows = Vec<(String, String)>;

/// Everything but the numbers.
fn groups(certificate: &Certificate, drawn: Drawn<'_>) -> [(&'static str, Rows); 4] {
    let facts = &certificate.measurement;
    let row = |name: &str, value: &dyn std::fmt::Display| (name.to_owned(), value.to_string());
    let seeds: Vec<String> = drawn.seeds.iter().map(u64::to_string).collect();
    let mut measurement = vec![
        row("images", &drawn.images),
        row("repeats", &drawn.seeds.len()),
        row("seeds", &seeds.join(", ")),
        row("labels", &drawn.labels),
        row("protocol", &facts.protocol),
        row("extractor", &named(&facts.extractor.name, facts.extractor.hash.as_deref())),
    ];
    measurement.extend(facts.samples.classes.map(|facts| row("classes", &class_sentence(facts))));
    let with = drawn.with;
    let mut model = vec![
        row("name", &with.model),
        row("weights", &plain(&with.weights)),
        row("hash", &with.model_hash),
        row("size", &format!("{}x{}", with.height, with.width)),
        row("number format", &plain(&with.dtype)),
        row("noise", &plain(&with.noise)),
        row("batch", &certificate.batch),
    ];
    if let Some(guide) = &with.guide {
        model.push(row("guided away from", &named(&guide.model, Some(&guide.model_hash))));
        model.push(row("its weights", &plain(&guide.weights)));
    }
    if let Some(encoder) = &with.text_encoder {
        model.push(row(
            "text encoder",
            &named(encoder.folder.as_deref().unwrap_or("its own"), Some(&encoder.hash)),
        ));
        model.push(row("its format", &plain(&encoder.dtype)));
    }
    if !with.negative.is_empty() {
        model.push(row("negative", &with.negative));
    }
    if let Some(prompts) = &certificate.prompts {
        model.push(row("prompts", &named(&prompts.count.to_string(), Some(&prompts.hash))));
    }
    let sampler = match serde_json::to_value(&with.sampler) {
        Ok(Value::Object(settings)) => {
            settings.into_iter().map(|(name, value)| (name, plain(&value))).collect()
        }
        _ => Vec::new(),
    };
    let sides = [
        ("reference", Some(&facts.reference)),
        ("training images", facts.train.as_ref()),
        ("held-out images", facts.held_out.as_ref()),
    ];
    let mut rest: Rows = sides
        .into_iter()
        .filter_map(|(name, side)| Some(row(name, &side_sentence(side?))))
        .collect();
    rest.extend([
        row("device", &facts.device.as_deref().unwrap_or("none")),
        row("program", &facts.version),
        row("Burn", &certificate.burn),
        row("form", &certificate.format),
    ]);
    [
        ("Measurement", measurement),
        ("Model", model),
        ("Sampler", sampler),
        ("Data and program", rest),
    ]
}

fn group(name: &str, rows: &Rows) -> Markup {
    html! {
        div {
            h3 { (name) }
            dl { @for (name, value) in rows { dt { (name) } dd { (value) } } }
        }
    }
}

fn named(name: &str, hash: Option<&str>) -> String {
    hash.map_or(name.to_owned(), |hash| format!("{name}, hash {hash}"))
}

fn side_sentence(SideFacts { name, hash, images, .. }: &SideFacts) -> String {
    let images = images.map_or("statistics".to_owned(), |images| format!("{images} images"));
    format!("{}, {images}", named(name, hash.as_deref()))
}

fn class_sentence(ClassFacts { classes, least, most, .. }: ClassFacts) -> String {
    let each = if least == most { least.to_string() } else { format!("{least} to {most}") };
    format!("{classes}, {each} images each")
}

/// A value as JSON has it, a text without its quotes.
fn plain(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::CertifiedPrompts;
    use super::super::testing::certificate;
    use super::*;

    #[test]
    fn the_page_has_every_number_and_its_images_in_itself() {
        let images = [RgbImage::new(4, 4), RgbImage::from_pixel(4, 4, image::Rgb([9, 8, 7]))];
        let page = page(&certificate(), &images, "a.json");
        for part in
            ["FD-EffLite0", "<b>100.0000</b>", "0.0020<small> ± 0.0100", "not measured", "rtol"]
        {
            assert!(page.to_lowercase().contains(&part.to_lowercase()), "{part}: {page}");
        }
        assert!(page.contains("<pre>infer evaluate --check a.json</pre>"), "{page}");
        assert_eq!(page.matches("src=\"data:image/png;base64,").count(), 2);
        for loads in ["<script", "<link", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(loads), "{loads}");
        }
    }

    #[test]
    fn names_are_never_markup() {
        let evil = "<script>alert('x')</script>\"&";
        let mut certificate = certificate();
        let with = certificate.measurement.drawn_with.as_mut().unwrap();
        (with.model, with.negative) = (evil.to_owned(), evil.to_owned());
        certificate.measurement.reference.name = evil.to_owned();
        certificate.measurement.metrics[0].about = evil.to_owned();
        certificate.measurement.left_out = [(evil.to_owned(), evil.to_owned())].into();
        let texts = Some(vec![evil.to_owned()]);
        certificate.prompts = Some(CertifiedPrompts { count: 1, hash: evil.to_owned(), texts });
        let page = page(&certificate, &[], evil);
        assert!(!page.contains("<script") && !page.contains("alert('x')</script>"), "{page}");
        assert!(page.matches("&lt;script&gt;").count() >= 9, "{page}");
    }
}

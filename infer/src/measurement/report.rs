//! A measurement as a table, and as facts.

use pixelflow_evaluation::metrics::ClassCounts;
use pixelflow_host::device::Device;
use pixelflow_host::output::one_line;

use super::facts::{ClassFacts, ExtractorFacts, Facts, MetricFacts, SideFacts};
use super::metric::{Metric, Metrics};
use super::network::Identity;
use super::repeats::mean_of;
use crate::arguments::LabelRule;
use crate::caption_images::DrawnWith;

/// All that stands beside the numbers.
pub struct Report<'a> {
    /// What the images were seen through.
    pub identity: &'a Identity,
    /// Where it was computed; nowhere if only statistics were compared.
    pub device: Option<Device>,
    /// What was measured, once for each repeat.
    pub repeats: &'a [Metrics],
    /// The samples.
    pub samples: SideReport,
    /// What they were compared with.
    pub reference: SideReport,
    /// The training images and the held-out ones, where copies were looked for.
    pub known: Option<[SideReport; 2]>,
    /// How the samples were drawn, if they were.
    pub drawn: Option<DrawnReport<'a>>,
}

/// What a side was.
pub struct SideReport {
    /// The path or the model's name.
    pub name: String,
    /// Hash of the images, where it was made.
    pub hash: Option<String>,
    /// How many images; statistics do not say it.
    pub images: Option<usize>,
    /// How many of each class.
    pub classes: Option<ClassCounts>,
}

/// How samples were drawn.
pub struct DrawnReport<'a> {
    /// Everything but the requests.
    pub with: &'a DrawnWith,
    /// How classes were chosen.
    pub labels: LabelRule,
    /// A seed for each repeat.
    pub seeds: Vec<u64>,
}

impl Report<'_> {
    /// The table that is printed.
    pub fn table(&self) -> String {
        let Self { identity, repeats, samples, reference, .. } = self;
        let mean = mean_of(repeats);
        let mut lines = vec![format!(
            "{:14} {:>12} {:>14}  {}",
            "metric", "value", "standard error", "protocol"
        )];
        let of_metric = |metric: &Metric| {
            let error = metric.standard_error.map_or("-".to_owned(), number);
            let name = metric.kind.name(identity.kind);
            let (value, protocol, about) = (number(metric.value), identity.protocol, &metric.about);
            let line = format!("{name:14} {value:>12} {error:>14}  {protocol:14} {about}");
            line.trim_end().to_owned()
        };
        lines.extend(mean.values.iter().map(of_metric));
        lines.extend(mean.left_out.iter().map(|(kinds, reason)| {
            let names: Vec<String> = kinds.iter().map(|kind| kind.name(identity.kind)).collect();
            format!("not measured: {}: {}", names.join(", "), one_line(reason))
        }));
        lines.extend(self.class_lines());
        if let Some(DrawnReport { labels, seeds, with }) = &self.drawn {
            let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
            let noun = if seeds.len() == 1 { "seed" } else { "repeats, their mean; seeds" };
            let count = if seeds.len() == 1 { String::new() } else { format!("{} ", seeds.len()) };
            let guide = with.guide.as_ref().map_or_else(String::new, |guide| {
                format!("; guided away from {} ({})", one_line(&guide.model), guide.model_hash)
            });
            lines.push(format!("{count}{noun} {}; labels {labels}{guide}", seeds.join(", ")));
        }
        let weights =
            identity.hash.as_ref().map_or_else(String::new, |hash| format!(" (weights {hash})"));
        let device = self.device.map_or_else(String::new, |device| format!(", {device}"));
        lines.push(format!(
            "{} against {}; {}{weights}, protocol {}{device}",
            samples.sentence(),
            reference.sentence(),
            identity.kind.name(),
            identity.protocol
        ));
        lines.join("\n")
    }

    /// How many images classes have, and which side lacks some.
    fn class_lines(&self) -> Vec<String> {
        let sides = [("samples", &self.samples), ("reference", &self.reference)];
        let line = |(name, side): (&str, &SideReport)| {
            let ClassFacts { classes, least, most, empty } = side.class_facts()?;
            let each = if least == most { most.to_string() } else { format!("{least} to {most}") };
            let missing = match empty {
                0 => String::new(),
                1 => "; 1 class is missing".to_owned(),
                _ => format!("; {empty} classes are missing"),
            };
            Some(format!("{name}: {classes} classes, {each} images each{missing}"))
        };
        let mut lines: Vec<String> = sides.into_iter().filter_map(line).collect();
        if let [Some(own), Some(real)] = sides.map(|(_, side)| side.class_facts())
            && own.classes != real.classes
        {
            lines.push(format!(
                "the samples have {} classes and the reference {}: distances and recall say that too",
                own.classes, real.classes
            ));
        }
        lines
    }

    /// Everything measured, and what it was measured on.
    pub fn facts(&self) -> Facts {
        let Self { identity, repeats, samples, reference, .. } = self;
        let mean = mean_of(repeats);
        let of_metric = |metric: &Metric| {
            let of = |metrics: &Metrics| {
                let same = metrics.values.iter().find(|other| other.kind == metric.kind);
                same.map(|metric| metric.value)
            };
            let several = repeats.iter().filter(|_| repeats.len() > 1);
            MetricFacts {
                key: metric.kind.key(identity.kind),
                value: metric.value,
                standard_error: metric.standard_error,
                repeats: several.filter_map(of).collect(),
                about: metric.about.clone(),
            }
        };
        let left_out = mean.left_out.iter().flat_map(|(kinds, reason)| {
            kinds.iter().map(move |kind| (kind.key(identity.kind), reason.clone()))
        });
        let side = |place: usize| self.known.as_ref().map(|sides| sides[place].facts());
        Facts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            metrics: mean.values.iter().map(of_metric).collect(),
            left_out: left_out.collect(),
            protocol: identity.protocol,
            images: samples.images,
            samples: samples.facts(),
            reference: reference.facts(),
            train: side(0),
            held_out: side(1),
            extractor: ExtractorFacts {
                name: identity.kind.name().to_owned(),
                hash: identity.hash.clone(),
            },
            device: self.device.map(|device| device.to_string()),
            copies: mean.copies,
            labels: self.drawn.as_ref().map(|drawn| drawn.labels),
            seeds: self.drawn.as_ref().map(|drawn| drawn.seeds.clone()),
            drawn_with: self.drawn.as_ref().map(|drawn| drawn.with.clone()),
        }
    }
}

impl SideReport {
    fn sentence(&self) -> String {
        let name = one_line(&self.name);
        match self.images {
            Some(images) => format!("{images} images of {name}"),
            None => format!("statistics of {name}"),
        }
    }

    fn class_facts(&self) -> Option<ClassFacts> {
        let ClassCounts { counts, missing, .. } = self.classes.as_ref()?;
        let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
        Some(ClassFacts { classes: counts.len(), least, most, empty: missing.len() })
    }

    fn facts(&self) -> SideFacts {
        SideFacts {
            name: self.name.clone(),
            hash: self.hash.clone(),
            images: self.images,
            classes: self.class_facts(),
        }
    }
}

/// Four digits behind the point, or as many significant ones of a small number.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 0.1 { format!("{value:.4}") } else { format!("{value:.3e}") }
}

//! A measurement as a table and as JSON.

use pixelflow_evaluation::metrics::ClassCounts;
use pixelflow_host::device::Device;
use pixelflow_host::output::one_line;
use serde_json::{Map, Value, json};

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
        if let Some(DrawnReport { labels, seeds, .. }) = &self.drawn {
            let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
            let noun = if seeds.len() == 1 { "seed" } else { "repeats, their mean; seeds" };
            let count = if seeds.len() == 1 { String::new() } else { format!("{} ", seeds.len()) };
            lines.push(format!("{count}{noun} {}; labels {labels}", seeds.join(", ")));
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
            let ClassSummary { classes, least, most, empty } = side.class_summary()?;
            let each = if least == most { most.to_string() } else { format!("{least} to {most}") };
            let missing = match empty {
                0 => String::new(),
                1 => "; 1 class is missing".to_owned(),
                _ => format!("; {empty} classes are missing"),
            };
            Some(format!("{name}: {classes} classes, {each} images each{missing}"))
        };
        let mut lines: Vec<String> = sides.into_iter().filter_map(line).collect();
        if let [Some(own), Some(real)] = sides.map(|(_, side)| side.class_summary())
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
    pub fn json(&self) -> Value {
        let Self { identity, repeats, samples, reference, .. } = self;
        let mean = mean_of(repeats);
        let of_metric = |metric: &Metric| {
            let mut value =
                json!({ "value": metric.value, "standard_error": metric.standard_error });
            if repeats.len() > 1 {
                let of = |metrics: &Metrics| {
                    let same = metrics.values.iter().find(|other| other.kind == metric.kind);
                    same.map(|metric| metric.value)
                };
                value["repeats"] = repeats.iter().map(of).collect();
            }
            if !metric.about.is_empty() {
                value["about"] = metric.about.clone().into();
            }
            (metric.kind.key(identity.kind), value)
        };
        let metrics: Map<String, Value> = mean.values.iter().map(of_metric).collect();
        let left_out: Map<String, Value> = mean
            .left_out
            .iter()
            .flat_map(|(kinds, reason)| kinds.iter().map(move |kind| (kind, reason)))
            .map(|(kind, reason)| (kind.key(identity.kind), reason.clone().into()))
            .collect();
        let mut report = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "metrics": metrics,
            "left_out": left_out,
            "protocol": identity.protocol,
            "images": samples.images,
            "samples": samples.json(),
            "reference": reference.json(),
            "extractor": { "name": identity.kind.name(), "hash": identity.hash },
            "device": self.device.map(|device| device.to_string()),
        });
        if !mean.copies.is_empty() {
            report["copies"] = json!(mean.copies);
        }
        if let Some(DrawnReport { with, labels, seeds }) = &self.drawn {
            report["labels"] = labels.to_string().into();
            report["seeds"] = json!(seeds);
            report["drawn_with"] = json!(with);
        }
        report
    }
}

/// How evenly classes are filled.
struct ClassSummary {
    classes: usize,
    least: u64,
    most: u64,
    empty: usize,
}

impl SideReport {
    fn sentence(&self) -> String {
        let name = one_line(&self.name);
        match self.images {
            Some(images) => format!("{images} images of {name}"),
            None => format!("statistics of {name}"),
        }
    }

    fn class_summary(&self) -> Option<ClassSummary> {
        let ClassCounts { counts, missing, .. } = self.classes.as_ref()?;
        let (least, most) = (*counts.iter().min()?, *counts.iter().max()?);
        Some(ClassSummary { classes: counts.len(), least, most, empty: missing.len() })
    }

    fn json(&self) -> Value {
        let classes = self.class_summary().map(|classes| {
            let ClassSummary { classes, least, most, empty } = classes;
            json!({ "classes": classes, "least": least, "most": most, "empty": empty })
        });
        json!({ "name": self.name, "hash": self.hash, "images": self.images, "classes": classes })
    }
}

/// Four digits behind the point, or as many significant ones of a small number.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 0.1 { format!("{value:.4}") } else { format!("{value:.3e}") }
}

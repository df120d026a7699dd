//! What a measurement says, as JSON has it: reports and certificates are made of the same facts.

use std::collections::BTreeMap;

use pixelflow_evaluation::Protocol;
use serde::{Deserialize, Serialize};

use crate::arguments::LabelRule;
use crate::caption_images::DrawnWith;

/// Everything measured, and what it was measured on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Version of the program.
    pub version: String,
    /// The metrics by their names in JSON, in the order of the table.
    #[serde(with = "by_key")]
    pub metrics: Vec<MetricFacts>,
    /// Why a metric that was asked for is missing, by its name in JSON.
    pub left_out: BTreeMap<String, String>,
    /// The evaluator that is reproduced.
    pub protocol: Protocol,
    /// How many samples; statistics do not say it.
    pub images: Option<usize>,
    /// The samples.
    pub samples: SideFacts,
    /// What they were compared with.
    pub reference: SideFacts,
    /// What memorisation was measured with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<SideFacts>,
    /// The same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<SideFacts>,
    /// The network that the images were seen through.
    pub extractor: ExtractorFacts,
    /// Where it was computed; nowhere if only statistics were compared.
    pub device: Option<String>,
    /// Samples that are copies, each with its training image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<[usize; 2]>,
    /// How classes were chosen, where samples were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<LabelRule>,
    /// A seed for each repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Vec<u64>>,
    /// Everything but the requests that the samples depend on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_with: Option<DrawnWith>,
}

/// A metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricFacts {
    /// Its name in JSON.
    #[serde(skip)]
    pub key: String,
    /// Its value; of repeats, their mean.
    pub value: f64,
    /// How sure it is, where that is known.
    pub standard_error: Option<f64>,
    /// Its value in each of several repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<f64>,
    /// What belongs to the number; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideFacts {
    /// The path or the model's name.
    pub name: String,
    /// Hash of the images, of the statistics, or of the model's weights; where it was made.
    pub hash: Option<String>,
    /// How many images; statistics do not say it.
    pub images: Option<usize>,
    /// How evenly classes are filled.
    pub classes: Option<ClassFacts>,
}

/// How evenly classes are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassFacts {
    /// How many there are.
    pub classes: usize,
    /// The fewest images of one.
    pub least: u64,
    /// The most.
    pub most: u64,
    /// How many have none.
    pub empty: usize,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractorFacts {
    /// Its name.
    pub name: String,
    /// Hash of its weights, where it is known.
    pub hash: Option<String>,
}

/// Metrics as an object of JSON, in their order.
mod by_key {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_json::{Map, Value};

    use super::MetricFacts;

    pub fn serialize<S: Serializer>(
        metrics: &[MetricFacts],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(metrics.iter().map(|metric| (&metric.key, metric)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<MetricFacts>, D::Error> {
        let metric = |(key, value): (String, Value)| {
            let wrong = |error| D::Error::custom(format_args!("metric `{key}`: {error}"));
            let metric: MetricFacts = serde_json::from_value(value).map_err(wrong)?;
            Ok(MetricFacts { key, ..metric })
        };
        Map::deserialize(deserializer)?.into_iter().map(metric).collect()
    }
}

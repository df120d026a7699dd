//! All that an image was drawn from, besides its own seed, number and subject.

use serde::{Deserialize, Serialize};

use super::{EditProvenance, NoiseRule};
use crate::NumberFormat;
use crate::sampler::SamplerConfig;
use crate::weights::{Adapter, WeightSet};

/// All that the images of a request are drawn from: enough to draw them again, and nothing of where
/// their owner's files lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The model's name; its hash tells it from others.
    pub model: String,
    /// Which of its weights, in a training checkpoint.
    pub weights: WeightSet,
    /// Hash of the weights, with what changed them.
    pub model_hash: String,
    /// What changed the model, one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<AdapterProvenance>,
    /// What the model was guided away from, if not from what it draws without a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<GuideProvenance>,
    /// The encoder of the prompts, for a text model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_encoder: Option<EncoderProvenance>,
    /// The sampler.
    pub sampler: SamplerConfig,
    /// The number format that it was computed in.
    pub dtype: NumberFormat,
    /// Height of an image in pixels.
    pub height: usize,
    /// Width of an image in pixels.
    pub width: usize,
    /// How its noise is keyed.
    #[serde(default = "NoiseRule::unsaid")]
    pub noise: NoiseRule,
    /// The picture that it was made from, if it is an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<EditProvenance>,
}

/// A low-rank adapter of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterProvenance {
    /// Its name; its hash tells it from others.
    pub name: String,
    /// Hash of its files.
    pub hash: String,
    /// How much it counted.
    pub scale: f64,
}

impl AdapterProvenance {
    /// That of an adapter.
    pub(super) fn of(adapter: &Adapter) -> Self {
        Self { name: adapter.name(), hash: adapter.hash().to_owned(), scale: adapter.scale() }
    }
}

/// The model that another was guided away from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuideProvenance {
    /// Its name; its hash tells it from others.
    pub model: String,
    /// Which of its weights, in a training checkpoint.
    pub weights: WeightSet,
    /// Hash of the weights.
    pub model_hash: String,
}

/// The encoder of a text model's prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderProvenance {
    /// Hash of its weights, shape and tokenizer.
    pub hash: String,
    /// The format of its weights.
    pub dtype: NumberFormat,
}

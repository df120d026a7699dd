//! What a training run does, as it is written in a recipe.
//!
//! [`Layers`] puts defaults, recipe and command line together into a [`TrainConfig`];
//! [`TrainConfig::check`] turns that into a [`CheckedConfig`], which cannot be invalid. All
//! defaults are in one place: `reference.toml` beside this file, which also documents every key.

mod cadence;
mod checked;
mod difference;
mod keys;
mod layers;
mod resolved;
mod rules;

use std::path::PathBuf;

use pixelflow::PixelFlowConfig;
use pixelflow::cascade::CascadeConfig;
use pixelflow::sampler::SamplerConfig;
use pixelflow_dataset::SourceConfig;
use pixelflow_dataset::source::HeldOut;
use serde::{Deserialize, Serialize};

pub use cadence::Cadence;
pub use checked::CheckedConfig;
pub use difference::{Change, Changes};
pub use layers::Layers;
pub use rules::{Problem, Problems};

use crate::learning_rate::Schedule;

/// Every setting and its default, documented, as a recipe.
pub const REFERENCE: &str = include_str!("reference.toml");

/// All settings of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The transformer.
    pub model: PixelFlowConfig,
    /// Where a text model gets the states of the captions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextConfig>,
    /// How generation is cut into stages.
    pub cascade: CascadeConfig,
    /// The images.
    pub data: DataConfig,
    /// How the weights are updated.
    pub train: UpdateConfig,
    /// When the state is saved, and what is kept.
    pub checkpoint: CheckpointConfig,
    /// Loss on images that training does not see.
    pub validation: ValidationConfig,
    /// Grids of generated images.
    pub preview: PreviewConfig,
    /// Metrics.
    pub log: LogConfig,
}

/// Section `[text]`: where a text model gets the states of the captions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum TextConfig {
    /// A T5 encoder that is trained with the model, on words of the captions.
    Joint {
        /// Width of its states.
        width: usize,
        /// Its blocks.
        layers: usize,
        /// Words that have a token of their own, at most.
        #[serde(default = "vocabulary")]
        vocabulary: usize,
        /// Tokens of a caption at most.
        #[serde(default = "max_tokens")]
        max_tokens: usize,
    },
    /// States that `train encode-text` has made of the captions.
    States {
        /// Their folder.
        path: PathBuf,
        /// Folder of the states of `data.validation`, if that is set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        validation: Option<PathBuf>,
    },
}

fn vocabulary() -> usize {
    8192
}

fn max_tokens() -> usize {
    64
}

/// Section `[data]`: the images and how they are brought to size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Side of the square training images in pixels.
    pub resolution: usize,
    /// Sizes `[height, width]` that images are brought to instead; none if empty.
    #[serde(default)] // Runs from before this setting had squares only.
    pub buckets: Vec<[usize; 2]>,
    /// Whether every second image is mirrored.
    pub flip: bool,
    /// Whether the square is cut from the middle.
    pub center_crop: bool,
    /// For random crops: how much longer than the resolution the shorter side is made.
    pub expand_ratio: f64,
    /// Whether a corrupt image is an error.
    pub strict: bool,
    /// Batches made ahead.
    pub prefetch: usize,
    /// Threads that decode images; 0 for one a processor core.
    pub threads: usize,
    /// Memory for decoded images in MiB.
    pub cache_mib: u64,
    /// The training images.
    pub source: SourceConfig,
    /// Images for validation, from a source of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<SourceConfig>,
    /// Images for validation, kept back from `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<HeldOut>,
}

/// Section `[train]`: how the weights are updated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateConfig {
    /// What every random number of the run is derived from.
    pub seed: u64,
    /// Weights to begin with; none if empty.
    #[serde(default)] // Runs from before this setting began with random ones.
    pub initial_weights: String,
    /// Updates of the weights in the whole run.
    pub steps: u64,
    /// Images an update learns from.
    pub batch_size: usize,
    /// Parts a batch is cut into to save memory.
    pub gradient_accumulation: usize,
    /// Whether activations are computed again in the backward pass instead of kept.
    #[serde(default)] // Runs from before this setting kept them.
    pub recompute_activations: bool,
    /// Peak learning rate.
    pub lr: f64,
    /// Updates over which the learning rate rises from 0.
    pub warmup_steps: u64,
    /// The learning rate after the warm-up.
    pub schedule: Schedule,
    /// Where the cosine schedule ends.
    pub min_lr: f64,
    /// AdamW: decay of the first and of the second moment.
    pub betas: [f64; 2],
    /// AdamW: added to the root of the second moment.
    pub eps: f64,
    /// AdamW: decoupled weight decay, of all parameters.
    pub weight_decay: f64,
    /// Largest norm of the gradient of all parameters together; 0 does not clip.
    pub clip_norm: f64,
    /// Decay of the moving average of the weights.
    pub ema_decay: f64,
    /// Whether early updates use a smaller decay, `(1 + t) / (10 + t)`.
    pub ema_warmup: bool,
    /// Share of images whose class or caption is hidden from the model.
    pub label_dropout: f64,
}

/// Section `[checkpoint]`: when the state is saved, and what is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; never saves only at the end.
    pub every: Cadence,
    /// Newest checkpoints that are kept.
    pub keep_last: usize,
    /// Checkpoints at these steps are kept for ever.
    pub milestone_every: Cadence,
}

/// Section `[validation]`: loss on images that training does not see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationConfig {
    /// Steps between validations.
    pub every: Cadence,
    /// Number of batches.
    pub batches: u64,
}

/// Section `[preview]`: grids of images generated from the moving average.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviewConfig {
    /// Steps between previews.
    pub every: Cadence,
    /// Images a class: the columns of the grid.
    pub images_per_class: usize,
    /// Classes that are shown at most: the rows of the grid.
    pub max_classes: usize,
    /// Seed of the images.
    pub seed: u64,
    /// How the images are generated.
    pub sampler: SamplerConfig,
}

/// Section `[log]`: metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Steps between two records.
    pub every: Cadence,
}

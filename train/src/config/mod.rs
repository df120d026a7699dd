//! What a training run does, as it is written in a recipe.
//!
//! [`Layers`] puts defaults, recipe and command line together into a [`TrainConfig`];
//! [`TrainConfig::check`] turns that into a [`CheckedConfig`], which cannot be invalid. Every setting
//! is declared once, in `settings`, with its type, default, rule and documentation.

mod cadence;
mod checked;
mod difference;
mod document;
mod keys;
mod layers;
mod origin;
mod problem;
mod reference;
mod setting;
mod settings;

use pixelflow::PixelFlowConfig;
use pixelflow::cascade::CascadeConfig;
use serde::{Deserialize, Serialize};

pub use cadence::Cadence;
pub use checked::CheckedConfig;
pub use difference::Changes;
pub use layers::Layers;
pub use problem::Problems;
pub use reference::reference_page;
pub use settings::{
    CheckpointConfig, DataConfig, JointConfig, LogConfig, PreviewConfig, StatesConfig, TextConfig,
    UpdateConfig, ValidationConfig,
};

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

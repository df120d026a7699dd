//! What a training run does, as it is written in a recipe.
//!
//! [`Layers`] puts defaults, recipe and command line together into a [`TrainConfig`];
//! [`TrainConfig::check`] turns that into a [`CheckedConfig`], which cannot be invalid. Every setting
//! is declared once, in `settings`, with its type, default, rule and documentation.

mod cadence;
mod checked;
mod difference;
mod document;
mod dotted;
mod keys;
mod layers;
mod origin;
mod problem;
mod reference;
mod rule;
mod setting;
mod settings;

pub use cadence::Cadence;
pub use checked::CheckedConfig;
pub use difference::{Change, Changes};
pub use layers::Layers;
pub use problem::Problems;
pub use reference::reference_page;
pub use settings::{
    CheckpointConfig, JointConfig, LoraConfig, MessageEngine, StatesConfig, TextConfig,
    TrainConfig, UpdateConfig,
};

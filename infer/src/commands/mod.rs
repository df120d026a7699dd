//! What `infer` does, one command a file.

mod info;
mod replay;
mod sample;

pub use info::info;
pub use replay::{Comparison, replay};
pub use sample::sample;

use crate::Result;
use crate::arguments::ModelArguments;
use crate::model_source::ModelSource;

/// The model that the arguments name.
fn model(arguments: &ModelArguments) -> Result<ModelSource> {
    match &arguments.model {
        None => ModelSource::demo(),
        Some(path) => ModelSource::find(path, arguments.weights.into()),
    }
}

//! What `infer` does, one command a file.

mod convert;
mod info;
mod replay;
mod sample;

pub use convert::convert;
pub use info::info;
pub use replay::{Comparison, replay};
pub use sample::sample;

use std::path::Path;

use crate::Result;
use crate::arguments::WeightsArgument;
use crate::model_source::ModelSource;

/// The model at a path, or the demo.
fn model(path: Option<&Path>, weights: WeightsArgument) -> Result<ModelSource> {
    path.map_or_else(ModelSource::demo, |path| {
        ModelSource::find(path, weights.into())
    })
}

//! What `infer` does, one command a file.

mod caption_drawer;
mod convert;
mod doctor;
mod dry_run;
mod edit;
mod evaluate;
mod generate;
mod info;
mod merge;
mod recorded_edit;
mod recorded_model;
mod replay;
mod sample;
mod serve;
mod sweep;

pub use convert::convert;
pub use doctor::doctor;
pub use edit::edit;
pub use evaluate::{Evaluated, evaluate, evaluate_captions};
pub use generate::{Generated, generate};
pub use info::info;
pub use merge::merge;
pub use replay::{Comparison, replay};
pub(crate) use sample::label;
pub use sample::{Sampled, sample};
pub use serve::serve;
pub use sweep::sweep;

use std::path::Path;

use pixelflow::weights::WeightSet;

use crate::Result;
use crate::arguments::ModelArguments;
use crate::model_source::ModelSource;

/// The model at a path, or the demo.
fn model(path: Option<&Path>, set: WeightSet) -> Result<ModelSource> {
    path.map_or_else(ModelSource::demo, |path| ModelSource::find(path, set))
}

/// The model that a user names, with its adapters; if none, the one that `default` gives.
fn named_model(
    arguments: &ModelArguments,
    default: fn() -> Result<ModelSource>,
) -> Result<ModelSource> {
    let named = arguments.model.as_deref().map(|path| ModelSource::find(path, arguments.weights));
    let source = named.unwrap_or_else(default)?.with_adapters(&arguments.adapters)?;
    source.note_other_bases()?;
    Ok(source)
}

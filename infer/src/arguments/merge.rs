//! The command line of `infer merge`.

use std::path::PathBuf;

use clap::Args;
use pixelflow::NumberFormat;

use super::{ModelArguments, float_format};

/// What to merge, and where it goes.
#[derive(Clone, Debug, Args)]
pub struct MergeArguments {
    /// The folder of the new model; it must not exist.
    pub out: PathBuf,
    /// Which model, and which adapters.
    #[command(flatten)]
    pub model: ModelArguments,
    /// Number format of the new weights: f32, f16 or bf16.
    #[arg(long, value_name = "FORMAT", value_parser = float_format, default_value = "f32")]
    pub dtype: NumberFormat,
}

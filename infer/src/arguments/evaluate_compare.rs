//! The command line of `infer evaluate compare`.

use std::path::PathBuf;

use clap::Args;

/// Which results to compare.
#[derive(Clone, Debug, Args)]
pub struct EvaluateCompareArguments {
    /// A result of `infer evaluate images` or `infer evaluate model`, written with --json.
    #[arg(value_name = "A")]
    pub first: PathBuf,
    /// Another one, of the same protocol, network, reference and number of images.
    #[arg(value_name = "B")]
    pub second: PathBuf,
    /// Also write everything as JSON here; `-` writes it to the standard output instead of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

//! The command line of `infer evaluate merge`.

use std::path::PathBuf;

use clap::Args;

/// What to add up.
#[derive(Clone, Debug, Args)]
pub struct EvaluateMergeArguments {
    /// Files that --partial wrote, or folders of them; one is in memory at a time.
    #[arg(value_name = "PART", required = true)]
    pub parts: Vec<PathBuf>,
    /// FILE.npz for the statistics, as `infer evaluate reference` writes them. Nothing that exists is replaced.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

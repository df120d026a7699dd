//! The command line of autoguidance.

#![allow(clippy::doc_markdown, reason = "help texts name formulas, and have no backticks")]

use std::path::PathBuf;

use clap::Args;
use pixelflow::weights::WeightSet;

use super::number_format::weight_set;

/// What the model is guided away from.
#[derive(Clone, Debug, Default, Args)]
pub struct GuideArguments {
    /// Guide the model away from this one, instead of from what it draws without a condition (autoguidance,
    /// arXiv 2406.02507): a younger checkpoint, other weights or a smaller model of the same run, named as
    /// --model is. The velocity is v_guide + g (v_model - v_guide), g the scale of --guidance, and both know the
    /// class or prompt: images get better and keep their variety. The paper guides at all times: constant:2
    /// rather than stage-wise or interval. It takes as many network calls as guidance otherwise does, two where
    /// g is not 1, and memory for the weights of both.
    #[arg(long, value_name = "PATH")]
    pub guide_model: Option<PathBuf>,
    /// Of a guide that is a training checkpoint: the moving average, or the weights being trained, which are
    /// the worse ones.
    #[arg(long, value_parser = weight_set(), default_value = "ema", requires = "guide_model")]
    pub guide_weights: WeightSet,
}

//! The command line of `infer sweep`.

#![allow(clippy::doc_markdown, reason = "help texts name fields of files, and have no backticks")]

use std::path::PathBuf;

use clap::Args;
use pixelflow::NumberFormat;
use pixelflow::sampler::GuidanceRule;
use pixelflow::weights::WeightSet;

use super::guidance::{GuidanceArgument, guidance, guidance_rule};
use super::number_format::{number_format, weight_set};
use super::{GuideArguments, LabelRule, NetworkArguments, SolverArgument, TextArguments};
use crate::shard::ShardArgument;

const EXAMPLES: &str = "\
Examples:
  infer sweep assets/demo/heroes.tar
  infer sweep assets/demo/heroes.tar --solver euler unipc --steps 4 8 16 4,6,10
  infer sweep assets/demo/heroes.tar --guidance 1 1.5 2.4 interval:2.4@0.2-0.8 --repeats 3 --images 2000
  infer sweep assets/demo/heroes.tar --model runs/demo-1 --weights ema model --out sweeps/weights
  infer sweep assets/demo/heroes.tar --out sweeps/shared --shard 2/4
  infer sweep --report sweeps/shared

What was measured stays, whatever ends the program: the same command with --out FOLDER goes on. Other lists of
settings may be added to a folder in the same way; other weights, images, seeds or references are refused.";

/// What to try out, and what to compare it with.
///
/// A list is written with spaces, after REFERENCE: --steps 4 8 16. The cells are all combinations; a list that is
/// not given is the model's own setting, and without any list all solvers but dopri5 are tried with the model's
/// steps, half of them, and a quarter. All cells draw with the same noise. The best cell, the best one at half of
/// the model's own network calls, and the model's own are measured again with fresh seeds.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = EXAMPLES,
    arg_required_else_help = true,
    override_usage = "infer sweep REFERENCE [OPTIONS]\n       infer sweep --report FOLDER"
)]
pub struct SweepArguments {
    /// The real images, or their statistics: see `infer evaluate images`.
    #[arg(value_name = "REFERENCE", required_unless_present = "report")]
    pub real: Option<PathBuf>,
    /// Models to compare, each as `infer sample` takes it. [default: the demo]
    #[arg(long = "model", value_name = "PATH", num_args = 1..)]
    pub models: Vec<PathBuf>,
    /// Of training checkpoints: their moving averages, or the weights being trained, or both.
    #[arg(long, num_args = 1.., value_parser = weight_set(), default_value = "ema")]
    pub weights: Vec<WeightSet>,
    /// Solvers.
    #[arg(long = "solver", value_enum, num_args = 1..)]
    pub solvers: Vec<SolverArgument>,
    /// Steps a stage, each one number, or one for each stage such as 4,6,10.
    #[arg(long, value_name = "N", num_args = 1.., value_parser = steps)]
    pub steps: Vec<StepsArgument>,
    /// Guidance: scales, or schedules such as interval:1.5@0.2-0.8; see `infer sample`.
    #[arg(long, value_name = "GUIDANCE", num_args = 1.., value_parser = guidance)]
    pub guidance: Vec<GuidanceArgument>,
    /// Rules of guidance: plain, cfg-zero-star, apg, with or without settings; see `infer sample`.
    #[arg(long = "guidance-rule", value_name = "RULE", num_args = 1.., value_parser = guidance_rule)]
    pub rules: Vec<GuidanceRule>,
    /// Warps of the time within a stage.
    #[arg(long = "shift", value_name = "SHIFT", num_args = 1..)]
    pub shifts: Vec<f64>,
    /// What the models are guided away from in every cell.
    #[command(flatten)]
    pub guide: GuideArguments,
    /// How many images are drawn for each cell and repeat.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=16_777_216))]
    pub images: u32,
    /// How many times each cell is measured, each time with a seed of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeats: u32,
    /// How many times the best cells are measured again with fresh seeds; 0 is never.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub confirm: u32,
    /// Which class an image has.
    #[arg(long, value_enum, default_value_t = LabelRule::Balanced)]
    pub labels: LabelRule,
    /// A file with a prompt a line, which a text model draws.
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Seed of the first repeat; each further one has the next.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// What the prompts are read with.
    #[command(flatten)]
    pub text: TextArguments,
    /// Images drawn at once; changes speed and memory, not the images.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Format of weights and activations; norms, softmax and the solver stay in f32.
    #[arg(long, value_parser = number_format(), default_value = "f32")]
    pub dtype: NumberFormat,
    /// What the images are seen through.
    #[command(flatten)]
    pub network: NetworkArguments,
    /// The folder of cells.jsonl, table.md, heat-map and quality as .png and .svg. [default: sweeps/sweep-N]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Only part I of N, 1/4 to 4/4: every N-th cell. auto: what Slurm or Open MPI say in the environment. The parts may go into one folder at a time.
    #[arg(long, value_name = "I/N", requires = "out")]
    pub shard: Option<ShardArgument>,
    /// Print the cells, and what they would cost, and exit.
    #[arg(long)]
    pub dry_run: bool,
    /// Draw nothing: make the report of what is measured in a folder.
    #[arg(long, value_name = "FOLDER", exclusive = true)]
    pub report: Option<PathBuf>,
}

/// Steps of all stages, or of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepsArgument(pub Vec<usize>);

/// `8` or `4,6,10`.
fn steps(text: &str) -> Result<StepsArgument, String> {
    let numbers = text.split(',').map(str::parse::<usize>);
    numbers.collect::<Result<_, _>>().map(StepsArgument).map_err(|_| {
        format!(
            "`{text}` is no number of steps; write 8, or one for each stage such as 4,6,10, and REFERENCE before \
             all lists"
        )
    })
}

//! The command line of `infer generate`.

use std::path::PathBuf;

use clap::Args;

use super::{DrawingArguments, size};
use crate::layout::LayoutArgument;
use crate::shard::ShardArgument;

/// What to draw, and for which evaluator.
///
/// Files that are there already are kept, so a run that was stopped goes on where it was; several
/// machines can share the work with --shard. An image depends on seed, prompt and its number within
/// the prompt alone.
#[derive(Clone, Debug, Args)]
pub struct GenerateArguments {
    /// How to draw.
    #[command(flatten)]
    pub drawing: DrawingArguments,
    /// Whose layout.
    #[arg(long, value_enum)]
    pub layout: LayoutArgument,
    /// geneval: `evaluation_metadata.jsonl`; dpg: the folder of ID.txt; t2i-compbench:
    /// `CATEGORY_val.txt`; coco: `captions_val2014.json`, lines `ID TAB caption` in a .tsv, or caption
    /// lines in a .txt.
    #[arg(long, value_name = "PATH")]
    pub prompts: PathBuf,
    /// The folder; of t2i-compbench one for each category.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Images of each prompt. [default: geneval 4, dpg 4 in one picture, t2i-compbench 10, coco 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub images: Option<u32>,
    /// Size of the images in pixels: 256, or height and width as 256x192. [default: what the model was trained on]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// Only part I of N, 1/4 to 4/4: every N-th prompt. The parts may go into one folder at a time. auto: what
    /// Slurm (array, srun) or Open MPI say in the environment.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<ShardArgument>,
    /// Draw nothing, check the finished folder: every file there, sound, of the right size, nothing
    /// else. Needs no model.
    #[arg(long, conflicts_with_all = ["shard", "size", "model", "guide_model", "seed"])]
    pub verify: bool,
}

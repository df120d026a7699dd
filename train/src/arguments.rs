//! The command line.

use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use infer::float_format;
use pixelflow::NumberFormat;
use pixelflow::text::MAX_TOKENS;
use pixelflow::weights::DType;
use pixelflow_dataset::Buckets;

/// Train a PixelFlow model.
///
/// Without arguments the demo recipe is trained on the images that come with the program; previews,
/// metrics and checkpoints go to a new folder under runs/. Ctrl-C saves and exits.
#[derive(Debug, Parser)]
#[command(name = "train", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// What else to do than train.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to train.
    #[command(flatten)]
    pub train: TrainArguments,
}

const EXAMPLES: &str = "\
Examples:
  train                                    the demo, on the shipped images
  train --recipe smoke                     seconds: does everything work here?
  train --data photos/ --set train.lr=2e-4 your images: one folder a class, tar files, or MNIST's format
  train inspect photos/                    what those images are, before a week of training
  train prepare photos/ data/ --size 256   checked, without copies, in tar files
  train doctor --recipe imagenet-256-xl    devices, memory, days: does it run here?
  train --resume auto                      go on with the newest run
  train --recipe my.toml --print-config    every setting with its documentation
  train --recipe demo-text                 a model that draws from captions
  train export runs/demo-1 my-model        the averaged weights of a run for sharing
  train compare runs/demo-1 runs/demo-2 --out both.html   what differs, and the curves on one page
  train export-metrics runs/demo-1 mlruns --to mlflow     curves, settings and previews for MLflow
  train ema runs/demo-1 wide --sigma-rel 0.15   an average of another width (averages.every)";

/// Something else than training.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at every image of a data set: sizes, classes, captions, copies, what cannot be used and why.
    Inspect(InspectArguments),
    /// Make a data set to train on of images as they were found: checked, without copies, turned as their metadata
    /// say, in tar files. Goes on where it stopped.
    ///
    /// Images stay the files that they are unless they are turned or brought to a size. OUT has a manifest of what is in
    /// it and what is not, and a contact sheet.
    Prepare(PrepareArguments),
    /// Write the weights of a run as a model folder that `infer --model` reads.
    Export(ExportArguments),
    /// Compare runs: settings that differ, losses at equal steps and images, the best scores, the rates.
    Compare(CompareArguments),
    /// Write the metrics of a run as another program reads them: MLflow, or Weights & Biases by a script.
    ///
    /// Several runs can be exported to one folder; a run that is exported again, for instance because it has gone on,
    /// takes its own place.
    ExportMetrics(ExportMetricsArguments),
    /// Look at the machine, its devices, and what the run would take: memory, the largest batch, days. It takes the
    /// options of a run; no image is read.
    ///
    /// Ends with exit code 1 if something is not as it should be.
    Doctor(Box<TrainArguments>),
    /// Run the captions of a data set through a text encoder once, for training with
    /// text.kind = "states". Goes on where it stopped.
    EncodeText(EncodeTextArguments),
    /// Make an average of the weights of any width from the snapshots of a run that was trained with averages.every.
    Ema(EmaArguments),
}

/// What to look at.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// The data set: a .tar file, a folder of them, a folder with one folder a class, a folder with MNIST's files, or a
    /// .parquet file of the Hugging Face Hub or a folder of them.
    pub data: PathBuf,
    /// Images that are to be held out: those that are in DATA too are found.
    #[arg(long, value_name = "PATH")]
    pub validation: Option<PathBuf>,
    /// Also write everything as JSON here; `-` writes it to the standard output instead of the report.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// End with exit code 1 if something was found that training would suffer from.
    #[arg(long)]
    pub strict: bool,
}

/// What to compare.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The folders of two or more runs.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Also write a page with their curves here; there must be no such file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print JSON instead of the table, or write it to a file.
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "-"
    )]
    pub json: Option<PathBuf>,
}

/// Which metrics to export.
#[derive(Debug, Args)]
pub struct ExportMetricsArguments {
    /// The run's folder.
    pub run: PathBuf,
    /// The folder to write to: a new one, or one that runs were exported to before.
    pub out: PathBuf,
    /// What reads them.
    #[arg(long, value_enum)]
    pub to: Tracker,
}

/// A program that keeps runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tracker {
    /// MLflow: a file store.
    Mlflow,
    /// Weights & Biases: JSON, and a Python script that logs it.
    Wandb,
}

/// What to prepare.
#[derive(Debug, Args)]
pub struct PrepareArguments {
    /// The images: a .tar file, a folder of them, a folder with one folder a class, a folder with MNIST's files, or a
    /// .parquet file of the Hugging Face Hub or a folder of them, of one part of the data set (train, test, ...).
    pub data: PathBuf,
    /// The folder to write; it must be empty, or not exist.
    pub out: PathBuf,
    /// Scale and cut all images to squares of this side, as training does. [default: they stay as they are]
    #[arg(long, value_name = "PIXELS", value_parser = RangedU64ValueParser::<usize>::new().range(1..=4096))]
    pub size: Option<usize>,
    /// Scale and cut each image to the size of these that is nearest to its aspect ratio, as training with data.buckets
    /// and center crops does: heights and widths, written as there, such as [[256,256],[192,320],[320,192]], one of each
    /// aspect ratio.
    #[arg(long, value_name = "SIZES", conflicts_with = "size", value_parser = buckets)]
    pub buckets: Option<Buckets>,
    /// Also leave out what looks like an earlier image: difference hashes that differ in at most so many of 64 bits.
    /// 6 finds most other sizes and qualities of a photograph; drawings on plain grounds look alike to it that are not.
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(..=16))]
    pub near: Option<u32>,
    /// Leave out images that are in this data set too, for instance those of a validation.
    #[arg(long, value_name = "PATH")]
    pub not_in: Option<PathBuf>,
    /// Images in a tar file.
    #[arg(long, value_name = "N", default_value = "10000", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub shard_images: usize,
}

/// Which average to make.
#[derive(Debug, Args)]
pub struct EmaArguments {
    /// The run's folder.
    pub run: PathBuf,
    /// The model folder to write; must not exist.
    pub out: PathBuf,
    /// How wide the average is: the standard deviation of the steps it is of, as a share of all steps, 0.05 to 0.25.
    /// Evaluate some of them: what is best differs between models, and with guidance.
    #[arg(long, value_name = "SHARE", value_parser = sigma_rel)]
    pub sigma_rel: f64,
    /// The step at which it ends; there must be a snapshot of it. [default: the last]
    #[arg(long, value_name = "STEP")]
    pub step: Option<u64>,
    /// Number format of the weights.
    #[arg(long, value_enum, default_value = "f16")]
    pub dtype: ExportFormat,
}

/// Sizes as `data.buckets` has them.
fn buckets(text: &str) -> Result<Buckets, String> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Setting {
        buckets: Vec<[usize; 2]>,
    }
    let setting: Setting = toml::from_str(&format!("buckets = {text}"))
        .map_err(|_| "write heights and widths as [[256,256],[192,320]]".to_owned())?;
    let buckets = Buckets::new(setting.buckets).map_err(|error| error.to_string())?;
    match buckets.shared_aspect() {
        None => Ok(buckets),
        Some([[height, width], [other_height, other_width]]) => Err(format!(
            "{height}x{width} and {other_height}x{other_width} have one aspect ratio, and training draws one of both \
             each time; prepare for one of them, or leave the images as they are"
        )),
    }
}

fn sigma_rel(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.05..=0.25).contains(number));
    number.ok_or_else(|| "it must be 0.05 to 0.25".to_owned())
}

/// What to encode.
#[derive(Debug, Args)]
pub struct EncodeTextArguments {
    /// The images with their captions: a .tar file, or a folder of them.
    #[arg(long, value_name = "PATH")]
    pub data: PathBuf,
    /// The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME.
    #[arg(long, value_name = "FOLDER")]
    pub text_encoder: String,
    /// The folder to write the states to.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Tokens of a caption at most.
    #[arg(long, default_value_t = MAX_TOKENS, value_parser = max_tokens)]
    pub max_tokens: usize,
    /// Format of the encoder's weights, and of the states: f32, f16 or bf16.
    #[arg(long, value_name = "FORMAT", default_value = "f32", value_parser = float_format)]
    pub dtype: NumberFormat,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// How to train.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Switches on a command line.
pub struct TrainArguments {
    /// A shipped recipe's name, or a TOML file. [default: demo]
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "resume")]
    pub recipe: Option<String>,
    /// Train on these images instead of the recipe's: a .tar file, a folder of them, a folder with
    /// one folder a class, or a folder with MNIST's files.
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Change a setting, such as train.lr=2e-4; --print-config lists them. Can be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Stop at the first record that cannot be used instead of skipping it and naming it at the end.
    #[arg(long)]
    pub strict: bool,
    /// Folder of the run. [default: runs/RECIPE-N]
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with a run from its newest checkpoint, or from RUN/checkpoints/step-N; `auto` takes the newest
    /// run under runs/.
    #[arg(long, value_name = "RUN|auto")]
    pub resume: Option<PathBuf>,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Print the whole configuration with its documentation and exit.
    #[arg(long)]
    pub print_config: bool,
    /// Print what the run would need in memory and exit; exit code 1 if it does not fit.
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: memory of the device in GB. [default: what is free, on the CPU]
    #[arg(long, value_name = "GB", requires = "dry_run", value_parser = positive)]
    pub memory: Option<f64>,
    /// With --dry-run: how many ranks train together. [default: 1]
    #[arg(long, value_name = "N", requires = "dry_run", value_parser = RangedU64ValueParser::<usize>::new().range(1..=65536))]
    pub ranks: Option<usize>,
    /// Print the names of the shipped recipes and exit.
    #[arg(long)]
    pub list_recipes: bool,
}

fn max_tokens(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (2..=4096).contains(number));
    number.ok_or_else(|| "it must be 2 to 4096".to_owned())
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if number.is_finite() && number > 0.0 {
        Ok(number)
    } else {
        Err("it must be above 0".to_owned())
    }
}

/// What to export.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The run's folder, or one of its checkpoints.
    pub run: PathBuf,
    /// The model folder to write; must not exist.
    pub out: PathBuf,
    /// Number format of the weights.
    #[arg(long, value_enum, default_value = "f16")]
    pub dtype: ExportFormat,
    /// Export the weights being trained instead of their moving average.
    #[arg(long)]
    pub raw: bool,
}

/// Number format of exported weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// 32-bit floats, as trained.
    F32,
    /// 16-bit floats.
    F16,
    /// 16-bit floats with the range of 32 bits.
    Bf16,
}

impl ExportFormat {
    /// What files call the format.
    pub fn stored(self) -> DType {
        match self {
            Self::F32 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }
}

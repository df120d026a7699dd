//! The command line.

use std::path::PathBuf;

use burn::tensor::DType;
use clap::{Args, Parser, Subcommand, ValueEnum};
use pixelflow::sampler::{Guidance, SolverKind};
use pixelflow::weights::WeightSet;
use serde::{Deserialize, Serialize};

/// Draw images with a PixelFlow model.
///
/// Without arguments: a labelled grid of all classes of the demo model, in samples/.
#[derive(Debug, Parser)]
#[command(name = "infer", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Arguments {
    /// What to do; `sample` if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to sample.
    #[command(flatten)]
    pub sample: SampleArguments,
}

const EXAMPLES: &str = "\
Examples:
  infer                                          a grid of all classes of the demo
  infer sample --class minotaur,3 --count 8      eight images each of two classes
  infer sample --count 50 --out folder/          single files
  infer sample --count 100 --out samples.npz     arr_0, uint8 NHWC, for FID tools
  infer sample --model runs/demo-1 --steps 4,6,10 --solver heun --guidance constant:1.5
  infer replay samples/grid-1.png                the same pixels again?";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Draw images.
    Sample(SampleArguments),
    /// Draw a picture again from the recipe inside it and compare the pixels.
    Replay(ReplayArguments),
    /// Say what a model is.
    Info(InfoArguments),
}

/// Which model.
#[derive(Clone, Debug, Args)]
pub struct ModelArguments {
    /// A run's folder, a checkpoint, a model's folder, a .safetensors, or a .pt. [default: the demo]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Of a training checkpoint: the moving average, or the weights being trained.
    #[arg(long, value_enum, default_value = "ema")]
    pub weights: WeightsArgument,
}

/// Which weights of a training checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightsArgument {
    /// Their moving average.
    #[default]
    Ema,
    /// The weights being trained.
    Model,
}

impl From<WeightsArgument> for WeightSet {
    fn from(argument: WeightsArgument) -> Self {
        match argument {
            WeightsArgument::Ema => Self::Ema,
            WeightsArgument::Model => Self::Model,
        }
    }
}

/// How to sample.
#[derive(Clone, Debug, Args)]
pub struct SampleArguments {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// Classes by name or number, separated by commas; each is drawn once. [default: all]
    #[arg(long = "class", value_name = "CLASS", value_delimiter = ',')]
    pub classes: Vec<String>,
    /// Images of each class.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// The same seed gives the same images, whatever --batch, --count or --class.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model's]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub steps: Option<Vec<usize>>,
    /// How the differential equation is solved. [default: the model's]
    #[arg(long, value_enum)]
    pub solver: Option<SolverArgument>,
    /// A scale, with a schedule: 2.4 or stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8; 1 is
    /// none. [default: the model's]
    #[arg(long, value_name = "GUIDANCE", value_parser = guidance)]
    pub guidance: Option<Guidance>,
    /// Warp of the time within a stage; 1 is none.
    #[arg(long)]
    pub shift: Option<f64>,
    /// Relative tolerance of dopri5.
    #[arg(long)]
    pub rtol: Option<f64>,
    /// Absolute tolerance of dopri5.
    #[arg(long)]
    pub atol: Option<f64>,
    /// Sample exactly as the PyTorch implementation does, with its flaws.
    #[arg(long)]
    pub reference: bool,
    /// Size of the images in pixels: 32, or height and width as 48x32. [default: what the model was trained on]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub size: Option<[usize; 2]>,
    /// Images drawn at once; changes speed and memory, not the images.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// FILE.png for a grid, FILE.npz for an array, a folder for single files.
    /// [default: samples/grid-N.png]
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// How many times the images of a grid are enlarged. [default: to 96 pixels or more]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub scale: Option<u32>,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need
    /// half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter
    /// for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so.
    #[arg(long, value_enum, default_value = "f32")]
    pub dtype: NumberFormat,
    /// Print what drawing would need in memory and exit.
    #[arg(long)]
    pub dry_run: bool,
}

/// A format of weights and activations.
///
/// A model whose file has its matrices in eight bits keeps them so in every format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats.
    F16,
    /// 16-bit floats with the range of 32 bits.
    Bf16,
    /// Matrices in eight bits with a scale for each output, all else and the computing in 32-bit floats.
    Int8,
}

impl NumberFormat {
    /// Burn's name of the format in which the model computes.
    pub fn dtype(self) -> DType {
        match self {
            Self::F32 | Self::Int8 => DType::F32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::BF16,
        }
    }

    /// Bytes of a number in which the model computes.
    pub fn bytes(self) -> u64 {
        match self {
            Self::F32 | Self::Int8 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }
}

/// A solver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SolverArgument {
    /// First order, one evaluation a step.
    Euler,
    /// Second order, two evaluations a step.
    Heun,
    /// Fifth order with adaptive steps.
    Dopri5,
}

impl From<SolverArgument> for SolverKind {
    fn from(argument: SolverArgument) -> Self {
        match argument {
            SolverArgument::Euler => Self::Euler,
            SolverArgument::Heun => Self::Heun,
            SolverArgument::Dopri5 => Self::Dopri5,
        }
    }
}

/// What to draw again.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// A picture that infer has drawn.
    pub picture: PathBuf,
    /// Where the model is now. [default: where it was when the picture was drawn]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Also write the new picture here.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where to compute.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// Which model to describe.
#[derive(Debug, Args)]
pub struct InfoArguments {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArguments,
}

/// `2.4`, `stage-wise:2.4`, `constant:1.5` or `interval:1.5@0.2-0.8`.
fn guidance(text: &str) -> Result<Guidance, String> {
    let expected = "write 2.4, stage-wise:2.4, constant:1.5 or interval:1.5@0.2-0.8";
    let number = |text: &str| {
        text.parse::<f64>()
            .map_err(|_| format!("`{text}` is no number; {expected}"))
    };
    let (schedule, value) = text.split_once(':').unwrap_or(("stage-wise", text));
    match schedule {
        "stage-wise" => Ok(Guidance::StageWise {
            scale: number(value)?,
        }),
        "constant" => Ok(Guidance::Constant {
            scale: number(value)?,
        }),
        "interval" => {
            let (scale, span) = value.split_once('@').ok_or(expected)?;
            let (from, to) = span.split_once('-').ok_or(expected)?;
            Ok(Guidance::Interval {
                scale: number(scale)?,
                from: number(from)?,
                to: number(to)?,
            })
        }
        other => Err(format!("there is no schedule `{other}`; {expected}")),
    }
}

/// `32` or `48x32`.
fn size(text: &str) -> Result<[usize; 2], String> {
    let side = |text: &str| {
        let side = text
            .parse::<usize>()
            .ok()
            .filter(|side| (1..=65_536).contains(side));
        side.ok_or_else(|| {
            format!("`{text}` is no side in pixels; write 32 or HEIGHTxWIDTH such as 48x32")
        })
    };
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    Ok([side(height)?, side(width)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_has_three_schedules() {
        assert_eq!(guidance("2.4"), Ok(Guidance::StageWise { scale: 2.4 }));
        assert_eq!(
            guidance("constant:1.5"),
            Ok(Guidance::Constant { scale: 1.5 })
        );
        let interval = Guidance::Interval {
            scale: 1.5,
            from: 0.2,
            to: 0.8,
        };
        assert_eq!(guidance("interval:1.5@0.2-0.8"), Ok(interval));
        for text in ["", "x", "ramp:2", "interval:2", "interval:2@0.1"] {
            assert!(
                guidance(text).unwrap_err().contains("interval:1.5@0.2-0.8"),
                "{text}"
            );
        }
    }

    #[test]
    fn sizes_are_square_or_height_times_width() {
        assert_eq!(size("32"), Ok([32, 32]));
        assert_eq!(size("48x32"), Ok([48, 32]));
        for text in ["0", "-8", "8x", "big", "1e3"] {
            assert!(
                size(text).unwrap_err().contains("no side in pixels"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}

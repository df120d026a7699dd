//! The command line.

mod doctor;
mod edit;
mod evaluate;
mod evaluate_captions;
mod evaluate_check;
mod evaluate_compare;
mod evaluate_merge;
mod generate;
mod guidance;
mod guide;
mod lora;
mod merge;
mod number_format;
mod serve;
mod solver;
mod sweep;
mod view;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use pixelflow::NumberFormat;
use pixelflow::cascade::MAX_SIDE;
use pixelflow::sampler::GuidanceRule;
use pixelflow::weights::WeightSet;

pub use self::doctor::DoctorArguments;
pub use self::edit::EditArguments;
pub use self::evaluate::{
    EvaluateArguments, EvaluateCommand, EvaluateImagesArguments, EvaluateModelArguments,
    EvaluateReferenceArguments, LabelRule, MetricArguments, MetricGroup, NetworkArguments,
};
pub use self::evaluate_captions::EvaluateCaptionsArguments;
pub use self::evaluate_check::CheckArguments;
pub use self::evaluate_compare::EvaluateCompareArguments;
pub use self::evaluate_merge::EvaluateMergeArguments;
pub use self::generate::GenerateArguments;
pub use self::guidance::GuidanceArgument;
use self::guidance::{guidance, guidance_rule};
pub use self::guide::GuideArguments;
pub use self::lora::LoraArgument;
pub use self::merge::MergeArguments;
pub use self::number_format::float_format;
use self::number_format::{number_format, weight_set};
pub use self::serve::ServeArguments;
pub use self::solver::SolverArgument;
pub use self::sweep::SweepArguments;
pub use self::view::ViewArguments;
use crate::convert::parse_size;
use crate::recipe_bounds::MAX_SCALE;

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
  infer sample --prompt 'an elf in a red robe'   what a text model makes of it
  infer sample --prompts list.txt --negative 'a shield' --guidance 3
  infer sample --count 50 --out folder/          single files
  infer sample --count 100 --out samples.npz     arr_0, uint8 NHWC, for FID tools
  infer sample --class tengu --preview --animation tengu.gif --strip stages.png
  infer sample --model runs/demo-1 --steps 4,6,10 --solver heun --guidance constant:1.5
  infer sample --model runs/demo-1 --guide-model runs/demo-1/checkpoints/step-00000100 --guidance constant:2
  infer edit --image hero.png --mask sword.png --prompt 'a troll with an axe'
  infer replay samples/grid-1.png                the same pixels again?
  infer serve                                    a web page that draws, and an API
  infer evaluate model --repeats 3 assets/demo/heroes.tar
  infer evaluate captions --model runs/t2i --json scores.json
  infer sweep assets/demo/heroes.tar --solver euler unipc --steps 4 8 16
  infer generate --layout geneval --prompts evaluation_metadata.jsonl --out geneval/
  infer sample --model hf:ShoufaChen/PixelFlow-Class2Image --class 207
  infer convert model.pt folder/ --dtype bf16    safetensors of a .pt";

const CONVERT_EXAMPLES: &str = "\
Examples:
  infer convert model.pt folder/ --dtype bf16
  infer convert hf:ShoufaChen/PixelFlow-Class2Image folder/ --max-shard-size 2GB
  infer convert runs/demo-1 demo.safetensors --dtype f16 --report rounding.tsv

PyTorch loads the weights, under the names of the reference, with

  from safetensors.torch import load_file
  weights = load_file(\"folder/model.safetensors\")
  model.load_state_dict(weights)";

/// What to do.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // There is one of it, on the stack of `main`.
pub enum Command {
    /// Draw images.
    Sample(SampleArguments),
    /// Draw a picture anew, as a whole or in part.
    ///
    /// What --mask leaves black is the picture's own in the result, byte for byte (--out FOLDER writes the images as
    /// they are; a grid enlarges them). A picture that infer has drawn is taken for what its recipe says it shows,
    /// unless --class or --prompt say otherwise.
    Edit(EditArguments),
    /// Draw a picture again from the recipe inside it and compare the pixels.
    Replay(ReplayArguments),
    /// Draw for a web page and for other programs, over HTTP.
    ///
    /// The page and the API are on one address. Requests that wait are drawn together, which changes none of their
    /// images. Ctrl-C takes no new ones, finishes the others, and ends.
    Serve(ServeArguments),
    /// Say what a model is.
    Info(InfoArguments),
    /// Look at the machine, its devices and a model: what works, how fast, and what does not and why.
    ///
    /// Ends with exit code 1 if something is not as it should be.
    Doctor(DoctorArguments),
    /// Measure how good images are: FID and its relatives, copies, captions.
    Evaluate(EvaluateArguments),
    /// Find the sampler settings that draw best for how many network calls.
    Sweep(SweepArguments),
    /// The older name of `infer evaluate captions`.
    #[command(hide = true)]
    EvaluateCaptions(EvaluateCaptionsArguments),
    /// Draw a public benchmark's prompts in the layout that its evaluator reads.
    Generate(GenerateArguments),
    /// Write weights anew: as safetensors, in another number format, in one file or several.
    Convert(ConvertArguments),
    /// Make one model of a model and low-rank adapters.
    Merge(MergeArguments),
}

/// Which model.
#[derive(Clone, Debug, Args)]
pub struct ModelArguments {
    /// A run's folder, a checkpoint, a model's folder, a .safetensors, a .pt, or a name on the
    /// Hugging Face Hub, hf:OWNER/NAME or hf:OWNER/NAME@REVISION. [default: the demo]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Of a training checkpoint: the moving average, or the weights being trained.
    #[arg(long, value_parser = weight_set(), default_value = "ema")]
    pub weights: WeightSet,
    /// A low-rank adapter that changes the model: the folder of a run or of an adapter, or a .safetensors with
    /// `adapter_config.json` beside it; with :SCALE behind it counts so many times. May be given several times: they are
    /// added.
    #[arg(long = "lora", value_name = "PATH[:SCALE]")]
    pub adapters: Vec<LoraArgument>,
}

/// How to sample.
#[derive(Clone, Debug, Args)]
pub struct SampleArguments {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// What it is guided away from.
    #[command(flatten)]
    pub guide: GuideArguments,
    /// Classes by name or number, separated by commas; each is drawn once. [default: all]
    #[arg(long = "class", value_name = "CLASS")]
    pub classes: Vec<String>,
    /// What a text model shall draw; may be given several times.
    #[arg(long = "prompt", value_name = "TEXT", conflicts_with = "classes")]
    pub prompts: Vec<String>,
    /// A file with a prompt a line; `-` for the standard input.
    #[arg(long = "prompts", value_name = "FILE", conflicts_with_all = ["classes", "prompts"])]
    pub prompt_file: Option<PathBuf>,
    /// What prompts are read with.
    #[command(flatten)]
    pub text: TextArguments,
    /// Images of each class or prompt.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// Seed and number of an image, which grids write above their columns, are its noise: another class
    /// or word keeps the composition. --batch and --count change nothing.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// How the differential equation is solved.
    #[command(flatten)]
    pub sampler: SamplerArguments,
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
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SCALE)))]
    pub scale: Option<u32>,
    /// What is shown of images on their way.
    #[command(flatten)]
    pub view: ViewArguments,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Format of weights and activations; norms, softmax and the solver stay in f32. f16 and bf16 need
    /// half the memory of f32, and are faster on most GPUs; on CPUs f32 is fastest. int8 needs a quarter
    /// for the weights and computes in f32, everywhere; weights that are in int8 on disk stay so.
    #[arg(long, value_parser = number_format(), default_value = "f32")]
    pub dtype: NumberFormat,
    /// Print what drawing would need in memory and exit.
    #[arg(long, conflicts_with_all = ["preview", "strip", "animation"])]
    pub dry_run: bool,
}

impl TextArguments {
    /// The format of the encoder's weights beside a model of format `model`.
    pub fn dtype(&self, model: NumberFormat) -> NumberFormat {
        self.text_dtype.unwrap_or(match model {
            // Matrices of the text encoder are not kept in eight bits.
            NumberFormat::Int8 => NumberFormat::F32,
            float => float,
        })
    }
}

/// How the differential equation is solved, and how strongly the condition guides.
#[derive(Clone, Debug, Default, Args)]
pub struct SamplerArguments {
    /// Steps a stage: one number, or one for each stage such as 4,6,10. [default: the model's]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub steps: Option<Vec<usize>>,
    /// How the differential equation is solved. [default: the model's]
    #[arg(long, value_enum)]
    pub solver: Option<SolverArgument>,
    /// A scale, 1 is none; with a schedule: stage-wise:2.4, constant:1.5, interval:1.5@0.2-0.8. Without
    /// one, stage-wise for classes and constant for text. [default: the model's]
    #[arg(long, value_name = "GUIDANCE", value_parser = guidance)]
    pub guidance: Option<GuidanceArgument>,
    /// How guidance combines the two velocities: plain, cfg-zero-star, or apg; with settings:
    /// cfg-zero-star:zero_until=0.04, apg:parallel=0,threshold=0.5. [default: the model's]
    #[arg(long, value_name = "RULE", value_parser = guidance_rule)]
    pub guidance_rule: Option<GuidanceRule>,
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
}

/// How images of captions are drawn.
#[derive(Clone, Debug, Args)]
pub struct DrawingArguments {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// What it is guided away from.
    #[command(flatten)]
    pub guide: GuideArguments,
    /// How the differential equation is solved.
    #[command(flatten)]
    pub sampler: SamplerArguments,
    /// What the prompts are read with.
    #[command(flatten)]
    pub text: TextArguments,
    /// The same seed gives the same images, whatever --batch or the other captions.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Images drawn at once; changes speed and memory, not the images.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Format of weights and activations; norms, softmax and the solver stay in f32.
    #[arg(long, value_parser = number_format(), default_value = "f32")]
    pub dtype: NumberFormat,
}

/// What prompts are read with.
#[derive(Clone, Debug, Default, Args)]
pub struct TextArguments {
    /// What a text model shall not draw.
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub negative: String,
    /// The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model's]
    #[arg(long, value_name = "FOLDER")]
    pub text_encoder: Option<String>,
    /// Format of the text encoder's weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]
    #[arg(long, value_name = "FORMAT", value_parser = float_format)]
    pub text_dtype: Option<NumberFormat>,
}

/// What to draw again.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// A picture that infer has drawn.
    pub picture: PathBuf,
    /// Where the model is. [default: the demo it was drawn with, or the folder of its name here]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// An adapter that the model was changed with: see `infer sample`. Several in the order of the picture's.
    #[arg(long = "lora", value_name = "PATH[:SCALE]")]
    pub adapters: Vec<LoraArgument>,
    /// Where the guide is, of a picture that was drawn with one. [default: as of the model]
    #[arg(long, value_name = "PATH")]
    pub guide_model: Option<PathBuf>,
    /// Where the text encoder is. [default: the model's]
    #[arg(long, value_name = "FOLDER")]
    pub text_encoder: Option<String>,
    /// The picture that it is an edit of. Its pixels are compared with the recipe's hash.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// The mask that it was edited with.
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
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

/// What to convert, to what, and where to.
#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES)]
pub struct ConvertArguments {
    /// A .pt, a .safetensors, an index of several, a folder with either, or hf:OWNER/NAME.
    pub input: PathBuf,
    /// FILE.safetensors, or a folder for model.safetensors; nothing that exists is replaced.
    pub output: PathBuf,
    /// Number format of the floats. [default: each as it is]
    #[arg(long, value_parser = number_format())]
    pub dtype: Option<NumberFormat>,
    /// Spread the tensors over files of at most this size, such as 2GB. [default: one file]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_shard_size: Option<u64>,
    /// Of a training checkpoint: the moving average, or the weights being trained.
    #[arg(long, value_parser = weight_set(), default_value = "ema")]
    pub weights: WeightSet,
    /// Write a line for each tensor here: shape, formats, largest absolute and relative error.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// `32` or `48x32`.
fn size(text: &str) -> Result<[usize; 2], String> {
    let side = |text: &str| {
        let side = text.parse::<usize>().ok().filter(|side| (1..=MAX_SIDE).contains(side));
        side.ok_or_else(|| {
            format!(
                "`{text}` is no side in pixels, 1 to {MAX_SIDE}; write 32 or HEIGHTxWIDTH such as \
                 48x32"
            )
        })
    };
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    Ok([side(height)?, side(width)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_square_or_height_times_width() {
        assert_eq!(size("32"), Ok([32, 32]));
        assert_eq!(size("48x32"), Ok([48, 32]));
        for text in ["0", "-8", "8x", "big", "1e3"] {
            assert!(size(text).unwrap_err().contains("no side in pixels"), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}

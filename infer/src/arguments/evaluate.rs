//! The command line of `infer evaluate`.

#![allow(clippy::doc_markdown, reason = "help texts name fields of files, and have no backticks")]

use std::fmt;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use pixelflow_evaluation::Protocol;
use serde::{Deserialize, Serialize};

use super::{
    CheckArguments, DrawingArguments, EvaluateCaptionsArguments, EvaluateCompareArguments,
    EvaluateMergeArguments,
};
use crate::shard::ShardArgument;

const EXAMPLES: &str = "\
Examples:
  infer evaluate images samples.npz assets/demo/heroes-heldout.tar
  infer evaluate images samples/ real/ --train train.tar --held-out heldout.tar
  infer evaluate images samples.npz VIRTUAL_imagenet256_labeled.npz --images 50000 \\
    --inception pt_inception-2015-12-05-6726825d.pth
  infer evaluate reference assets/demo/heroes.tar heroes.npz
  infer evaluate model --images 2000 --repeats 3 assets/demo/heroes.tar --json scores.json
  infer evaluate model --images 2000 --repeats 3 assets/demo/heroes.tar --certificate demo.json
  infer evaluate --check demo.json
  infer evaluate compare before.json after.json
  infer evaluate model --images 50000 --shard 3/8 --partial sums/
  srun infer evaluate model --images 50000 --shard auto --partial sums/
  infer evaluate merge sums/ --out samples.npz
  infer evaluate captions --model runs/t2i --json scores.json

Numbers compare only if network, protocol, reference and number of images are the same: fewer images make
every FD and FID larger. Retraining moves FID by 1 to 2 %: below that, and below two standard errors, two
models are not told apart. Statistics and features of references are kept in the cache folder
(PIXELFLOW_CACHE), so that they are computed once.";

/// What to measure.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true, args_conflicts_with_subcommands = true)]
pub struct EvaluateArguments {
    /// What to measure.
    #[command(subcommand)]
    pub command: Option<EvaluateCommand>,
    /// Or which certificate to check.
    #[command(flatten)]
    pub checking: CheckArguments,
}

/// What to measure.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // There is one of it, on the stack of `main`.
pub enum EvaluateCommand {
    /// Compare images with real ones: FD or FID, KID, precision, recall, and whether they are copies.
    ///
    /// A side is a folder of images, a folder of class folders, a tar or a folder of them, an .npz with arr_0 as
    /// samplers write it, or an .npz of statistics (mu, sigma; mu_s, sigma_s for sFID). Statistics do for FD, FID
    /// and sFID alone; all else needs the images. Grey images have their value in all three channels,
    /// transparency is dropped, 16 bits become 8. What cannot be measured is named, with the reason.
    ///
    /// Lower is better for FD, FID and KID, higher for precision, recall, density, coverage and IS. KID of images
    /// that are as good as real ones is 0 within its standard error; the FD of few images is not: set it beside
    /// that of as many real ones.
    Images(EvaluateImagesArguments),
    /// Draw images with a model and compare them with real ones; none is written.
    ///
    /// Image I of a repeat has the noise of (seed, I), whatever --batch; the seed of repeat R is --seed + R, so
    /// that repeats share no noise. A text model draws the texts of --prompts instead of classes. Metrics are
    /// those of `infer evaluate images`.
    ///
    /// With --partial nothing is compared: one process of many draws its share and writes the sums of its
    /// features, which `infer evaluate merge` adds up. Image I is the same whatever the sharding, and in the same
    /// batch.
    Model(EvaluateModelArguments),
    /// Write the statistics of real images, which stand for them in other measurements.
    ///
    /// The file says which network made them, with which weights, by which protocol and of which images: a
    /// measurement refuses statistics that were made otherwise. Other tools read it as well.
    ///
    /// With --partial it is the sums of a share of the images, as of `infer evaluate model`; every process reads all
    /// images once for their hash. Samples that were written are shared out in the same way.
    Reference(EvaluateReferenceArguments),
    /// Say which differences of two results are more than chance.
    ///
    /// Below two standard errors of the difference, sqrt(a^2 + b^2) of those of the two values, they are not
    /// distinguishable. Only results of the same protocol, network, reference and number of images are compared.
    /// FD, FID, precision and recall have standard errors if they were measured with --repeats.
    Compare(EvaluateCompareArguments),
    /// Add up what --partial wrote to statistics, a side of `infer evaluate images`.
    ///
    /// Gaps, images that are in two files, files that are not finished and those of another measurement are refused.
    /// Statistics have the same bytes however the images were shared out and whatever was killed and went on, on
    /// machines that compute alike. They do for FD, FID and sFID; all else needs the features of all images: the
    /// Inception Score, KID, precision and its relatives are not to be had from shards.
    Merge(EvaluateMergeArguments),
    /// Measure how well drawn images follow their captions.
    ///
    /// A linear probe for each attribute (species, hair, …) learns from real images to read it off the
    /// pixels. The table gives its accuracy on held-out real images, the ceiling; on images drawn from
    /// the same captions; and `chance`, that of always naming the value most frequent in training.
    Captions(EvaluateCaptionsArguments),
}

/// Which images to compare.
#[derive(Clone, Debug, Args)]
pub struct EvaluateImagesArguments {
    /// The images to judge.
    pub samples: PathBuf,
    /// The real ones.
    pub reference: PathBuf,
    /// Measure exactly so many of SAMPLES, the first; fewer are an error. [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    pub images: Option<u32>,
    /// What the images are seen through.
    #[command(flatten)]
    pub network: NetworkArguments,
    /// What is measured.
    #[command(flatten)]
    pub metrics: MetricArguments,
    /// How it is computed.
    #[command(flatten)]
    pub computing: ComputingArguments,
}

/// What to draw, and what to compare it with.
#[derive(Clone, Debug, Args)]
pub struct EvaluateModelArguments {
    /// The real images, or their statistics: see `infer evaluate images`.
    #[arg(value_name = "REFERENCE", required_unless_present = "partial")]
    pub real: Option<PathBuf>,
    /// How many images are drawn for each repeat; papers mostly have 50000.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..=16_777_216))]
    pub images: u32,
    /// How many times it is done, each with a seed of its own: the mean is printed with its standard error.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeats: u32,
    /// Which class an image has.
    #[arg(long, value_enum, default_value_t = LabelRule::Balanced)]
    pub labels: LabelRule,
    /// A file with a prompt a line, which a text model draws; `-` for the standard input.
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Also write a certificate here, which `infer evaluate --check` draws and measures again: FILE.json, and
    /// FILE.html beside it with the first images. Nothing that exists is replaced.
    #[arg(long, value_name = "FILE.json")]
    pub certificate: Option<PathBuf>,
    /// Compare nothing; write the sums of the features to FILE.npz, or to I-of-N.npz in a folder.
    ///
    /// They are saved every minute, at Ctrl-C, at SIGUSR1 and at the end; the same command goes on where they end,
    /// and does nothing once they are finished. Of 2048 features they are 34 MB, with sFID 67 MB, in memory and on
    /// disk, and as much again while they are saved, however many images there are; adding 50000 images up takes one
    /// CPU core a minute, with sFID two.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["real", "repeats", "metrics", "train", "held_out", "json", "certificate"]
    )]
    pub partial: Option<PathBuf>,
    /// Draw only part I of N, 1/4 to 4/4, in whole batches. auto: what Slurm (array, srun) or Open MPI say in the
    /// environment.
    #[arg(long, value_name = "I/N", requires = "partial", conflicts_with = "real")]
    pub shard: Option<ShardArgument>,
    /// How to draw.
    #[command(flatten)]
    pub drawing: DrawingArguments,
    /// What the images are seen through.
    #[command(flatten)]
    pub network: NetworkArguments,
    /// What is measured.
    #[command(flatten)]
    pub metrics: MetricArguments,
}

/// Whose statistics to write.
#[derive(Clone, Debug, Args)]
pub struct EvaluateReferenceArguments {
    /// The real images: a folder, a tar, or an .npz with arr_0.
    pub data: PathBuf,
    /// FILE.npz with mu and sigma, for Inception by protocol adm mu_s and sigma_s, and who made them. Nothing
    /// that exists is replaced.
    #[arg(required_unless_present = "partial")]
    pub out: Option<PathBuf>,
    /// Write the sums of the features to FILE.npz, or to I-of-N.npz in a folder, instead of statistics; saved and
    /// gone on from as of `infer evaluate model`.
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub partial: Option<PathBuf>,
    /// Take only part I of N of the images, 1/4 to 4/4, in whole batches. auto: what Slurm (array, srun) or Open MPI
    /// say in the environment.
    #[arg(long, value_name = "I/N", requires = "partial", conflicts_with = "out")]
    pub shard: Option<ShardArgument>,
    /// What the images are seen through.
    #[command(flatten)]
    pub network: NetworkArguments,
    /// How it is computed.
    #[command(flatten)]
    pub computing: ComputingArguments,
}

/// What images are seen through.
#[derive(Clone, Debug, Args)]
pub struct NetworkArguments {
    /// See through Inception-v3, whose numbers are FID, sFID, IS, KID: pt_inception-2015-12-05-6726825d.pth of
    /// pytorch-fid. [default: the shipped EfficientNet-Lite0: FD-EffLite0, KID-EffLite0, which are no FID]
    #[arg(long, value_name = "FILE", conflicts_with = "dinov2")]
    pub inception: Option<PathBuf>,
    /// See through DINOv2 ViT-L/14, whose numbers are FD-DINOv2, KID-DINOv2: dinov2_vitl14_pretrain.pth of
    /// facebookresearch.
    #[arg(long, value_name = "FILE")]
    pub dinov2: Option<PathBuf>,
    /// Whose numbers are reproduced: how images come to Inception's size, and into which parts they are split.
    #[arg(long, value_parser = protocol(), default_value = "adm")]
    pub protocol: Protocol,
}

/// What is measured, and where it is written.
#[derive(Clone, Debug, Args)]
pub struct MetricArguments {
    /// Which metrics. `frechet,score` needs no more memory for more images.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "LIST",
        default_value = "frechet,kernel,neighbours,score"
    )]
    pub metrics: Vec<MetricGroup>,
    /// The images that the model was trained on: adds memorisation, the share of samples that are nearer to
    /// one of them than the nearest 1 % of --held-out are.
    #[arg(long, value_name = "DATA", requires = "held_out")]
    pub train: Option<PathBuf>,
    /// Real images that the model was not trained on.
    #[arg(long, value_name = "DATA", requires = "train")]
    pub held_out: Option<PathBuf>,
    /// Also write everything as JSON here; `-` writes it to the standard output instead of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// How features are computed.
#[derive(Clone, Debug, Args)]
pub struct ComputingArguments {
    /// Images computed at once; changes speed and memory. On the CPU they go through the network side by side: as many as
    /// there are cores, at least.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
}

/// Metrics that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricGroup {
    /// FD or FID, and sFID.
    Frechet,
    /// KID with its standard error.
    Kernel,
    /// Precision, recall, density, coverage.
    Neighbours,
    /// How often a linear probe, which learns from the real images, reads a sample's class off it; beside it the
    /// ceiling, the same of real images that it has not seen.
    Classes,
    /// The Inception Score, through Inception alone.
    Score,
    /// FD or FID extrapolated to infinitely many images; takes fifteen distances' time.
    Infinity,
}

/// Which class an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelRule {
    /// All classes equally often; makes FID about 0.1 lower than random.
    Balanced,
    /// A random class for each image.
    Random,
}

impl fmt::Display for LabelRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Balanced => "balanced",
            Self::Random => "random",
        })
    }
}

/// A protocol, with what each is.
fn protocol() -> impl TypedValueParser<Value = Protocol> {
    let help = |protocol| match protocol {
        Protocol::Adm => "Guided diffusion's evaluator, which papers on ImageNet report",
        Protocol::TorchFidelity => "The package torch-fidelity",
        Protocol::PytorchFid => "The package pytorch-fid",
        Protocol::Clean => "The package clean-fid; images may have different sizes",
    };
    let value = |protocol: Protocol| PossibleValue::new(protocol.name()).help(help(protocol));
    PossibleValuesParser::new(Protocol::ALL.map(value)).try_map(|name| name.parse())
}

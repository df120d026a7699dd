//! The command line of `infer doctor`.

use clap::Args;
use pixelflow::NumberFormat;

use super::number_format::number_format;
use super::{ModelArguments, SamplerArguments};

/// What to look at.
#[derive(Clone, Debug, Args)]
pub struct DoctorArguments {
    /// Which model is to be drawn with.
    #[command(flatten)]
    pub model: ModelArguments,
    /// How.
    #[command(flatten)]
    pub sampler: SamplerArguments,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Format of weights and activations.
    #[arg(long, value_parser = number_format(), default_value = "f32")]
    pub dtype: NumberFormat,
}

//! The command line of `infer serve`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use pixelflow::NumberFormat;

use super::number_format::number_format;
use super::{GuideArguments, ModelArguments, SamplerArguments, float_format};

const EXAMPLES: &str = "\
Examples:
  infer serve                                    the class demo on http://127.0.0.1:7860
  infer serve --model runs/t2i --port 0          a model of yours, on a port that is free
  infer serve --host 0.0.0.0 --token-file token.txt --allow-host draw.example.org

  curl -d '{\"class\": \"elf\", \"seed\": 7}' -H 'Content-Type: application/json' \\
    http://127.0.0.1:7860/api/jobs

GET /openapi.json describes the API. Prompts and pictures stay in memory; nothing is written to disk.";

/// Where to listen, who may ask, and what is drawn with.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArguments {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArguments,
    /// What it is guided away from.
    #[command(flatten)]
    pub guide: GuideArguments,
    /// How images are drawn unless a request says otherwise.
    #[command(flatten)]
    pub sampler: SamplerArguments,
    /// The text encoder: a folder as Hugging Face has it, or hf:OWNER/NAME. [default: the model's]
    #[arg(long, value_name = "FOLDER")]
    pub text_encoder: Option<String>,
    /// Format of the text encoder's weights: f32, f16 or bf16. [default: that of --dtype, f32 for int8]
    #[arg(long, value_name = "FORMAT", value_parser = float_format)]
    pub text_dtype: Option<NumberFormat>,
    /// The address to listen on; 0.0.0.0 is all of them. Beyond this machine it needs a token.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// The port to listen on; 0 for any that is free.
    #[arg(long, default_value_t = 7860)]
    pub port: u16,
    /// A name by which browsers may reach the server, besides its address and localhost; may be given
    /// several times. Others are refused, so that no web page can reach it under a name of its own.
    #[arg(long = "allow-host", value_name = "NAME")]
    pub allowed_hosts: Vec<String>,
    /// A file with the token that every request must bring, as `Authorization: Bearer TOKEN`. [default:
    /// the environment's `PIXELFLOW_TOKEN`, if it is set]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Serve beyond this machine without a token: whoever reaches the address may draw.
    #[arg(long, conflicts_with = "token_file")]
    pub no_token: bool,
    /// Images that may wait; more are refused until there is room.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub queue: u32,
    /// Finished images that stay in memory, 512 MiB at most; the oldest jobs go first, the newest always stays.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub keep: u32,
    /// Images drawn at once, of one request or of several; changes speed and memory, not the images.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// Pixels of an image, at most, whether it is drawn or sent to be edited.
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    pub max_pixels: u64,
    /// Steps a stage, at most, of whatever solver.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub max_steps: u32,
    /// Seconds that requests have to be finished in when the server is told to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(..=86_400))]
    pub grace: u32,
    /// Where to compute: auto, cpu, wgpu, vulkan, metal, cuda, rocm, or one of several such as cuda:1.
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// Format of weights and activations; norms, softmax and the solver stay in f32.
    #[arg(long, value_parser = number_format(), default_value = "f32")]
    pub dtype: NumberFormat,
}

//! The command line of `infer evaluate --check`.

#![allow(clippy::doc_markdown, reason = "help texts name fields of files, and have no backticks")]

use std::path::PathBuf;

use clap::Args;

/// Which certificate to check, and where what it names is here.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Checking a certificate")]
pub struct CheckArguments {
    /// Draw and measure again what a certificate says, and say of each of its numbers whether it stands; the
    /// exit code is 0 if all do, else 1. Model, data and networks of another hash are refused.
    ///
    /// The same images are drawn, so that only rounding may differ. Allowed are 0.1 % of a distance (0.5 % where
    /// it was drawn in f16, 2 % in bf16) or a tenth of its standard error; of shares of images 0.001 (0.01, 0.05),
    /// and two images at least.
    #[arg(long, value_name = "CERT.json")]
    pub check: Option<PathBuf>,
    /// Where the reference is. [default: what comes with the program, or what has its name here]
    #[arg(long, value_name = "DATA", requires = "check")]
    pub reference: Option<PathBuf>,
    /// Where the model is. [default: the demo, or the folder of its name here]
    #[arg(long, value_name = "PATH", requires = "check")]
    pub model: Option<PathBuf>,
    /// Where the guide is, if the images were drawn with one. [default: the folder of its name here]
    #[arg(long, value_name = "PATH", requires = "check")]
    pub guide_model: Option<PathBuf>,
    /// What prompts are read with. [default: the model's]
    #[arg(long, value_name = "FOLDER", requires = "check")]
    pub text_encoder: Option<String>,
    /// The prompts, where the certificate has only their hash.
    #[arg(long, value_name = "FILE", requires = "check")]
    pub prompts: Option<PathBuf>,
    /// The weights of Inception-v3 or DINOv2, where one of them was looked through.
    #[arg(long, value_name = "FILE", requires = "check")]
    pub extractor: Option<PathBuf>,
    /// Where the training images are, where copies were looked for. [default: what has their name here]
    #[arg(long, value_name = "DATA", requires = "check")]
    pub train: Option<PathBuf>,
    /// The same of the held-out images.
    #[arg(long, value_name = "DATA", requires = "check")]
    pub held_out: Option<PathBuf>,
    /// Images computed at once. [default: as for the certificate, but 32 at most]
    #[arg(long, requires = "check", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: Option<u32>,
    /// Where to compute. [default: the certificate's kind of device if it is here, else auto]
    #[arg(long, requires = "check")]
    pub device: Option<String>,
}

//! The command line of `infer evaluate captions`.

use std::path::PathBuf;

use clap::Args;

use super::DrawingArguments;

/// What to measure, and on which images.
///
/// A linear probe for each attribute (species, hair, …) learns from real images to read it off the
/// pixels. The table gives its accuracy on held-out real images, the ceiling; on images drawn from
/// the same captions; and `chance`, that of always naming the value most frequent in training.
#[derive(Clone, Debug, Args)]
pub struct EvaluateCaptionsArguments {
    /// How to draw.
    #[command(flatten)]
    pub drawing: DrawingArguments,
    /// `WebDataset` tar, or a folder of them, that the probes learn from: images with their
    /// attributes in .json, texts or null. [default: assets/demo/heroes.tar]
    #[arg(long, value_name = "PATH")]
    pub train: Option<PathBuf>,
    /// The same of images that the model was not trained on; their captions are drawn.
    /// [default: assets/demo/heroes-heldout.tar]
    #[arg(long, value_name = "PATH")]
    pub heldout: Option<PathBuf>,
    /// Only the first so many held-out captions. [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Measure the real images alone, the ceiling; needs no model.
    #[arg(long, conflicts_with_all = ["grid", "model", "guide_model"])]
    pub real_only: bool,
    /// Edit the real held-out images: give this attribute another value in the caption, draw the pixels anew that tell
    /// its values apart, and measure how often the new value is read off, beside images drawn as a whole.
    #[arg(long, value_name = "ATTRIBUTE", conflicts_with = "real_only")]
    pub edit: Option<String>,
    /// Passes at the seam of an edit.
    #[arg(long, value_name = "R", default_value_t = 1, requires = "edit", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub resample: u32,
    /// Also write the table here as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also write a picture here of some captions: drawn image on the left, real one on the right.
    #[arg(long, value_name = "FILE.png")]
    pub grid: Option<PathBuf>,
}

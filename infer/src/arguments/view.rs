//! What is shown of images on their way.

use std::path::PathBuf;

use clap::Args;

/// What is shown of images on their way.
#[derive(Clone, Debug, Default, Args)]
pub struct ViewArguments {
    /// Show the images in the terminal while they are drawn: 16 of the first batch at most.
    #[arg(long)]
    pub preview: bool,
    /// Also write a picture with the ends of the stages side by side, of 16 images of the first batch at most.
    #[arg(long, value_name = "FILE.png")]
    pub strip: Option<PathBuf>,
    /// Also write every step as a moving picture: FILE.gif, FILE.webp, or FILE.png. Of the same images as --strip.
    #[arg(long, value_name = "FILE")]
    pub animation: Option<PathBuf>,
}

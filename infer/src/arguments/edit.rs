//! The command line of `infer edit`.

#![allow(clippy::doc_markdown, reason = "help texts name papers, and have no backticks")]

use std::path::PathBuf;

use clap::Args;

use super::SampleArguments;

const EXAMPLES: &str = "\
Examples:
  infer edit --image hero.png --strength 0.5 --class minotaur    another picture of the whole
  infer edit --image hero.png --mask sword.png --prompt 'a troll with an axe' --out axe/
  infer edit --image hero.png --mask sword.png --resample 4      a seam that fits better
  infer edit --image small.png --from-stage 2 --class 7          twice the size, with new detail
  infer edit --image hero.png --from-stage 2 --seed 5 --count 8  variations of one composition
  infer replay samples/grid-1.png --image hero.png --mask sword.png";

/// The picture, what of it is drawn anew, and how.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES, mut_arg("classes", |class| {
    class.help("Classes by name or number, separated by commas; each is drawn once. [default: what the picture's recipe says]")
}), mut_arg("size", |size| {
    size.help("Size of the images in pixels: 32, or height and width as 48x32. [default: the picture's; with --from-stage \
               the model's own if the picture leads to it, else the smallest that fits]")
}))]
pub struct EditArguments {
    /// The picture: PNG, JPEG or WebP, of a size that the model draws; with --from-stage, and without --mask, also of
    /// half the sides of that stage or of one above. It is turned as its EXIF orientation says; transparency is left out, as in training.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// What to draw anew, an image of the picture's size: white is drawn, black stays, grey is mixed. Of one with
    /// transparency, what is transparent is drawn.
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,
    /// How much is drawn anew: 0 is the picture, 1 begins with nothing of it. [default: 0.6, with --mask 1]
    #[arg(long, value_name = "0..1")]
    pub strength: Option<f64>,
    /// Begin at the start of this stage, counted from 0, with the picture in half the stage's sides: what is
    /// coarser stays, detail is new. From stage 0, without --mask, nothing of the picture is used.
    #[arg(long, value_name = "K", conflicts_with = "strength")]
    pub from_stage: Option<usize>,
    /// With --mask: how often the second half of each stage is gone through, 1 to 32. More harmonises the seam of what stays and
    /// what is drawn, and costs as much again for every two (RePaint, arXiv 2201.09865).
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub resample: usize,
    /// How to draw.
    #[command(flatten)]
    pub sample: SampleArguments,
}

//! Images on their way: in the terminal, as strips and as moving pictures; what is drawn stays the same.
#![cfg(unix)]

use std::fs;
use std::io::BufReader;
use std::path::Path;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, RgbImage};
use program_tests::{Program, Run, listing, text};

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));
/// Three stages of two steps.
const SAMPLE: [&str; 9] =
    ["sample", "--device", "cpu", "--steps", "2", "--class", "3", "--count", "2"];

fn sample(folder: &Path, more: &[&str]) -> Run {
    Run::of(INFER.command(&[&SAMPLE[..], more].concat()).current_dir(folder))
}

fn rgb(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

#[test]
fn strips_and_moving_pictures_end_with_the_images_that_are_drawn() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    let files = ["--strip", "deep/strip.png", "--animation", "a.gif", "--out", "images"];
    sample(scratch.path(), &files).succeeded();
    sample(scratch.path(), &["--out", "alone"]).succeeded();
    let name = &listing(&at("alone"))[0];
    let drawn = rgb(&at("alone").join(name));
    assert_eq!(rgb(&at("images").join(name)), drawn);

    // A label, then three stages, each of 128 pixels with a gap of 4 between; the last one is the image.
    let strip = rgb(&at("deep/strip.png"));
    let left = strip.width() - 4 - 128;
    let shown = |x: u32, y: u32| *strip.get_pixel(left + 4 * x, 4 + 4 * y);
    for (x, y, pixel) in drawn.enumerate_pixels() {
        assert_eq!(shown(x, y), *pixel, "{x} {y}");
    }
    // The first has 8 x 8 pixels.
    let first = left - 2 * 132;
    let square = strip.get_pixel(first, 4);
    assert!((0..16).all(|at| strip.get_pixel(first + at, 4 + at) == square));

    let file = BufReader::new(fs::File::open(at("a.gif")).unwrap());
    let frames = GifDecoder::new(file).unwrap().into_frames().collect_frames().unwrap();
    assert_eq!(frames.len(), 6);
    // Two images of 128 pixels side by side.
    assert_eq!(frames[5].buffer().dimensions(), (268, 136));
    assert_ne!(frames[5].buffer(), frames[4].buffer());
    for (form, is_lossless) in [("a.webp", true), ("a.png", false)] {
        sample(scratch.path(), &["--animation", form, "--out", "images"]).succeeded();
        // Readers of stills show the first frame of a PNG, and of a WebP what its decoder takes for one.
        let size = image::open(at(form)).map(|still| DynamicImage::width(&still));
        assert!(size.is_ok() || is_lossless, "{form}: {size:?}");
    }
}

#[test]
fn what_cannot_be_shown_is_refused_or_said() {
    let scratch = tempfile::tempdir().unwrap();
    let refused: [(&[&str], &[&str]); 6] = [
        (&["--animation", "a.mp4"], &["--animation a.mp4", ".gif, .webp or .png"]),
        (&["--strip", "a.gif"], &["--strip a.gif", "give FILE.png"]),
        (&["--strip", "a.png", "--animation", "a.png"], &["--animation a.png", "another argument"]),
        (&["--strip", "./a.png", "--out", "a.png"], &["--strip ./a.png", "another argument"]),
        (&["--strip", "file/a.png"], &["cannot write file/a.png"]),
        (&["--preview", "--dry-run"], &["--dry-run", "cannot be used with"]),
    ];
    fs::write(scratch.path().join("file"), "").unwrap();
    for (arguments, parts) in refused {
        sample(scratch.path(), arguments).refused(parts);
    }
    assert_eq!(listing(scratch.path()), ["file"]);
    let said = sample(scratch.path(), &["--preview"]).succeeded();
    assert!(said.message.contains("the output is none: it is left out"), "{}", said.message);
    let many = ["--count", "20", "--strip", "a.png", "--out", "a.npz"];
    let many = Run::of(INFER.command(&[&SAMPLE[..7], &many].concat()).current_dir(scratch.path()));
    let said = many.succeeded().message;
    assert!(said.contains("16 of 20 images are shown on their way"), "{said}");
}

#[test]
fn a_terminal_shows_the_images_while_they_are_drawn() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("a.png");
    let more = ["--preview", "--out", text(&out)];
    let shown = INFER.run_in_a_terminal(&[&SAMPLE[..], &more].concat());
    // Half blocks, in colours, one frame over the other.
    let text = shown.succeeded().message;
    assert!(text.contains('▄') && text.contains("\x1b[38;") && text.contains("A\r"), "{text}");
    assert!(out.exists());
}

//! `--animation`: all steps of a drawing, one picture after the other.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, DynamicImage, RgbImage};
use pixelflow::durable::{self, DurableFile};
use pixelflow::sampler::StepDone;

use super::sheet::sheet;
use super::webp::write_webp;
use super::{Frame, FrameViewer};
use crate::error::write_error;
use crate::{Error, Result};

/// How long a step is shown, in milliseconds.
const STEP: u16 = 80;
/// How long the end of a stage is shown.
const STAGE: u16 = 500;
/// How long the finished images are shown.
const END: u16 = 2500;

/// A form of moving pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnimationFormat {
    /// 256 colours a frame; everything shows it.
    Gif,
    /// Lossless.
    WebP,
    /// A PNG with several frames, lossless; what does not know them shows the first.
    Png,
}

impl AnimationFormat {
    /// Pixels of a side, at most.
    fn longest_side(self) -> u32 {
        match self {
            Self::Gif => u16::MAX.into(),
            // What `image` encodes of it.
            Self::WebP => 1 << 14,
            Self::Png => i32::MAX as u32,
        }
    }

    /// Refuses what the form cannot hold, before anything is drawn.
    ///
    /// # Errors
    /// [`Error::Argument`].
    pub(super) fn check_size(self, path: &Path, [height, width]: [u32; 2]) -> Result<()> {
        let longest = self.longest_side();
        if height.max(width) <= longest {
            return Ok(());
        }
        Err(Error::Argument {
            argument: "--animation",
            value: path.display().to_string(),
            reason: format!(
                "its pictures would have {height}x{width} pixels, and this form holds {longest} a side; draw \
                 fewer with --count, or give FILE.png"
            ),
        })
    }

    /// The form that the ending of a file means.
    ///
    /// # Errors
    /// [`Error::Argument`] for others.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("gif") => Ok(Self::Gif),
            Some("webp") => Ok(Self::WebP),
            Some("png" | "apng") => Ok(Self::Png),
            _ => Err(Error::Argument {
                argument: "--animation",
                value: path.display().to_string(),
                reason: "moving pictures are .gif, .webp or .png; give FILE.gif".to_owned(),
            }),
        }
    }
}

/// A picture, and how long it is shown, in milliseconds.
pub(super) type Shown = (RgbImage, u16);

/// Keeps every step, and writes them as one moving picture.
#[derive(Debug)]
pub struct Animation {
    path: PathBuf,
    format: AnimationFormat,
    /// Height and width of an image in the picture.
    side: [u32; 2],
    stages: usize,
    /// The images of each step in the sides of its stage, and how long they are shown.
    frames: Vec<(Vec<RgbImage>, u16)>,
    is_whole: bool,
    /// Stage and time of the newest frame: a solver may try a step again, or choose its size first.
    newest: Option<(usize, f64)>,
}

impl Animation {
    /// An animation of images of this size through so many stages.
    pub fn new(path: PathBuf, format: AnimationFormat, side: [u32; 2], stages: usize) -> Self {
        Self { path, format, side, stages, frames: Vec::new(), is_whole: false, newest: None }
    }
}

impl FrameViewer for Animation {
    fn wants(&self, done: &StepDone) -> bool {
        let is_new = self.newest != Some((done.stage, done.time)) && done.time > 0.0;
        !self.is_whole && (done.stage_is_done || is_new)
    }

    fn show(&mut self, frame: &Frame) -> Result<()> {
        let StepDone { stage, stage_is_done, time, .. } = frame.done;
        self.newest = Some((stage, time));
        self.is_whole = stage_is_done && stage + 1 == self.stages;
        let shown = match (self.is_whole, stage_is_done) {
            (true, _) => END,
            (false, true) => STAGE,
            (false, false) => STEP,
        };
        self.frames.push((frame.images.clone(), shown));
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        if !self.is_whole {
            // Ctrl-C: there is no end to show.
            return Ok(());
        }
        // One at a time: enlarged they would be many times as large.
        let frames = self.frames.iter().map(|(images, time)| (sheet(images, self.side), *time));
        let write = |file: &mut DurableFile| match self.format {
            AnimationFormat::Gif => write_gif(frames, file),
            AnimationFormat::WebP => write_webp(frames, file),
            AnimationFormat::Png => write_png(frames, file),
        };
        durable::write(&self.path, write).map_err(write_error(&self.path))
    }
}

fn write_gif(frames: impl Iterator<Item = Shown>, file: &mut impl Write) -> io::Result<()> {
    let mut encoder = GifEncoder::new(file);
    encoder.set_repeat(Repeat::Infinite).map_err(io::Error::other)?;
    for (picture, time) in frames {
        let picture = DynamicImage::from(picture).into_rgba8();
        let delay = Delay::from_numer_denom_ms(u32::from(time), 1);
        let frame = image::Frame::from_parts(picture, 0, 0, delay);
        encoder.encode_frame(frame).map_err(io::Error::other)?;
    }
    Ok(())
}

fn write_png(
    frames: impl ExactSizeIterator<Item = Shown>,
    file: &mut impl Write,
) -> io::Result<()> {
    let count = frames.len() as u32;
    let mut frames = frames.peekable();
    let Some((first, _)) = frames.peek() else { return Ok(()) };
    let mut encoder = png::Encoder::new(file, first.width(), first.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(count, 0)?;
    let mut writer = encoder.write_header()?;
    for (picture, time) in frames {
        writer.set_frame_delay(time, 1000)?;
        writer.write_image_data(picture.as_raw())?;
    }
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::codecs::gif::GifDecoder;
    use image::codecs::png::PngDecoder;
    use image::codecs::webp::WebPDecoder;
    use image::{AnimationDecoder, Rgb};

    use super::*;

    fn frames() -> Vec<Shown> {
        [(10, STEP), (120, STAGE), (250, END)]
            .map(|(level, time)| (RgbImage::from_pixel(6, 4, Rgb([level, 0, 9])), time))
            .into()
    }

    /// Red of the first pixel and time in milliseconds, frame by frame.
    fn seen<'a>(decoder: impl AnimationDecoder<'a>) -> Vec<(u8, u32)> {
        let frames = decoder.into_frames().collect_frames().unwrap();
        let seen = |frame: &image::Frame| {
            let (time, parts) = frame.delay().numer_denom_ms();
            (frame.buffer().get_pixel(0, 0).0[0], time / parts)
        };
        frames.iter().map(seen).collect()
    }

    #[test]
    fn other_programs_see_every_frame_for_its_time() {
        let wanted = [(10, 80), (120, 500), (250, 2500)];
        let [mut png, mut webp, mut gif] = [const { Vec::new() }; 3];
        write_png(frames().into_iter(), &mut png).unwrap();
        write_webp(frames().into_iter(), &mut webp).unwrap();
        write_gif(frames().into_iter(), &mut gif).unwrap();
        let png = PngDecoder::new(Cursor::new(png)).unwrap();
        assert_eq!(seen(png.apng().unwrap()), wanted);
        assert_eq!(seen(WebPDecoder::new(Cursor::new(webp)).unwrap()), wanted);
        assert_eq!(seen(GifDecoder::new(Cursor::new(gif)).unwrap()), wanted);
    }

    #[test]
    fn what_a_form_cannot_hold_is_refused() {
        let check = |format: AnimationFormat, side| format.check_size(Path::new("a"), [8, side]);
        assert!(check(AnimationFormat::WebP, 16_384).is_ok());
        let refused = check(AnimationFormat::WebP, 16_385).unwrap_err().to_string();
        assert!(
            refused.contains("8x16385 pixels") && refused.contains("16384 a side"),
            "{refused}"
        );
        assert!(check(AnimationFormat::Gif, 65_536).is_err());
        assert!(check(AnimationFormat::Png, 65_536).is_ok());
    }

    #[test]
    fn the_ending_says_the_form() {
        assert_eq!(AnimationFormat::of(Path::new("a.GIF")).unwrap(), AnimationFormat::Gif);
        assert_eq!(AnimationFormat::of(Path::new("a.webp")).unwrap(), AnimationFormat::WebP);
        for other in ["a.mp4", "a", "a.jpg"] {
            let message = AnimationFormat::of(Path::new(other)).unwrap_err().to_string();
            assert!(message.contains(".gif, .webp or .png"), "{message}");
        }
    }
}

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
    frames: Vec<Shown>,
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
    fn wants(&mut self, done: &StepDone) -> bool {
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
        self.frames.push((sheet(&frame.images, self.side), shown));
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        if !self.is_whole {
            // Ctrl-C: there is no end to show.
            return Ok(());
        }
        let write = |file: &mut DurableFile| match self.format {
            AnimationFormat::Gif => write_gif(&self.frames, file),
            AnimationFormat::WebP => write_webp(&self.frames, file),
            AnimationFormat::Png => write_png(&self.frames, file),
        };
        durable::write(&self.path, write).map_err(write_error(&self.path))
    }
}

fn write_gif(frames: &[Shown], file: &mut impl Write) -> io::Result<()> {
    let mut encoder = GifEncoder::new(file);
    encoder.set_repeat(Repeat::Infinite).map_err(io::Error::other)?;
    for (picture, time) in frames {
        let picture = DynamicImage::from(picture.clone()).into_rgba8();
        let delay = Delay::from_numer_denom_ms(u32::from(*time), 1);
        let frame = image::Frame::from_parts(picture, 0, 0, delay);
        encoder.encode_frame(frame).map_err(io::Error::other)?;
    }
    Ok(())
}

fn write_png(frames: &[Shown], file: &mut impl Write) -> io::Result<()> {
    let (first, _) = &frames[0];
    let mut encoder = png::Encoder::new(file, first.width(), first.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_animated(frames.len() as u32, 0)?;
    let mut writer = encoder.write_header()?;
    for (picture, time) in frames {
        writer.set_frame_delay(*time, 1000)?;
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
        let written = |write: fn(&[Shown], &mut Vec<u8>) -> io::Result<()>| {
            let mut bytes = Vec::new();
            write(&frames(), &mut bytes).unwrap();
            Cursor::new(bytes)
        };
        let png = PngDecoder::new(written(write_png)).unwrap();
        assert_eq!(seen(png.apng().unwrap()), wanted);
        assert_eq!(seen(WebPDecoder::new(written(write_webp)).unwrap()), wanted);
        assert_eq!(seen(GifDecoder::new(written(write_gif)).unwrap()), wanted);
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

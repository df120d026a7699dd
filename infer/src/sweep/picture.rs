//! A picture as SVG and as PNG: drawn once, for both, without a font of the system.

use std::io;
use std::path::Path;

use image::{ImageFormat, Rgb, RgbImage};
use pixelflow::durable;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::pixels::Pixels;
use crate::Result;
use crate::error::write_error;

/// What can be drawn, whatever on.
pub trait Draw {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);

    /// Draws.
    ///
    /// # Errors
    /// What the backend says.
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, Shift>) -> Drawn<B>;
}

/// What drawing says.
pub type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;

/// A picture in both forms.
#[derive(Clone, Debug)]
pub struct Picture {
    /// For papers and pages.
    pub svg: String,
    /// For all else.
    pub png: RgbImage,
}

impl Picture {
    /// Draws a picture.
    ///
    /// # Panics
    /// Never: text and pixels in memory take all that is drawn.
    pub fn of(what: &impl Draw) -> Self {
        let size = what.size();
        let mut svg = String::new();
        what.draw(&SVGBackend::with_string(&mut svg, size).into_drawing_area())
            .expect("an SVG in memory takes everything");
        let mut png = RgbImage::from_pixel(size.0, size.1, Rgb([255; 3]));
        what.draw(&Pixels(&mut png).into_drawing_area()).expect("pixels take everything");
        Self { svg, png }
    }

    /// Writes `NAME.svg` and `NAME.png` into a folder.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn write(&self, folder: &Path, name: &str) -> Result<()> {
        let path = |ending: &str| folder.join(format!("{name}.{ending}"));
        let png = |file: &mut durable::DurableFile| {
            self.png.write_to(file, ImageFormat::Png).map_err(io::Error::other)
        };
        durable::write(&path("png"), png).map_err(write_error(&path("png")))?;
        durable::write_text(&path("svg"), &self.svg).map_err(write_error(&path("svg")))
    }
}

/// Colour of text.
pub(super) const INK: RGBColor = RGBColor(40, 44, 52);
/// Colour of what is said beside.
pub(super) const QUIET: RGBColor = RGBColor(105, 112, 122);
/// Colour of lines behind everything.
pub(super) const FAINT: RGBColor = RGBColor(228, 231, 235);
/// Pixels of a letter, about: those of the PNG's font.
pub(super) const LETTER: i32 = 9;

/// How a text is written: large, bold, or plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    Title,
    Bold,
    Plain,
}

/// Where a text stands: left of its place begins it, above its place ends it.
pub(super) const LEFT: Pos = Pos { h_pos: HPos::Left, v_pos: VPos::Center };
/// Centred in both directions.
pub(super) const CENTRE: Pos = Pos { h_pos: HPos::Center, v_pos: VPos::Center };
/// Ends at its place.
pub(super) const RIGHT: Pos = Pos { h_pos: HPos::Right, v_pos: VPos::Center };

/// Writes a text.
pub(super) fn write<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    text: &str,
    at: (i32, i32),
    (hand, colour, anchor): (Hand, RGBColor, Pos),
) -> Drawn<B> {
    let (size, style) = match hand {
        Hand::Title => (21, FontStyle::Bold),
        Hand::Bold => (16, FontStyle::Bold),
        Hand::Plain => (16, FontStyle::Normal),
    };
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(size), style);
    let style = TextStyle::from(font).color(&colour).pos(anchor);
    area.draw(&Text::new(text.to_owned(), at, style))
}

/// A text's width in pixels, at most.
pub(super) fn width(text: &str) -> i32 {
    text.chars().count() as i32 * LETTER
}

/// Writes a title, and lines of a subtitle below it.
pub(super) fn write_heading<B: DrawingBackend>(
    area: &DrawingArea<B, Shift>,
    title: &str,
    subtitle: &str,
) -> Drawn<B> {
    write(area, title, (28, 34), (Hand::Title, INK, LEFT))?;
    for (number, line) in subtitle.lines().enumerate() {
        write(area, line, (28, 62 + 22 * number as i32), (Hand::Plain, QUIET, LEFT))?;
    }
    Ok(())
}

/// The width of a picture that such a heading fits into.
pub(super) fn heading_width(title: &str, subtitle: &str) -> i32 {
    let title = width(title) + title.chars().count() as i32;
    subtitle.lines().map(width).fold(title, i32::max) + 56
}

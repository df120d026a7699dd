//! How labels are written: in a small font where it has all their letters, else in GNU Unifont, which
//! has those of every script.

use embedded_graphics::Drawable;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_8X13;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Baseline, Text};
use image::{Rgb, RgbImage};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unifont::{Glyph, get_glyph};

const INK: Rgb<u8> = Rgb([40, 40, 40]);
/// Pixels of a column, which most letters fill and those of East Asia fill two of.
pub(crate) const COLUMN: u32 = 8;
/// Columns of a line of a label; longer Latin words stand alone.
const LINE_COLUMNS: usize = 32;

/// The font of all labels of a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lettering {
    /// Western European letters; the font that numbers are written in, too.
    Latin,
    /// Letters of all scripts, a little higher.
    AnyScript,
}

impl Lettering {
    /// The lettering that has all letters of these labels.
    pub(crate) fn of<'a>(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let is_latin = |label: &str| label.nfc().all(|letter| letter <= '\u{ff}');
        if labels.into_iter().all(is_latin) { Self::Latin } else { Self::AnyScript }
    }

    /// Pixels of a line.
    pub(crate) fn height(self) -> u32 {
        match self {
            Self::Latin => 13,
            Self::AnyScript => 16,
        }
    }

    /// A label in lines, broken between words; letters stand as they are drawn, from left to right.
    pub(crate) fn lines(self, label: &str) -> Vec<String> {
        let label: String = label.nfc().collect();
        let label = match self {
            Self::Latin => label,
            Self::AnyScript => unifont::i18n::preprocess_text(&label).replace(is_invisible, ""),
        };
        let mut lines: Vec<Vec<String>> = Vec::new();
        let mut filled = 0;
        for word in label.split_whitespace().flat_map(|word| self.parts(word)) {
            let columns = self.columns(&word);
            match lines.last_mut() {
                Some(line) if filled + 1 + columns <= LINE_COLUMNS => {
                    line.push(word);
                    filled += 1 + columns;
                }
                _ => {
                    lines.push(vec![word]);
                    filled = columns;
                }
            }
        }
        lines.into_iter().map(in_visual_order).collect()
    }

    /// A word in parts that fit a line: scripts without spaces break anywhere.
    fn parts(self, word: &str) -> Vec<String> {
        if self == Self::Latin {
            return vec![word.to_owned()];
        }
        let mut parts = vec![String::new()];
        let mut filled = 0;
        for letter in word.chars() {
            let columns = self.columns(letter.encode_utf8(&mut [0; 4]));
            if filled + columns > LINE_COLUMNS {
                parts.push(String::new());
                filled = 0;
            }
            filled += columns;
            parts.last_mut().expect("there is one").push(letter);
        }
        parts
    }

    /// Columns of a line.
    pub(crate) fn columns(self, line: &str) -> usize {
        match self {
            Self::Latin => line.chars().count(),
            Self::AnyScript => line.chars().map(advance).sum(),
        }
    }

    /// Writes a line; `top` may be above the image.
    pub(crate) fn write(self, line: &str, left: i32, top: i32, image: &mut RgbImage) {
        match self {
            Self::Latin => {
                let ink = Rgb888::new(INK.0[0], INK.0[1], INK.0[2]);
                let style = MonoTextStyle::new(&FONT_8X13, ink);
                let text = Text::with_baseline(line, Point::new(left, top), style, Baseline::Top);
                let Ok(_) = text.draw(&mut Canvas(image));
            }
            Self::AnyScript => {
                let mut right = left;
                for letter in line.chars() {
                    // A mark stands on the letter before it.
                    let left = if advance(letter) == 0 { right - COLUMN as i32 } else { right };
                    let glyph = glyph(letter);
                    for (x, y) in (0..16).flat_map(|y| (0..16).map(move |x| (x, y))) {
                        if glyph.is_some_and(|glyph| glyph.get_pixel(x, y)) {
                            put(image, left + x as i32, top + y as i32, INK);
                        }
                    }
                    right += advance(letter) as i32 * COLUMN as i32;
                }
            }
        }
    }
}

/// The picture of a letter; one that no font has is shown as unknown.
fn glyph(letter: char) -> Option<&'static Glyph> {
    get_glyph(letter).or_else(|| get_glyph(char::REPLACEMENT_CHARACTER))
}

/// Columns from a letter to the next; none for a mark on the letter before.
fn advance(letter: char) -> usize {
    if is_combining_mark(letter) {
        return 0;
    }
    glyph(letter).map_or(1, |glyph| glyph.get_width() / COLUMN as usize)
}

/// Marks that only tell how letters join, which are not drawn.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The words of a line as they are drawn, from left to right: those of Hebrew and Arabic run the other
/// way, and so does a line that begins with one.
fn in_visual_order(mut words: Vec<String>) -> String {
    let is_leftward = |word: &String| {
        word.chars().any(|letter| {
            matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}')
        })
    };
    if words.first().is_some_and(is_leftward) {
        words.reverse();
    }
    for word in words.iter_mut().filter(|word| is_leftward(word)) {
        let mut letters: Vec<Vec<char>> = Vec::new();
        for letter in word.chars() {
            match letters.last_mut() {
                Some(letters) if is_combining_mark(letter) => letters.push(letter),
                _ => letters.push(vec![letter]),
            }
        }
        *word = letters.into_iter().rev().flatten().collect();
    }
    words.join(" ")
}

fn put(image: &mut RgbImage, x: i32, y: i32, colour: Rgb<u8>) {
    if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
        && let Some(pixel) = image.get_pixel_mut_checked(x, y)
    {
        *pixel = colour;
    }
}

/// An image that text can be drawn on.
pub(crate) struct Canvas<'a>(pub(crate) &'a mut RgbImage);

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = embedded_graphics::Pixel<Rgb888>>,
    {
        for embedded_graphics::Pixel(Point { x, y }, colour) in pixels {
            put(self.0, x, y, Rgb([colour.r(), colour.g(), colour.b()]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_all_scripts_are_drawn_and_told_apart() {
        let drawn = |label: &str| {
            let lettering = Lettering::of([label]);
            let mut image = RgbImage::from_pixel(200, 16, Rgb([255; 3]));
            let lines = lettering.lines(label);
            assert_eq!(lines.len(), 1, "{label}");
            lettering.write(&lines[0], 0, 0, &mut image);
            image
        };
        let unknown = drawn("\u{10fffd}猫");
        let labels = ["猫", "犬", "ねこ", "고양이", "кошка", "γάτα", "قطة", "חתול", "แมว", "größe"];
        for label in labels {
            assert!(drawn(label) != drawn("?") && drawn(label) != unknown, "{label}");
            assert!(labels.iter().all(|other| *other == label || drawn(other) != drawn(label)));
        }
        // However an accent is encoded, it is the same letter.
        for (composed, apart) in
            [("größe", "gro\u{308}ße"), ("й", "и\u{306}"), ("각", "\u{1100}\u{1161}\u{11a8}")]
        {
            assert!(drawn(composed) == drawn(apart), "{composed}");
        }
    }

    #[test]
    fn lines_hold_what_fits_whatever_the_script() {
        let lines = Lettering::AnyScript.lines(&"猫".repeat(40));
        assert_eq!(lines.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [16, 16, 8]);
        assert!(lines.iter().all(|line| Lettering::AnyScript.columns(line) <= LINE_COLUMNS));
        // Hebrew runs from right to left, numbers in it do not.
        assert_eq!(Lettering::AnyScript.lines("אב 12 גד"), ["דג 12 בא"]);
    }
}

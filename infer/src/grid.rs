//! A grid of images with a label for each row.

use embedded_graphics::Drawable;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_8X13;
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::text::{Baseline, Text};
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

const BACKGROUND: Rgb<u8> = Rgb([255, 255, 255]);
const INK: Rgb888 = Rgb888::new(40, 40, 40);
/// Width and height of a letter in pixels.
const LETTER: (u32, u32) = (8, 13);
/// Pixels between images, and around the grid.
const GAP: u32 = 4;

/// One row of a grid.
#[derive(Clone, Debug)]
pub struct GridRow {
    /// What its images show; may be empty.
    pub label: String,
    /// Its images; rows may differ in number and images in size.
    pub images: Vec<RgbImage>,
}

/// All images, each `scale` times as large, row by row with the labels on the left.
///
/// Enlarging repeats pixels: nothing is smoothed. Letters that the font lacks become `?`.
pub fn labelled_grid(rows: &[GridRow], scale: u32) -> RgbImage {
    let scale = scale.max(1);
    let sizes = || {
        rows.iter()
            .flat_map(|row| &row.images)
            .map(RgbImage::dimensions)
    };
    let cell_width = sizes().map(|(width, _)| width).max().unwrap_or(0) * scale + GAP;
    let cell_height =
        (sizes().map(|(_, height)| height).max().unwrap_or(0) * scale).max(LETTER.1) + GAP;
    let columns = rows.iter().map(|row| row.images.len()).max().unwrap_or(0) as u32;
    let letters = rows
        .iter()
        .map(|row| row.label.chars().count())
        .max()
        .unwrap_or(0) as u32;
    let label_width = if letters == 0 {
        0
    } else {
        letters * LETTER.0 + 2 * GAP
    };

    let width = label_width + columns * cell_width + GAP;
    let height = rows.len() as u32 * cell_height + GAP;
    let mut canvas = Canvas(RgbImage::from_pixel(width, height, BACKGROUND));
    for (row, GridRow { label, images }) in rows.iter().enumerate() {
        let top = GAP + row as u32 * cell_height;
        let middle = Point::new(GAP as i32, (top + (cell_height - GAP) / 2) as i32);
        let style = MonoTextStyle::new(&FONT_8X13, INK);
        let Ok(_) = Text::with_baseline(label, middle, style, Baseline::Middle).draw(&mut canvas);
        for (column, image) in images.iter().enumerate() {
            let left = label_width + GAP + column as u32 * cell_width;
            let (width, height) = image.dimensions();
            let enlarged =
                imageops::resize(image, width * scale, height * scale, FilterType::Nearest);
            imageops::replace(&mut canvas.0, &enlarged, i64::from(left), i64::from(top));
        }
    }
    canvas.0
}

/// An image that text can be drawn on.
struct Canvas(RgbImage);

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Self::Error>
    where
        I: IntoIterator<Item = embedded_graphics::Pixel<Rgb888>>,
    {
        for embedded_graphics::Pixel(Point { x, y }, colour) in pixels {
            if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
                && let Some(pixel) = self.0.get_pixel_mut_checked(x, y)
            {
                *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(level: u8) -> RgbImage {
        RgbImage::from_pixel(2, 2, Rgb([level; 3]))
    }

    #[test]
    fn images_lie_behind_their_labels_enlarged() {
        let row = |label: &str, levels: &[u8]| GridRow {
            label: label.to_owned(),
            images: levels.iter().map(|level| plain(*level)).collect(),
        };
        let grid = labelled_grid(&[row("ab", &[10, 20]), row("c", &[30])], 3);
        let (label, cell) = (2 * 8 + 8, 2 * 3 + 4);
        assert_eq!(grid.width(), label + 2 * cell + 4);
        let at = |column: u32, row: u32| {
            grid.get_pixel(label + 4 + column * cell + 5, 4 + row * (13 + 4) + 5)
                .0[0]
        };
        assert_eq!([at(0, 0), at(1, 0), at(0, 1), at(1, 1)], [10, 20, 30, 255]);
        let inked = |row: u32| {
            let pixels = (0..label).flat_map(|x| (0..13).map(move |y| (x, 4 + row * 17 + y)));
            pixels
                .filter(|(x, y)| grid.get_pixel(*x, *y).0[0] < 100)
                .count()
        };
        assert!(
            inked(0) > inked(1) && inked(1) > 5,
            "both labels are written"
        );
    }

    #[test]
    fn nothing_makes_it_panic() {
        assert_eq!(labelled_grid(&[], 1).dimensions(), (4, 4));
        let empty = GridRow {
            label: "größe 猫".to_owned(),
            images: Vec::new(),
        };
        assert!(labelled_grid(&[empty], 0).width() > 7 * 8);
    }
}

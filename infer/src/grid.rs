//! A grid of images with a label for each row.

use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

use crate::lettering::{COLUMN, Lettering};

const BACKGROUND: Rgb<u8> = Rgb([255, 255, 255]);
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

/// The lengths of a grid in pixels: known before any image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GridMeasure {
    lettering: Lettering,
    label_width: u64,
    cell_width: u64,
    cell_height: u64,
    columns: u64,
    rows: u64,
    header: u64,
}

impl GridMeasure {
    /// Of rows with a label and a number of images each; `[height, width]` is that of the largest
    /// image, which is enlarged `scale` times. A numbered grid has a line of numbers above its columns.
    pub(crate) fn new<'a>(
        rows: impl IntoIterator<Item = (&'a str, u64), IntoIter: Clone>,
        [height, width]: [u64; 2],
        scale: u32,
        numbered: bool,
    ) -> Self {
        let rows = rows.into_iter();
        let lettering = Lettering::of(rows.clone().map(|(label, _)| label));
        let (mut letters, mut lines, mut columns, mut count) = (0, 1, 0, 0);
        for (label, images) in rows {
            let of_label = lettering.lines(label);
            lines = lines.max(of_label.len() as u64);
            let longest = of_label.iter().map(|line| lettering.columns(line) as u64).max();
            letters = letters.max(longest.unwrap_or(0));
            columns = columns.max(images);
            count += 1;
        }
        let enlarged = |side: u64| side.saturating_mul(u64::from(scale.max(1)));
        let gap = u64::from(GAP);
        let line_height = u64::from(lettering.height());
        Self {
            lettering,
            label_width: if letters == 0 { 0 } else { letters * u64::from(COLUMN) + 2 * gap },
            cell_width: enlarged(width).saturating_add(gap),
            cell_height: enlarged(height).max(lines * line_height).saturating_add(gap),
            columns,
            rows: count,
            header: if numbered { Lettering::Latin.height().into() } else { 0 },
        }
    }

    /// Height and width of the whole grid.
    pub(crate) fn size(&self) -> [u64; 2] {
        let gap = u64::from(GAP);
        let cells = |count: u64, length: u64| count.saturating_mul(length).saturating_add(gap);
        let width = cells(self.columns, self.cell_width).saturating_add(self.label_width);
        [cells(self.rows, self.cell_height).saturating_add(self.header), width]
    }
}

/// All images, each `scale` times as large, row by row with the labels on the left, and above each
/// column its number if `first` is that of the first column.
///
/// Enlarging repeats pixels: nothing is smoothed.
///
/// # Panics
/// If a side would have 2^32 pixels or more; `GridMeasure` tells before.
pub fn labelled_grid(rows: &[GridRow], scale: u32, first: Option<u64>) -> RgbImage {
    let scale = scale.max(1);
    let images = || rows.iter().flat_map(|row| &row.images);
    let largest = [
        images().map(RgbImage::height).max().unwrap_or(0).into(),
        images().map(RgbImage::width).max().unwrap_or(0).into(),
    ];
    let counts = rows.iter().map(|row| (row.label.as_str(), row.images.len() as u64));
    let measure = GridMeasure::new(counts, largest, scale, first.is_some());
    let [height, width] =
        measure.size().map(|side| u32::try_from(side).expect("a side has less than 2^32 pixels"));
    // No part is longer than the whole.
    let [label_width, cell_width, cell_height] =
        [measure.label_width, measure.cell_width, measure.cell_height].map(|side| side as u32);
    let header = measure.header as u32;
    let mut canvas = RgbImage::from_pixel(width, height, BACKGROUND);
    for (column, number) in (0..measure.columns as u32).zip(first.into_iter().flat_map(|n| n..)) {
        let left = label_width + GAP + column * cell_width;
        Lettering::Latin.write(&number.to_string(), left as i32, GAP as i32 / 2, &mut canvas);
    }
    let lettering = measure.lettering;
    let line_height = lettering.height() as i32;
    for (row, GridRow { label, images }) in rows.iter().enumerate() {
        let top = header + GAP + row as u32 * cell_height;
        let middle = (top + (cell_height - GAP) / 2) as i32;
        let lines = lettering.lines(label);
        for (line, text) in lines.iter().enumerate() {
            // Centred: half of the lines are above the middle.
            let centre = middle + (2 * line as i32 + 1 - lines.len() as i32) * line_height / 2;
            lettering.write(text, GAP as i32, centre - (line_height - 1) / 2, &mut canvas);
        }
        for (column, image) in images.iter().enumerate() {
            let left = label_width + GAP + column as u32 * cell_width;
            let (width, height) = image.dimensions();
            let enlarged =
                imageops::resize(image, width * scale, height * scale, FilterType::Nearest);
            imageops::replace(&mut canvas, &enlarged, i64::from(left), i64::from(top));
        }
    }
    canvas
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
        let grid = labelled_grid(&[row("ab", &[10, 20]), row("c", &[30])], 3, None);
        let (label, cell) = (2 * 8 + 8, 2 * 3 + 4);
        assert_eq!(grid.width(), label + 2 * cell + 4);
        let measure = GridMeasure::new([("ab", 2), ("c", 1)], [2, 2], 3, false);
        assert_eq!(measure.size(), [grid.height(), grid.width()].map(u64::from));
        let at = |column: u32, row: u32| {
            grid.get_pixel(label + 4 + column * cell + 5, 4 + row * (13 + 4) + 5).0[0]
        };
        assert_eq!([at(0, 0), at(1, 0), at(0, 1), at(1, 1)], [10, 20, 30, 255]);
        let inked = |row: u32| {
            let pixels = (0..label).flat_map(|x| (0..13).map(move |y| (x, 4 + row * 17 + y)));
            pixels.filter(|(x, y)| grid.get_pixel(*x, *y).0[0] < 100).count()
        };
        assert!(inked(0) > inked(1) && inked(1) > 5, "both labels are written");
    }

    #[test]
    fn numbers_stand_above_their_columns_and_move_the_rest_down() {
        let row = || [GridRow { label: "a".to_owned(), images: vec![plain(10), plain(20)] }];
        let [bare, numbered] = [None, Some(7)].map(|first| labelled_grid(&row(), 8, first));
        assert_eq!(numbered.height(), bare.height() + 13);
        let measure = GridMeasure::new([("a", 2)], [2, 2], 8, true);
        assert_eq!(measure.size(), [numbered.height(), numbered.width()].map(u64::from));
        for (x, y, pixel) in bare.enumerate_pixels().filter(|(_, y, _)| *y >= 4) {
            assert_eq!(numbered.get_pixel(x, y + 13), pixel);
        }
        let inked = |x: u32| (0..13).any(|y| numbered.get_pixel(x, y + 2).0[0] < 100);
        let label = 8 + 8;
        assert!((0..label).all(|x| !inked(x)), "a number above the labels");
        assert!((0..2).all(|column| (0..8).any(|x| inked(label + 4 + column * 20 + x))));
    }

    #[test]
    fn nothing_makes_it_panic() {
        assert_eq!(labelled_grid(&[], 1, None).dimensions(), (4, 4));
        let empty = GridRow { label: "größe 猫".to_owned(), images: Vec::new() };
        assert!(labelled_grid(&[empty], 0, Some(u64::MAX)).width() > 7 * 8);
        let endless = GridMeasure::new([("", u64::MAX)], [u64::MAX; 2], u32::MAX, true);
        assert_eq!(endless.size(), [u64::MAX; 2]);
    }
}

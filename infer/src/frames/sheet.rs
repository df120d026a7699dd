//! A sheet: several images as one, side by side.

use image::imageops::{FilterType, replace, resize};
use image::{Rgb, RgbImage};

/// Pixels between images.
const GAP: u32 = 4;

/// Columns of a sheet of so many images: as many as rows, or one more.
pub(super) fn columns(images: usize) -> usize {
    (1..=images).find(|columns| columns * columns >= images).unwrap_or(1)
}

/// Height and width of a sheet of so many images, each as large as `side`.
pub(super) fn sheet_size(images: usize, [height, width]: [u32; 2]) -> [u32; 2] {
    if images == 1 {
        return [height, width];
    }
    let columns = columns(images);
    let length = |count: usize, side: u32| count as u32 * (side + GAP) + GAP;
    [length(images.div_ceil(columns), height), length(columns, width)]
}

/// All images, each as large as `side`, row by row.
///
/// Enlarging repeats pixels: nothing is smoothed.
pub(super) fn sheet(images: &[RgbImage], [height, width]: [u32; 2]) -> RgbImage {
    if let [image] = images {
        return enlarged(image, [height, width]);
    }
    let columns = columns(images.len()) as u32;
    let [sheet_height, sheet_width] = sheet_size(images.len(), [height, width]);
    let mut sheet = RgbImage::from_pixel(sheet_width, sheet_height, Rgb([255; 3]));
    for (place, image) in (0_u32..).zip(images) {
        let [left, top] = [(place % columns, width), (place / columns, height)]
            .map(|(count, side)| i64::from(count * (side + GAP) + GAP));
        replace(&mut sheet, &enlarged(image, [height, width]), left, top);
    }
    sheet
}

/// An image in another size, its pixels repeated.
pub(super) fn enlarged(image: &RgbImage, [height, width]: [u32; 2]) -> RgbImage {
    resize(image, width, height, FilterType::Nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_stand_in_rows_and_small_ones_are_enlarged() {
        let grey = |level, side| RgbImage::from_pixel(side, side, Rgb([level; 3]));
        let sheet = sheet(&[grey(1, 8), grey(2, 4), grey(3, 8)], [16, 8]);
        assert_eq!(sheet.dimensions(), (4 + 12 + 12, 4 + 20 + 20));
        let at = |x, y| sheet.get_pixel(x, y).0[0];
        assert_eq!([at(4, 4), at(11, 19), at(16, 4), at(4, 24)], [1, 1, 2, 3]);
        assert_eq!([at(3, 3), at(12, 4), at(16, 24)], [255; 3]);
        assert_eq!([1, 2, 4, 5, 9, 10, 16].map(columns), [1, 2, 2, 3, 3, 4, 4]);
    }
}

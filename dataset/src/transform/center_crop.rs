//! The centre crop of the ADM evaluation (Dhariwal and Nichol 2021), used for `ImageNet` ever since.

use super::{Filter, resize};
use crate::Raster;

/// Scales the shorter side to `size` and cuts the square out of the middle.
///
/// Large images are first halved by box filter while their shorter side is at least `2 * size`,
/// then scaled by bicubic filter.
///
/// # Panics
/// If `size` is 0.
pub fn center_crop(image: &Raster, size: usize) -> Raster {
    assert!(size > 0, "cannot crop an image to nothing");
    let mut image = image.clone();
    while image.width().min(image.height()) >= 2 * size {
        image = resize(&image, image.width() / 2, image.height() / 2, Filter::Box);
    }
    let scale = size as f64 / image.width().min(image.height()) as f64;
    // Half to even, as Python's `round`.
    let scaled = |side: usize| (side as f64 * scale).round_ties_even() as usize;
    let (width, height) = (scaled(image.width()), scaled(image.height()));
    let image = resize(&image, width, height, Filter::Bicubic);
    image.crop((width - size) / 2, (height - size) / 2, size, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_the_right_size_is_untouched() {
        let image = Raster::new(8, 8, 1, (0..64).collect()).unwrap();
        assert_eq!(center_crop(&image, 8), image);
    }

    #[test]
    fn the_middle_survives() {
        // Red, green, blue thirds; the square in the middle is all green.
        let row = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
            .map(|colour| colour.repeat(8))
            .concat();
        let image = Raster::new(24, 8, 3, row.repeat(8)).unwrap();
        assert_eq!(center_crop(&image, 8).data(), [0, 255, 0].repeat(64));
    }

    #[test]
    fn every_size_comes_out_square() {
        for (width, height, size) in [
            (1, 1, 4),
            (3, 7, 5),
            (100, 31, 8),
            (640, 481, 32),
            (9, 8, 4),
        ] {
            let image = Raster::new(width, height, 1, vec![7; width * height]).unwrap();
            let cropped = center_crop(&image, size);
            assert_eq!(
                (cropped.width(), cropped.height()),
                (size, size),
                "{width}x{height}"
            );
            assert!(cropped.data().iter().all(|&value| value == 7));
        }
    }
}

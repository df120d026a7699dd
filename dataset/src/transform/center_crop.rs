//! The centre crop of the ADM evaluation (Dhariwal and Nichol 2021), used for `ImageNet` ever since.

use std::borrow::Cow;

use super::{Filter, resize};
use crate::Raster;

/// Scales an image until it just covers `[height, width]`, and cuts that out of the middle.
///
/// Large images are first halved by box filter while they cover it twice, then scaled by bicubic
/// filter. For squares this is the cited crop bit for bit.
///
/// # Panics
/// If a side is 0.
pub fn center_crop(image: &Raster, [height, width]: [usize; 2]) -> Raster {
    assert!(height > 0 && width > 0, "cannot crop an image to nothing");
    let mut image = Cow::Borrowed(image);
    while image.width() >= 2 * width && image.height() >= 2 * height {
        image = Cow::Owned(resize(&image, image.width() / 2, image.height() / 2, Filter::Box));
    }
    let scale =
        f64::max(width as f64 / image.width() as f64, height as f64 / image.height() as f64);
    // Half to even, as Python's `round`.
    let scaled = |side: usize| (side as f64 * scale).round_ties_even() as usize;
    let (wide, high) = (scaled(image.width()), scaled(image.height()));
    let image = resize(&image, wide, high, Filter::Bicubic);
    image.crop((wide - width) / 2, (high - height) / 2, width, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_the_right_size_is_untouched() {
        let image = Raster::new(8, 8, 1, (0..64).collect()).unwrap();
        assert_eq!(center_crop(&image, [8, 8]), image);
    }

    #[test]
    fn the_middle_survives() {
        // Red, green, blue thirds; the square in the middle is all green.
        let row = [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|colour| colour.repeat(8)).concat();
        let image = Raster::new(24, 8, 3, row.repeat(8)).unwrap();
        assert_eq!(center_crop(&image, [8, 8]).data(), [0, 255, 0].repeat(64));
    }

    #[test]
    fn a_wide_image_fills_a_wide_crop() {
        // As above, but two thirds wide: half of red and of blue stay.
        let row = [[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|colour| colour.repeat(8)).concat();
        let image = Raster::new(24, 8, 3, row.repeat(8)).unwrap();
        let cropped = center_crop(&image, [8, 16]);
        assert_eq!(cropped.data()[..3], [255, 0, 0]);
        assert_eq!(cropped.data()[3 * 15..3 * 16], [0, 0, 255]);
    }

    #[test]
    fn every_size_comes_out_as_asked() {
        for (width, height, size) in [(1, 1, 4), (3, 7, 5), (100, 31, 8), (640, 481, 32), (9, 8, 4)]
        {
            let image = Raster::new(width, height, 1, vec![7; width * height]).unwrap();
            for [high, wide] in [[size, size], [size, 2 * size], [3 * size, size]] {
                let cropped = center_crop(&image, [high, wide]);
                assert_eq!((cropped.width(), cropped.height()), (wide, high), "{width}x{height}");
                assert!(cropped.data().iter().all(|&value| value == 7));
            }
        }
    }
}

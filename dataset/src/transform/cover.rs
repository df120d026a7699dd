//! Scaling before a random crop.

use super::{Filter, resize};
use crate::Raster;

/// Scales `image` by Lanczos filter until it just covers `[height, width]`.
///
/// For a square that is its shorter side. The other side is rounded down, as torchvision's
/// `Resize(side)` does.
///
/// # Panics
/// If a side is 0.
pub fn resize_to_cover(image: &Raster, [height, width]: [usize; 2]) -> Raster {
    let (from_width, from_height) = (image.width(), image.height());
    // Whether the width is what just fits: compared as fractions, without rounding.
    if from_width * height <= from_height * width {
        let other = width * from_height / from_width;
        resize(image, width, other.max(height), Filter::Lanczos)
    } else {
        let other = height * from_width / from_height;
        resize(image, other.max(width), height, Filter::Lanczos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_follows_rounded_down() {
        for (width, height, expected) in
            [(300, 200, (108, 72)), (200, 300, (72, 108)), (225, 151, (107, 72)), (5, 5, (72, 72))]
        {
            let image = Raster::new(width, height, 1, vec![0; width * height]).unwrap();
            let scaled = resize_to_cover(&image, [72, 72]);
            assert_eq!((scaled.width(), scaled.height()), expected);
        }
    }

    #[test]
    fn what_is_not_square_is_covered_just_so() {
        for (width, height, expected) in [(300, 200, (108, 72)), (200, 300, (100, 150))] {
            let image = Raster::new(width, height, 1, vec![0; width * height]).unwrap();
            let scaled = resize_to_cover(&image, [72, 100]);
            assert_eq!((scaled.width(), scaled.height()), expected);
        }
    }
}

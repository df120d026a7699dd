//! Scaling by the shorter side, before a random crop.

use super::{Filter, resize};
use crate::Raster;

/// Scales `image` by Lanczos filter so that its shorter side becomes `side`.
///
/// The longer side is rounded down, as torchvision's `Resize(side)` does.
///
/// # Panics
/// If `side` is 0.
pub fn resize_shorter_side(image: &Raster, side: usize) -> Raster {
    let (width, height) = (image.width(), image.height());
    let (shorter, longer) = (width.min(height), width.max(height));
    let long_side = side * longer / shorter;
    if width <= height {
        resize(image, side, long_side, Filter::Lanczos)
    } else {
        resize(image, long_side, side, Filter::Lanczos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_side_follows_rounded_down() {
        for (width, height, expected) in [
            (300, 200, (108, 72)),
            (200, 300, (72, 108)),
            (225, 151, (107, 72)),
            (5, 5, (72, 72)),
        ] {
            let image = Raster::new(width, height, 1, vec![0; width * height]).unwrap();
            let scaled = resize_shorter_side(&image, 72);
            assert_eq!((scaled.width(), scaled.height()), expected);
        }
    }
}

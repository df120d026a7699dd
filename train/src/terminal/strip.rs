//! A strip of images, side by side, as wide as a terminal.

use image::imageops::{FilterType, overlay, resize};
use image::{Rgb, RgbImage};

/// Height of a strip: 12 lines of half blocks.
const HEIGHT: u32 = 24;
/// Pixels between two images.
const GAP: u32 = 1;
/// What is between them.
const BACKGROUND: Rgb<u8> = Rgb([0; 3]);

/// As many of the images as fit into this room, from the first on, all of one height; `None` if none does.
///
/// Of several images a class (`columns`), the first of every class is shown before the second of any.
pub(super) fn strip(
    images: &[RgbImage],
    columns: usize,
    (width, height): (u32, u32),
) -> Option<RgbImage> {
    let height = height.min(HEIGHT);
    let columns = columns.max(1);
    let order = (0..columns).flat_map(|column| images.iter().skip(column).step_by(columns));
    let mut strip = RgbImage::from_pixel(width, height, BACKGROUND);
    let mut taken = 0;
    for image in order {
        let own = (image.width() * height).div_ceil(image.height().max(1)).max(1);
        if taken + own > width {
            break;
        }
        let small = resize(image, own, height, FilterType::Triangle);
        overlay(&mut strip, &small, i64::from(taken), 0);
        taken += own + GAP;
    }
    let used = taken.checked_sub(GAP)?;
    Some(image::imageops::crop_imm(&strip, 0, 0, used, height).to_image())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_image_of_every_class_comes_before_the_second_of_any() {
        let image = |value| RgbImage::from_pixel(48, 48, Rgb([value; 3]));
        let images = [10, 11, 20, 21].map(image);
        let strip = strip(&images, 2, (24 * 3 + 2, 100)).unwrap();
        assert_eq!(strip.dimensions(), (24 * 3 + 2, 24));
        let seen = [0, 25, 50].map(|x| strip.get_pixel(x, 12)[0]);
        assert_eq!(seen, [10, 20, 11]);
        assert_eq!(*strip.get_pixel(24, 12), BACKGROUND);
    }

    #[test]
    fn there_is_no_strip_where_no_image_fits() {
        let wide = RgbImage::new(100, 10);
        assert_eq!(strip(&[wide], 1, (80, 24)), None);
        assert_eq!(strip(&[], 1, (80, 24)), None);
        assert_eq!(strip(&[RgbImage::new(32, 32)], 2, (80, 8)).unwrap().dimensions(), (8, 8));
    }
}

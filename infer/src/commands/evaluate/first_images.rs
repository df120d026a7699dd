//! The first images of a measurement, kept as they come, to be shown.

use image::RgbImage;

/// Images that are kept, at most.
const MOST: usize = 32;
/// The fewest that are kept of any size.
const LEAST: usize = 4;
/// Pixels of all that are kept, beyond [`LEAST`].
const PIXELS: usize = MOST * 128 * 128;

/// The first images that are seen.
pub(super) struct FirstImages {
    most: usize,
    images: Vec<RgbImage>,
}

impl FirstImages {
    /// Keeps none.
    pub(super) fn none() -> Self {
        Self { most: 0, images: Vec::new() }
    }

    /// Keeps 32 small images, or fewer large ones of a height and width.
    pub(super) fn of_size([height, width]: [usize; 2]) -> Self {
        let most = (PIXELS / (height * width).max(1)).clamp(LEAST, MOST);
        Self { most, images: Vec::new() }
    }

    /// Is shown images that were drawn.
    pub(super) fn see(&mut self, images: &[RgbImage]) {
        let wanted = self.most - self.images.len();
        self.images.extend(images.iter().take(wanted).cloned());
    }

    /// Those that were kept.
    pub(super) fn images(&self) -> &[RgbImage] {
        &self.images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_whatever_the_batches_and_fewer_of_large_ones() {
        let image = |level| RgbImage::from_pixel(1, 1, image::Rgb([level; 3]));
        let kept = |size, batch: usize| {
            let mut first = FirstImages::of_size(size);
            let images: Vec<RgbImage> = (0..60).map(image).collect();
            images.chunks(batch).for_each(|batch| first.see(batch));
            first.images().iter().map(|image| image.as_raw()[0]).collect::<Vec<_>>()
        };
        let expected: Vec<u8> = (0..32).collect();
        for batch in [1, 7, 60] {
            assert_eq!(kept([32, 32], batch), expected);
        }
        assert_eq!((kept([256, 256], 5).len(), kept([4096, 4096], 5).len()), (8, 4));
        let mut none = FirstImages::none();
        none.see(&[image(0)]);
        assert!(none.images().is_empty());
    }
}

//! From an image of any size to one that the model is trained on.
//!
//! The work has two halves. [`Transform::fit`] scales: it is deterministic and slow, so its result
//! can be kept. [`Transform::augment`] crops, flips and normalises: it is random and fast.

mod center_crop;
mod cover;
mod normalise;
mod resize;

use pixelflow::noise::{Key, Purpose};
use serde::{Deserialize, Serialize};

pub use center_crop::center_crop;
pub use cover::resize_to_cover;
pub use normalise::normalise;
pub use resize::{Filter, resize};

use crate::{Error, Raster, Result};

/// Most pixels a scaled image may have before it is cropped.
const MAX_SCALED_PIXELS: usize = 1 << 26;

/// How images are brought to size; [`build`](TransformConfig::build) turns it into a [`Transform`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransformConfig {
    /// Side of the square images, in pixels. Default 256.
    pub size: usize,
    /// Cut the square from the middle instead of at random. Default true.
    pub center_crop: bool,
    /// Without `center_crop`: how much longer than `size` the shorter side is when the random
    /// square is cut out. 1 to 8. Default 1.125.
    pub expand_ratio: f64,
    /// Mirror every second image, left and right. Default true.
    pub flip: bool,
}

impl Default for TransformConfig {
    fn default() -> Self {
        Self { size: 256, center_crop: true, expand_ratio: 1.125, flip: true }
    }
}

impl TransformConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Config`] when `size` is 0 or above 4096, or `expand_ratio` outside 1..8.
    pub fn build(self) -> Result<Transform> {
        if self.size == 0 || self.size > 4096 {
            let reason = "images can be 1 to 4096 pixels a side".to_owned();
            return Err(Error::Config { field: "size", value: self.size.to_string(), reason });
        }
        if !(1.0..=8.0).contains(&self.expand_ratio) {
            let (field, value) = ("expand_ratio", self.expand_ratio.to_string());
            return Err(Error::Config { field, value, reason: "it must be 1 to 8".to_owned() });
        }
        Ok(Transform { config: self, size: [self.size; 2] })
    }

    /// The same for validation: the middle of every image, never mirrored.
    #[must_use]
    pub fn without_augmentation(self) -> Self {
        Self { center_crop: true, flip: false, ..self }
    }
}

/// A checked [`TransformConfig`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transform {
    config: TransformConfig,
    /// `[height, width]` of the images.
    size: [usize; 2],
}

impl Transform {
    /// Height and width of the images it makes, in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// The same for images of another size, `[height, width]` in pixels.
    #[must_use]
    pub fn at(self, size: [usize; 2]) -> Self {
        Self { size, ..self }
    }

    /// Bytes that [`fit`](Self::fit) takes for an image of `[height, width]` pixels with three channels,
    /// the image itself among them.
    pub(crate) fn memory(&self, [height, width]: [usize; 2]) -> u64 {
        let scale = self.scale([height, width]);
        let scaled = |side: usize| (side as f64 * scale).ceil() as usize;
        let (high, wide) = (scaled(height), scaled(width));
        // What is between the two passes, and after them; where an image is halved first, of that.
        let between = (wide * height).max(width * high).max(width * height / 2);
        let after = (wide * high).max(width * height / 4);
        3 * (width * height + between + after) as u64
    }

    /// How much longer an image of `[height, width]` pixels becomes.
    fn scale(&self, [height, width]: [usize; 2]) -> f64 {
        let [covered_height, covered_width] = self.covered();
        f64::max(covered_height as f64 / height as f64, covered_width as f64 / width as f64)
    }

    /// The deterministic half: scales `image`, with `center_crop` also cuts it.
    ///
    /// # Errors
    /// [`Error::TooThin`], naming `record`, when scaling would need absurd memory.
    pub fn fit(&self, image: &Raster, record: &str) -> Result<Raster> {
        let size = self.covered();
        let (width, height) = (image.width(), image.height());
        let scale = self.scale([height, width]);
        let pixels = (width as f64 * scale) * (height as f64 * scale);
        if pixels > MAX_SCALED_PIXELS as f64 {
            return Err(Error::TooThin {
                record: record.to_owned(),
                width,
                height,
                side: size[0].min(size[1]),
            });
        }
        if self.config.center_crop {
            Ok(center_crop(image, size))
        } else {
            Ok(resize_to_cover(image, size))
        }
    }

    /// The random half: cuts, mirrors and normalises what [`fit`](Self::fit) made.
    ///
    /// The draws depend on `seed` and `example`, the example's number in the whole training run.
    ///
    /// # Shapes
    /// - output: `[channels, height, width]` in -1..1
    ///
    /// # Panics
    /// If `fitted` is smaller than the images this transform makes.
    pub fn augment(&self, fitted: &Raster, seed: u64, example: u64) -> Vec<f32> {
        let [height, width] = self.size;
        let place = Key::new(seed, example, Purpose::Crop).uniforms(2);
        let offset = |space: usize, uniform: f64| ((space + 1) as f64 * uniform) as usize;
        let left = offset(fitted.width() - width, place[0]);
        let top = offset(fitted.height() - height, place[1]);
        let cropped = fitted.crop(left, top, width, height);
        if self.config.flip && Key::new(seed, example, Purpose::Flip).below(2) == 1 {
            normalise(&cropped.flip_horizontal())
        } else {
            normalise(&cropped)
        }
    }

    /// What an image is scaled to cover, `[height, width]`.
    fn covered(&self) -> [usize; 2] {
        let TransformConfig { center_crop, expand_ratio, .. } = self.config;
        if center_crop {
            self.size
        } else {
            let expanded = |side: usize| (side as f64 * expand_ratio).round_ties_even() as usize;
            self.size.map(expanded)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every pixel tells its place: 16 * row + column.
    fn map(width: usize, height: usize) -> Raster {
        let values = (0..height).flat_map(|y| (0..width).map(move |x| (16 * y + x) as u8));
        Raster::new(width, height, 1, values.collect()).unwrap()
    }

    fn random_crop(size: usize, expand_ratio: f64) -> Transform {
        TransformConfig { size, center_crop: false, expand_ratio, flip: false }.build().unwrap()
    }

    #[test]
    fn random_crops_reach_every_place_and_stay_inside() {
        let fitted = map(6, 5);
        let transform = random_crop(4, 1.0);
        let corners: HashSet<u32> =
            (0..200).map(|example| transform.augment(&fitted, 1, example)[0].to_bits()).collect();
        let expected: HashSet<u32> =
            (0..2).flat_map(|y| (0..3).map(move |x| fitted_value(x, y).to_bits())).collect();
        assert_eq!(corners, expected);
    }

    fn fitted_value(x: usize, y: usize) -> f32 {
        normalise(&map(6, 5).crop(x, y, 1, 1))[0]
    }

    #[test]
    fn half_of_the_images_are_mirrored() {
        let transform = TransformConfig { size: 4, ..TransformConfig::default() }.build().unwrap();
        let image = map(4, 4);
        let plain = normalise(&image);
        let mirrored = normalise(&image.flip_horizontal());
        let outcomes: Vec<_> =
            (0..1000).map(|example| transform.augment(&image, 5, example)).collect();
        let flips = outcomes.iter().filter(|outcome| **outcome == mirrored).count();
        assert!(outcomes.iter().all(|outcome| *outcome == mirrored || *outcome == plain));
        assert!((420..580).contains(&flips), "{flips}");
    }

    #[test]
    fn validation_sees_the_middle_unmirrored() {
        let config = TransformConfig { size: 4, center_crop: false, ..TransformConfig::default() };
        let transform = config.without_augmentation().build().unwrap();
        let image = map(6, 4);
        let fitted = transform.fit(&image, "image").unwrap();
        for example in 0..20 {
            assert_eq!(transform.augment(&fitted, 0, example), normalise(&image.crop(1, 0, 4, 4)));
        }
    }

    #[test]
    fn the_expanded_side_is_rounded() {
        let fitted = random_crop(30, 1.125).fit(&map(10, 10), "image").unwrap();
        assert_eq!(fitted.width(), 34); // 33.75
    }

    #[test]
    fn threads_are_not_scaled() {
        let thread = Raster::new(1, 30_000, 1, vec![0; 30_000]).unwrap();
        let error = random_crop(64, 1.0).fit(&thread, "thread.png").unwrap_err();
        assert_eq!(
            error.to_string(),
            "thread.png is 1x30000 pixels, too thin to be scaled to 64 pixels a side"
        );
        assert!(error.is_corrupt_record());
    }

    #[test]
    fn senseless_values_are_refused() {
        let built = |size, expand_ratio| {
            TransformConfig { size, expand_ratio, ..TransformConfig::default() }.build()
        };
        for (size, expand_ratio, message) in [
            (0, 1.0, "size is 0: images can be 1 to 4096 pixels a side"),
            (5000, 1.0, "size is 5000: images can be 1 to 4096 pixels a side"),
            (32, 0.5, "expand_ratio is 0.5: it must be 1 to 8"),
            (32, f64::NAN, "expand_ratio is NaN: it must be 1 to 8"),
        ] {
            assert_eq!(built(size, expand_ratio).unwrap_err().to_string(), message);
        }
    }
}

//! How much more an image changes across the borders of patches than within them.
//!
//! The transformer predicts a square patch at a time; where its patches do not meet, a grid of the patch's period is
//! seen. For blocks of JPEG, Yim and Bovik (Quality assessment of deblocked images, IEEE Transactions on Image
//! Processing 20(1), 2011, equations 5 to 8) take the mean squared difference of neighbouring pixels across the borders
//! of blocks, `D_B`, and of all other neighbours, `D_BC`. Here the ratio `D_B / D_BC` is taken, over all images together,
//! and divided by that of real images: pictures of a subject in the middle have no ratio of 1 either. A spectrum's energy
//! at multiples of one over the patch says the same, but a figure of 32 pixels has only eight periods, and edges of pixel
//! art have energy at every frequency.

/// Sums of squared differences of horizontal and vertical neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BorderDifferences {
    /// Of neighbours in two patches: their sum and number.
    across: (f64, f64),
    /// Of neighbours in one patch.
    within: (f64, f64),
}

impl BorderDifferences {
    /// Those of an image with its values in rows of `width` pixels of `channels` values, cut into squares of `patch`
    /// pixels from its upper left corner on.
    ///
    /// # Panics
    /// If the values are not whole rows, or `width`, `channels` or `patch` is 0.
    pub fn of(values: &[u8], width: usize, channels: usize, patch: usize) -> Self {
        let row = width * channels;
        assert!(values.len().is_multiple_of(row) && patch > 0, "{} values", values.len());
        let mut sums = Self::default();
        for (at, value) in values.iter().enumerate() {
            let (y, x) = (at / row, at % row / channels);
            if x > 0 {
                sums.add(*value, values[at - channels], x.is_multiple_of(patch));
            }
            if y > 0 {
                sums.add(*value, values[at - row], y.is_multiple_of(patch));
            }
        }
        sums
    }

    fn add(&mut self, value: u8, neighbour: u8, is_across: bool) {
        let difference = f64::from(value) - f64::from(neighbour);
        let (sum, count) = if is_across { &mut self.across } else { &mut self.within };
        *sum += difference * difference;
        *count += 1.0;
    }

    /// Mean squared difference across borders, and within patches.
    fn means(&self) -> [f64; 2] {
        [self.across, self.within].map(|(sum, count)| sum / count)
    }
}

/// A ratio of two means with its relative standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BorderRatio {
    /// Mean squared difference across borders over that within patches.
    pub ratio: f64,
    /// Its standard error over images, as a share of it.
    pub relative_error: f64,
}

impl BorderRatio {
    /// That of images of one size together: `sum D_B / sum D_BC`. Its error is that of a ratio of means (Cochran, Sampling
    /// techniques, 3rd edition, equation 6.13). `None` of fewer than two images, and of images in which nothing changes
    /// within patches or across their borders.
    pub fn of(images: &[BorderDifferences]) -> Option<Self> {
        let count = images.len() as f64;
        let means: Vec<[f64; 2]> = images.iter().map(BorderDifferences::means).collect();
        let mean = |side: usize| means.iter().map(|means| means[side]).sum::<f64>() / count;
        let [across, within] = [mean(0), mean(1)];
        let spread = |[a, w]: &[f64; 2]| (a / across - w / within).powi(2);
        let variance = means.iter().map(spread).sum::<f64>() / (count - 1.0) / count;
        let found = Self { ratio: across / within, relative_error: variance.sqrt() };
        let is_number = found.ratio.is_finite() && found.ratio > 0.0;
        (is_number && found.relative_error.is_finite()).then_some(found)
    }

    /// This ratio over that of real images.
    #[must_use]
    pub fn beside(self, real: Self) -> Self {
        Self {
            ratio: self.ratio / real.ratio,
            relative_error: self.relative_error.hypot(real.relative_error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of one channel whose value is `value(image, x, y)`.
    fn ratio(side: usize, patch: usize, value: impl Fn(usize, usize, usize) -> u8) -> BorderRatio {
        let image = |number: usize| {
            let values: Vec<u8> =
                (0..side * side).map(|at| value(number, at % side, at / side)).collect();
            BorderDifferences::of(&values, side, 1, patch)
        };
        BorderRatio::of(&(0..4).map(image).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_slope_has_no_borders_and_steps_have_nothing_else() {
        let slope = ratio(16, 4, |_, x, y| (3 * x + 5 * y) as u8);
        assert!((slope.ratio - 1.0).abs() < 1e-12 && slope.relative_error < 1e-12, "{slope:?}");
        // Steps of 8 every 4 pixels on a slope of 1: (1 + 8)^2 over 1.
        let steps = ratio(16, 4, |_, x, y| (x + y + 8 * (x / 4) + 8 * (y / 4)) as u8);
        assert!((steps.ratio - 81.0).abs() < 1e-9, "{steps:?}");
        // With another period there is no more at its borders than between them.
        let other = ratio(16, 3, |_, x, y| (x + y + 8 * (x / 4) + 8 * (y / 4)) as u8);
        assert!(other.ratio < 2.0, "{other:?}");
    }

    #[test]
    fn every_channel_is_compared_with_itself() {
        // Two channels far apart that do not change.
        let values: Vec<u8> = (0..8 * 8).flat_map(|at| [(at % 8) as u8, 200]).collect();
        let sums = BorderDifferences::of(&values, 8, 2, 4);
        assert_eq!(sums.across, (8.0, 2.0 * (8.0 + 8.0)));
        assert_eq!(sums.within, (6.0 * 8.0, 2.0 * (6.0 * 8.0 + 6.0 * 8.0)));
    }

    #[test]
    fn the_error_is_that_of_a_ratio_of_means() {
        // Two images with D_B of 4 and 8 and D_BC of 2 and 2: ratio 3, a/A - w/W is -1/3 and 1/3.
        let image = |across: f64| BorderDifferences { across: (across, 1.0), within: (2.0, 1.0) };
        let found = BorderRatio::of(&[image(4.0), image(8.0)]).unwrap();
        assert!((found.ratio - 3.0).abs() < 1e-12);
        assert!((found.relative_error - 1.0 / 3.0).abs() < 1e-12, "{found:?}");
        let beside = found.beside(BorderRatio { ratio: 1.5, relative_error: 0.0 });
        assert!((beside.ratio - 2.0).abs() < 1e-12 && beside.relative_error > 0.3);
    }

    #[test]
    fn images_in_which_nothing_changes_have_no_ratio() {
        let flat = BorderDifferences::of(&[7; 64], 8, 1, 4);
        assert_eq!(BorderRatio::of(&[flat, flat]), None);
        assert_eq!(BorderRatio::of(&[]), None);
        // One patch has no borders.
        let one = BorderDifferences::of(&(0..16).collect::<Vec<u8>>(), 4, 1, 4);
        assert_eq!(BorderRatio::of(&[one, one]), None);
    }
}

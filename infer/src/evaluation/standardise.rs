//! Pixels as the numbers that a probe sees.

use ndarray::Array2;
use rayon::prelude::*;

/// Levels of 255; a pixel that hardly ever changes must not count more than others.
const LEAST_DEVIATION: f32 = 8.0;

/// Gives every feature, a channel of a pixel, mean 0 and deviation 1 over the training images.
#[derive(Clone, Debug)]
pub(super) struct Standardise {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

impl Standardise {
    /// Means and deviations of some rows of `pixels`, `[records, features]`.
    pub(super) fn of(pixels: &[u8], features: usize, rows: &[usize]) -> Self {
        // Whole numbers: the sums do not depend on the order.
        let sums = rows
            .par_chunks(1024)
            .map(|rows| {
                let mut sums = vec![(0_u64, 0_u64); features];
                for row in rows {
                    let row = &pixels[row * features..(row + 1) * features];
                    for (sum, &level) in sums.iter_mut().zip(row) {
                        let level = u64::from(level);
                        *sum = (sum.0 + level, sum.1 + level * level);
                    }
                }
                sums
            })
            .reduce(
                || vec![(0, 0); features],
                |a, b| {
                    let pairs = a.into_iter().zip(b);
                    pairs.map(|(a, b)| (a.0 + b.0, a.1 + b.1)).collect()
                },
            );
        let count = rows.len().max(1) as f64;
        let moments = sums.into_iter().map(|(sum, squares)| {
            let mean = sum as f64 / count;
            let variance = squares as f64 / count - mean * mean;
            let deviation = (variance.max(0.0).sqrt() as f32).max(LEAST_DEVIATION);
            (mean as f32, 1.0 / deviation)
        });
        let (mean, factor) = moments.unzip();
        Self { mean, factor }
    }

    /// Number of features, without the constant.
    pub(super) fn features(&self) -> usize {
        self.mean.len()
    }

    /// Some rows of `pixels` as `[rows, features + 1]`; the last feature is the constant 1.
    pub(super) fn rows(&self, pixels: &[u8], rows: &[usize]) -> Array2<f32> {
        let features = self.features();
        let mut out = vec![1.0; rows.len() * (features + 1)];
        out.par_chunks_exact_mut(features + 1).zip(rows).for_each(|(out, row)| {
            let levels = &pixels[row * features..(row + 1) * features];
            for (index, (out, &level)) in out.iter_mut().zip(levels).enumerate() {
                *out = (f32::from(level) - self.mean[index]) * self.factor[index];
            }
        });
        Array2::from_shape_vec((rows.len(), features + 1), out).expect("rows times features")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_get_mean_zero_and_deviation_one() {
        let pixels = [10, 7, 50, 7, 90, 7, 255, 255];
        let standardise = Standardise::of(&pixels, 2, &[0, 1, 2]);
        let rows = standardise.rows(&pixels, &[0, 1, 2, 3]);
        let deviation = (3200.0_f32 / 3.0).sqrt();
        for (row, expected) in [(0, -40.0), (1, 0.0), (2, 40.0), (3, 205.0)] {
            assert!((rows[[row, 0]] - expected / deviation).abs() < 1e-5);
            assert_eq!(rows[[row, 2]], 1.0);
        }
        // It never changed in training: it is not blown up.
        assert_eq!(rows[[3, 1]], 248.0 / LEAST_DEVIATION);
    }
}

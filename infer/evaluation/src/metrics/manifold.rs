//! Precision and recall, density and coverage: whether images lie where the others are.
//!
//! The place of a set of images is the union of balls about each, as wide as its k-th neighbour of the
//! same set is far.

use serde::{Deserialize, Serialize};

use super::distances::fold_distances;
use crate::features::{at_least, same_columns};
use crate::{Features, Result};

/// Shares of images inside the other side's balls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecall {
    /// Share of the samples inside the union of the real images' balls.
    pub precision: f64,
    /// Share of the real images inside the union of the samples' balls.
    pub recall: f64,
}

/// How densely real balls are filled, and how many of them are hit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DensityCoverage {
    /// Real balls around a sample, divided by k. 1 if both sides are alike; may be more.
    pub density: f64,
    /// Share of the real images' balls with a sample in them.
    pub coverage: f64,
}

/// Distance of every image to its k-th nearest neighbour of the same set, itself left out.
///
/// # Errors
/// [`crate::Error::TooFewImages`] for k images or fewer.
pub fn neighbour_radii(features: &Features, k: usize) -> Result<Vec<f64>> {
    Ok(squared_radii(features, k)?.into_iter().map(f64::sqrt).collect())
}

/// Precision and recall.
///
/// `precision = 1/M sum_j [ y_j in any B(x_i, r_k(x_i)) ]`, and recall with both sides exchanged; a ball has
/// its boundary.
///
/// Kynkäänniemi et al. 2019, arXiv 1904.06991, equation 2. Memory: see
/// [`memory_of_neighbours`](super::memory_of_neighbours).
///
/// # Errors
/// [`crate::Error::TooFewImages`] for k images or fewer; [`crate::Error::OtherFeatures`].
pub fn precision_and_recall(
    real: &Features,
    samples: &Features,
    k: usize,
) -> Result<PrecisionRecall> {
    same_columns(real.columns(), samples.columns())?;
    let (of_real, of_samples) = (squared_radii(real, k)?, squared_radii(samples, k)?);
    let share = |images: &Features, balls: &Features, radii: &[f64]| {
        let inside = fold_distances(images, balls, &false, |found, _, first, distances| {
            let mut balls = distances.iter().zip(&radii[first..]);
            *found = *found || balls.any(|(distance, radius)| distance <= radius);
        });
        inside.iter().filter(|&&inside| inside).count() as f64 / images.rows() as f64
    };
    Ok(PrecisionRecall {
        precision: share(samples, real, &of_real),
        recall: share(real, samples, &of_samples),
    })
}

/// Density and coverage.
///
/// `density = 1/(k M) sum_j sum_i [ y_j in B(x_i, r_k(x_i)) ]`,
/// `coverage = 1/N sum_i [ any y_j in B(x_i, r_k(x_i)) ]`; a ball lacks its boundary.
///
/// Naeem et al. 2020, arXiv 2002.09797, equations 3 and 4, where k is 5.
///
/// # Errors
/// [`crate::Error::TooFewImages`] for k images or fewer; [`crate::Error::OtherFeatures`].
pub fn density_and_coverage(
    real: &Features,
    samples: &Features,
    k: usize,
) -> Result<DensityCoverage> {
    same_columns(real.columns(), samples.columns())?;
    at_least(1, samples, "coverage")?;
    let radii = squared_radii(real, k)?;
    let inside = fold_distances(real, samples, &0_u64, |count, row, _, distances| {
        *count += distances.iter().filter(|&&distance| distance < radii[row]).count() as u64;
    });
    let hit = inside.iter().filter(|&&count| count > 0).count();
    let total: u64 = inside.iter().sum();
    Ok(DensityCoverage {
        density: total as f64 / (k * samples.rows()) as f64,
        coverage: hit as f64 / real.rows() as f64,
    })
}

fn squared_radii(features: &Features, k: usize) -> Result<Vec<f64>> {
    at_least(k + 1, features, "the radius of a neighbourhood")?;
    let nearest =
        fold_distances(features, features, &Vec::new(), |nearest, row, first, distances| {
            for (offset, &distance) in distances.iter().enumerate() {
                if first + offset != row {
                    keep_nearest(nearest, distance, k);
                }
            }
        });
    Ok(nearest.into_iter().map(|nearest| nearest.last().copied().unwrap_or(0.0)).collect())
}

/// Keeps the k smallest, sorted.
fn keep_nearest(nearest: &mut Vec<f64>, distance: f64, k: usize) {
    if nearest.len() == k && nearest.last().is_none_or(|&last| distance >= last) {
        return;
    }
    let place = nearest.partition_point(|&known| known <= distance);
    nearest.insert(place, distance);
    nearest.truncate(k);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(places: &[f32]) -> Features {
        Features::new(1, places.to_vec()).unwrap()
    }

    #[test]
    fn radii_reach_the_kth_neighbour_and_not_oneself() {
        let line = on_a_line(&[0.0, 1.0, 3.0, 7.0, 7.0]);
        assert_eq!(neighbour_radii(&line, 1).unwrap(), [1.0, 1.0, 2.0, 0.0, 0.0]);
        assert_eq!(neighbour_radii(&line, 3).unwrap(), [7.0, 6.0, 4.0, 6.0, 6.0]);
        let message = neighbour_radii(&line, 5).unwrap_err().to_string();
        assert!(message.contains("needs 6 images or more, and there are 5"), "{message}");
    }

    #[test]
    fn precision_falls_with_strange_samples_and_recall_with_missing_ones() {
        let real = on_a_line(&[0.0, 1.0, 2.0, 100.0, 101.0, 102.0]);
        let half = on_a_line(&[0.0, 1.0, 2.0, 1.5]);
        let shares = precision_and_recall(&real, &half, 1).unwrap();
        assert_eq!((shares.precision, shares.recall), (1.0, 0.5));
        let strange = on_a_line(&[0.0, 1.0, 50.0, 51.0]);
        assert_eq!(precision_and_recall(&real, &strange, 1).unwrap().precision, 0.5);
    }

    #[test]
    fn density_counts_balls_and_coverage_those_that_are_hit() {
        let real = on_a_line(&[0.0, 1.0, 10.0, 12.0]);
        // The balls of 0 and 1 have both samples, and both are on their boundary; that of 10 and 12 none.
        let found = density_and_coverage(&real, &on_a_line(&[0.5, 0.5]), 1).unwrap();
        assert_eq!((found.density, found.coverage), (2.0, 0.5));
        // The boundary does not belong to a ball.
        assert_eq!(density_and_coverage(&real, &on_a_line(&[2.0]), 1).unwrap().coverage, 0.0);
    }
}

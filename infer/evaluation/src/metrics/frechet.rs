//! Fréchet's distance between normal distributions: FID, sFID, FD of any features.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par, Side};

use crate::features::same_columns;
use crate::{Error, Moments, Result};

/// Squared Fréchet distance of two normal distributions.
///
/// `|mu_1 - mu_2|^2 + tr S_1 + tr S_2 - 2 tr (S_1 S_2)^(1/2)`
///
/// Dowson and Landau 1982; of Inception's features Heusel et al. 2017, arXiv 1706.08500, equation 6.
///
/// # Errors
/// [`Error::OtherFeatures`], [`Error::NoEigenvalues`].
pub fn frechet_distance(one: &Moments, other: &Moments) -> Result<f64> {
    FrechetReference::new(one)?.distance(other)
}

/// One side of Fréchet's distance, prepared for many comparisons: with a factor of its covariance.
#[derive(Clone, Debug)]
pub struct FrechetReference {
    moments: Moments,
    factor: Mat<f64>,
}

impl FrechetReference {
    /// Takes a factor of the covariance.
    ///
    /// # Errors
    /// [`Error::NoEigenvalues`].
    pub fn new(moments: &Moments) -> Result<Self> {
        Ok(Self { moments: moments.clone(), factor: factor(moments)? })
    }

    /// Squared distance to another distribution.
    ///
    /// With `S_1 = R_1 R_1^T` and `S_2 = R_2 R_2^T`, `tr (S_1 S_2)^(1/2)` is the sum of the singular values of
    /// `R_1^T R_2`. Their squares are the eigenvalues of `S_1 S_2`, and those would do only where all directions vary
    /// about alike: they reach so far down that rounding hides the small ones, whose roots still count. Of 2,000
    /// images in 2048 features that was a thousandth of the distance. Nothing is added to the diagonals.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`], [`Error::NoEigenvalues`].
    pub fn distance(&self, other: &Moments) -> Result<f64> {
        let columns = self.moments.columns();
        same_columns(columns, other.columns())?;
        let between = self.moments.mean().iter().zip(other.mean());
        let means: f64 = between.map(|(a, b)| (a - b) * (a - b)).sum();
        let inner = product(self.factor.transpose(), factor(other)?.as_ref());
        let values = inner.singular_values().map_err(|_| Error::NoEigenvalues { columns })?;
        let of_product: f64 = values.iter().sum();
        Ok(means + trace(&self.moments) + trace(other) - 2.0 * of_product)
    }
}

/// `R = U L^(1/2)` of the covariance `S = U L U^T = R R^T`, without the directions in which nothing varies.
fn factor(moments: &Moments) -> Result<Mat<f64>> {
    let columns = moments.columns();
    let eigen = covariance(moments)
        .self_adjoint_eigen(Side::Lower)
        .map_err(|_| Error::NoEigenvalues { columns })?;
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    let (vectors, roots) = (eigen.U(), roots(&values));
    let kept: Vec<usize> = (0..columns).filter(|&column| roots[column] > 0.0).collect();
    Ok(Mat::from_fn(columns, kept.len(), |row, k| vectors[(row, kept[k])] * roots[kept[k]]))
}

fn covariance(moments: &Moments) -> MatRef<'_, f64> {
    let columns = moments.columns();
    MatRef::from_row_major_slice(moments.covariance(), columns, columns)
}

fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut out, Accum::Replace, a, b, 1.0, Par::rayon(0));
    out
}

fn trace(moments: &Moments) -> f64 {
    moments.covariance().iter().step_by(moments.columns() + 1).sum()
}

/// Roots of eigenvalues that cannot be negative. What is below the rounding of the largest is 0: the root
/// of a rounding error would be a million times as large.
fn roots(values: &[f64]) -> Vec<f64> {
    let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let least = largest * values.len() as f64 * f64::EPSILON;
    values.iter().map(|&value| if value > least { value.sqrt() } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagonal(mean: &[f64], variances: &[f64]) -> Moments {
        let n = mean.len();
        let at = |i: usize| if i.is_multiple_of(n + 1) { variances[i / (n + 1)] } else { 0.0 };
        Moments::new(mean.to_vec(), (0..n * n).map(at).collect()).unwrap()
    }

    #[test]
    fn along_axes_it_is_the_sum_of_squared_differences_of_means_and_deviations() {
        let one = diagonal(&[0.0, 1.0, 2.0], &[4.0, 9.0, 0.0]);
        let other = diagonal(&[1.0, 1.0, 0.0], &[1.0, 16.0, 25.0]);
        let distance = frechet_distance(&one, &other).unwrap();
        assert!((distance - (5.0 + 1.0 + 1.0 + 25.0)).abs() < 1e-12, "{distance}");
        assert_eq!(frechet_distance(&one, &one).unwrap().abs().max(1e-12), 1e-12);
    }

    /// Real features: few directions vary a lot, a great many hardly at all, and in some nothing does.
    #[test]
    fn directions_that_hardly_vary_count() {
        let columns = 300;
        let noise = pixelflow::noise::Key::new(1, 1, pixelflow::noise::Purpose::Testing);
        let values = noise.normals(columns * columns);
        let noise = Mat::from_fn(columns, columns, |i, j| f64::from(values[i * columns + j]));
        let turn = noise.qr().compute_Q();
        let turned = |scale: f64| {
            let variance = |i| [100.0, 1e-5, 0.0][usize::from(i > 0) + usize::from(i > 280)];
            let scaled = Mat::from_fn(columns, columns, |i, j| turn[(i, j)] * scale * variance(j));
            let covariance = product(scaled.as_ref(), turn.transpose());
            let at = |at: usize| {
                let (i, j) = (at / columns, at % columns);
                covariance[(i.max(j), i.min(j))]
            };
            Moments::new(vec![0.0; columns], (0..columns * columns).map(at).collect()).unwrap()
        };
        let expected = 10.0 * 10.0 + 280.0 * 1e-5;
        let distance = frechet_distance(&turned(1.0), &turned(4.0)).unwrap();
        assert!((distance - expected).abs() < 1e-8 * expected, "{distance}, not {expected}");
    }

    #[test]
    fn other_numbers_of_features_are_refused() {
        let [one, other] = [diagonal(&[0.0], &[1.0]), diagonal(&[0.0; 2], &[1.0; 2])];
        let message = frechet_distance(&one, &other).unwrap_err().to_string();
        assert!(message.contains("one side has 1 features and the other 2"), "{message}");
    }

    /// The bar: 10 s on two threads in the profile that users get.
    #[test]
    fn inception_s_2048_features_take_seconds() {
        let columns = 2048;
        let noise = pixelflow::noise::Key::new(1, 0, pixelflow::noise::Purpose::Testing);
        let values = noise.normals(2 * columns * columns);
        let root = Mat::from_fn(columns, columns, |i, j| f64::from(values[i * columns + j]));
        let covariance = product(root.as_ref(), root.transpose());
        let covariance = (0..columns * columns).map(|at| {
            let (i, j) = (at / columns, at % columns);
            covariance[(i.max(j), i.min(j))] / columns as f64
        });
        let moments = Moments::new(vec![0.0; columns], covariance.collect()).unwrap();
        let start = std::time::Instant::now();
        let distance = frechet_distance(&moments, &moments).unwrap();
        println!("{columns} features: {:?}, {distance:e}", start.elapsed());
        assert!(distance.abs() < 1e-4, "{distance}");
    }
}

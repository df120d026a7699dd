//! Kernel distance (KID): a distance of sets of features without bias, with its error.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::NumpyRandom;
use super::inception_score::mean_and_deviation;
use crate::features::{at_least, same_columns};
use crate::{Features, Result};

/// Which subsets the distance is the mean over. The defaults are `torch-fidelity`'s, and so are the images
/// of each subset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KernelConfig {
    /// Number of subsets. Default 100.
    pub subsets: usize,
    /// Images of each side in a subset. Default 1000.
    pub subset_size: usize,
    /// Seed of numpy's generator. Default 2020.
    pub seed: u32,
}

impl Default for KernelConfig {
    fn default() -> Self {
        Self { subsets: 100, subset_size: 1000, seed: 2020 }
    }
}

/// The kernel distance and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelDistance {
    /// Mean over the subsets. May be below 0 for sides that are alike: it has no bias.
    pub mean: f64,
    /// Standard deviation of the subsets, which `torch-fidelity` prints: it grows with smaller subsets and
    /// says nothing of the mean's error.
    pub standard_deviation: f64,
    /// Standard error of the mean; none where a subset is all images of a side.
    ///
    /// By the jackknife that leaves `n - m` images out (Shao and Wu 1989, "A general theory for jackknife
    /// variance estimation"): `s (m / (n - m) + 1 / subsets)^(1/2)`, s the standard deviation, m the size of
    /// a subset and n the images of the smaller side; the second term is for the subsets not drawn.
    pub standard_error: Option<f64>,
}

/// The kernel distance of two sets of features.
///
/// Squared maximum mean discrepancy with the kernel `k(x, y) = (x y / d + 1)^3`, unbiased:
/// `sum_(i≠j) (k(x_i, x_j) + k(y_i, y_j)) / (m (m - 1)) - 2 sum_ij k(x_i, y_j) / m^2`, as mean over subsets.
///
/// Bińkowski et al. 2018, arXiv 1801.01401, equation 4 and section 3.
///
/// # Errors
/// [`crate::Error::TooFewImages`] for fewer than a subset has; [`crate::Error::OtherFeatures`];
/// [`crate::Error::Config`] for no subsets or subsets of one image.
pub fn kernel_distance(
    one: &Features,
    other: &Features,
    config: &KernelConfig,
) -> Result<KernelDistance> {
    let &KernelConfig { subsets, subset_size: m, seed } = config;
    same_columns(one.columns(), other.columns())?;
    if subsets == 0 || m < 2 {
        return Err(crate::Error::Config {
            field: "subsets of KID",
            value: format!("{subsets} of {m} images"),
            reason: "there must be one of two images at least",
        });
    }
    at_least(m, one, "KID")?;
    at_least(m, other, "KID")?;
    let mut random = NumpyRandom::new(seed);
    let mut choose = |features: &Features| random.choice(features.rows(), m);
    let drawn: Vec<[Vec<usize>; 2]> = (0..subsets).map(|_| [choose(one), choose(other)]).collect();
    let of_subset = |[a, b]: &[Vec<usize>; 2]| discrepancy(&one.select(a), &other.select(b));
    let distances: Vec<f64> = drawn.par_iter().map(of_subset).collect();
    let (mean, standard_deviation) = mean_and_deviation(&distances);
    let n = one.rows().min(other.rows());
    let share = m as f64 / (n - m) as f64 + 1.0 / subsets as f64;
    let standard_error = (n > m).then(|| standard_deviation * share.sqrt());
    Ok(KernelDistance { mean, standard_deviation, standard_error })
}

/// The unbiased squared discrepancy of equally many rows.
fn discrepancy(one: &Features, other: &Features) -> f64 {
    let m = one.rows() as f64;
    let [within_one, within_other] =
        [one, other].map(|features| kernel_sum(features, features, true));
    (within_one + within_other) / (m * (m - 1.0)) - 2.0 * kernel_sum(one, other, false) / (m * m)
}

/// The sum of the kernel over all pairs, or all but those of a row with itself.
fn kernel_sum(one: &Features, other: &Features, without_diagonal: bool) -> f64 {
    let columns = one.columns();
    let widened = |features: &Features| -> Vec<f64> {
        features.values().iter().map(|&value| f64::from(value)).collect()
    };
    let (a, b) = (widened(one), widened(other));
    let mut products = Mat::<f64>::zeros(one.rows(), other.rows());
    let left = MatRef::from_row_major_slice(&a, one.rows(), columns);
    let right = MatRef::from_column_major_slice(&b, columns, other.rows());
    matmul(&mut products, Accum::Replace, left, right, 1.0 / columns as f64, Par::Seq);
    let kernel = |product: &f64| (product + 1.0).powi(3);
    let column = |j: usize| {
        let sum: f64 = products.col_as_slice(j).iter().map(kernel).sum();
        if without_diagonal { sum - kernel(&products[(j, j)]) } else { sum }
    };
    (0..other.rows()).map(column).sum()
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;

    fn features(number: u64, rows: usize, shift: f32) -> Features {
        let values = Key::new(3, number, Purpose::Testing).normals(rows * 4);
        Features::new(4, values.iter().map(|x| x + shift).collect()).unwrap()
    }

    fn config(subsets: usize, subset_size: usize) -> KernelConfig {
        KernelConfig { subsets, subset_size, ..KernelConfig::default() }
    }

    #[test]
    fn of_two_images_a_side_it_is_the_formula() {
        let one = Features::new(1, vec![0.0, 1.0]).unwrap();
        let other = Features::new(1, vec![1.0, 2.0]).unwrap();
        // k(0, 1) = 1, k(1, 2) = 27; across: 1, 1, 8 and 27.
        let distance = kernel_distance(&one, &other, &config(3, 2)).unwrap();
        assert_eq!(distance.mean, 1.0 + 27.0 - 2.0 * 37.0 / 4.0);
        assert_eq!((distance.standard_deviation, distance.standard_error), (0.0, None));
    }

    #[test]
    fn alike_is_zero_within_its_error_and_shifted_is_not() {
        let near =
            kernel_distance(&features(1, 600, 0.0), &features(2, 600, 0.0), &config(50, 100))
                .unwrap();
        assert!(near.mean.abs() < 3.0 * near.standard_error.unwrap(), "{near:?}");
        let far = kernel_distance(&features(1, 600, 0.0), &features(2, 600, 0.5), &config(50, 100))
            .unwrap();
        assert!(far.mean > 5.0 * far.standard_error.unwrap(), "{far:?}");
    }

    /// The error is what repeats with fresh images show, within a factor of two.
    #[test]
    fn the_standard_error_is_that_of_repeats() {
        let measure = |i: u64| {
            kernel_distance(
                &features(2 * i, 300, 0.0),
                &features(2 * i + 1, 300, 0.5),
                &config(40, 100),
            )
        };
        let repeats: Vec<KernelDistance> = (10_u64..40).map(|i| measure(i).unwrap()).collect();
        let means: Vec<f64> = repeats.iter().map(|d| d.mean).collect();
        let (_, seen) = mean_and_deviation(&means);
        let said: f64 = repeats.iter().map(|d| d.standard_error.unwrap()).sum::<f64>() / 30.0;
        assert!((0.5..2.0).contains(&(said / seen)), "said {said}, seen {seen}");
    }

    #[test]
    fn too_few_images_and_senseless_subsets_are_refused() {
        let (one, other) = (features(1, 50, 0.0), features(2, 20, 0.0));
        let message = kernel_distance(&one, &other, &config(5, 30)).unwrap_err().to_string();
        assert!(message.contains("KID needs 30 images or more, and there are 20"), "{message}");
        assert!(kernel_distance(&one, &other, &config(5, 1)).is_err());
        assert!(kernel_distance(&one, &other, &config(0, 10)).is_err());
    }
}

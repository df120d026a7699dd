//! Sums of features and of their products, kept as whole numbers and therefore exact.
//!
//! A sum of whole numbers is the same in every order. Statistics depend neither on batches nor on
//! shards, and a run that was killed and goes on ends with the same bytes. Nothing cancels either: the
//! covariance is as exact for features that hardly vary about a large mean.

use rayon::prelude::*;

use super::Moments;
use crate::features::same_columns;
use crate::{Error, Features, Result};

/// Features are counted in units of 2^-36; below that, f32 features lose digits that no network has right.
const UNIT: f64 = 1.0 / (1_u64 << 36) as f64;
/// Largest feature that fits: 2^14. A product is below 2^100 units, 2^26 of them below 2^126.
pub const LARGEST_FEATURE: f32 = 16_384.0;
/// Most images.
const MOST_IMAGES: u64 = 1 << 26;
/// Images that are summed up at once: one column of them lies in the first cache.
const BLOCK: usize = 64;

/// Sums over images, exact whatever their order; memory does not depend on how many images there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactSums {
    images: u64,
    /// `sum x_i` in units.
    sums: Vec<i128>,
    /// `sum x_i x_j` in squared units, `j >= i`: the upper triangle row by row.
    products: Vec<i128>,
}

impl ExactSums {
    /// No images yet, of so many features each.
    pub fn empty(columns: usize) -> Self {
        let products = vec![0; columns * (columns + 1) / 2];
        Self { images: 0, sums: vec![0; columns], products }
    }

    /// The sums as they were taken apart by [`parts`](Self::parts); none if no images have such sums.
    pub(crate) fn from_parts(images: u64, sums: Vec<i128>, products: Vec<i128>) -> Option<Self> {
        let most = |digits| u128::from(images) << digits;
        let below = |values: &[i128], most| values.iter().all(|value| value.unsigned_abs() <= most);
        let fits = products.len() == sums.len() * (sums.len() + 1) / 2
            && images <= MOST_IMAGES
            && below(&sums, most(50))
            && below(&products, most(100));
        fits.then_some(Self { images, sums, products })
    }

    /// Number of images, sums and products.
    pub(crate) fn parts(&self) -> (u64, &[i128], &[i128]) {
        (self.images, &self.sums, &self.products)
    }

    /// Number of images.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Features an image.
    pub fn columns(&self) -> usize {
        self.sums.len()
    }

    /// Adds images.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`], [`Error::OutOfRange`], [`Error::Statistics`] for more than 2^26 images;
    /// then nothing is added.
    pub fn add(&mut self, features: &Features) -> Result<()> {
        self.check(features)?;
        self.count(features.rows() as u64)?;
        for block in features.values().chunks(BLOCK * self.columns()) {
            self.add_block(block);
        }
        Ok(())
    }

    /// Whether images can be added.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`], [`Error::OutOfRange`].
    pub fn check(&self, features: &Features) -> Result<()> {
        same_columns(self.columns(), features.columns())?;
        let too_large = |value: &f32| value.abs() > LARGEST_FEATURE;
        if let Some(at) = features.values().iter().position(too_large) {
            let (image, column) = (at / self.columns(), at % self.columns());
            return Err(Error::OutOfRange { image, column, value: features.values()[at] });
        }
        Ok(())
    }

    /// Adds the images of other sums; the order of additions does not matter.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`]; [`Error::Statistics`] for more than 2^26 images.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        same_columns(self.columns(), other.columns())?;
        self.count(other.images)?;
        let add = |into: &mut [i128], from: &[i128]| {
            into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
        };
        add(&mut self.sums, &other.sums);
        add(&mut self.products, &other.products);
        Ok(())
    }

    fn count(&mut self, more: u64) -> Result<()> {
        self.images = match self.images.checked_add(more) {
            Some(images) if images <= MOST_IMAGES => images,
            _ => {
                let reason = format!("sums hold {MOST_IMAGES} images at most");
                return Err(Error::Statistics { reason });
            }
        };
        Ok(())
    }

    fn add_block(&mut self, values: &[f32]) {
        let columns = self.columns();
        // Exact: a feature below 2^14 has 50 digits before the point, and f64 has 53.
        let units = |value: &f32| (f64::from(*value) / UNIT).round_ties_even() as i64;
        let column = |i: usize| values[i..].iter().step_by(columns).map(units).collect();
        let by_column: Vec<Vec<i64>> = (0..columns).into_par_iter().map(column).collect();
        for (sum, column) in self.sums.iter_mut().zip(&by_column) {
            *sum += column.iter().map(|&x| i128::from(x)).sum::<i128>();
        }
        let mut rest = self.products.as_mut_slice();
        let mut rows = Vec::with_capacity(columns);
        for i in 0..columns {
            let (row, after) = rest.split_at_mut(columns - i);
            rows.push((i, row));
            rest = after;
        }
        rows.into_par_iter().for_each(|(i, row)| {
            for (product, other) in row.iter_mut().zip(&by_column[i..]) {
                let terms = by_column[i].iter().zip(other);
                *product += terms.map(|(&x, &y)| i128::from(x) * i128::from(y)).sum::<i128>();
            }
        });
    }

    /// Mean and covariance.
    ///
    /// `mu_i = S_i / N`, `sigma_ij = (P_ij - S_i S_j / N) / (N - 1)`, S the sums and P those of products.
    ///
    /// # Errors
    /// [`Error::TooFewImages`] for fewer than two.
    pub fn moments(&self) -> Result<Moments> {
        if self.images < 2 {
            let images = self.images as usize;
            return Err(Error::TooFewImages { what: "a covariance", images, needed: 2 });
        }
        let (count, columns) = (i128::from(self.images), self.columns());
        let n = self.images as f64;
        let split = |&sum: &i128| (sum.div_euclid(count), sum.rem_euclid(count));
        let parts: Vec<(i128, i128)> = self.sums.iter().map(split).collect();
        let mut covariance = vec![0.0; columns * columns];
        let pairs = (0..columns).flat_map(|i| (i..columns).map(move |j| (i, j)));
        for ((i, j), product) in pairs.zip(&self.products) {
            // With S = q N + r, all of S_i S_j / N is whole but r_i r_j / N.
            let ((qi, ri), (qj, rj)) = (parts[i], parts[j]);
            let whole = product - qi * qj * count - qi * rj - ri * qj;
            let value = (whole as f64 - (ri * rj) as f64 / n) / (n - 1.0) * UNIT * UNIT;
            covariance[i * columns + j] = value;
            covariance[j * columns + i] = value;
        }
        let mean = self.sums.iter().map(|&sum| sum as f64 / n * UNIT).collect();
        Moments::new(mean, covariance)
    }
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;

    fn features(rows: usize, columns: usize) -> Features {
        let values = Key::new(5, 0, Purpose::Testing).normals(rows * columns);
        Features::new(columns, values).unwrap()
    }

    fn sums(features: &Features) -> ExactSums {
        let mut sums = ExactSums::empty(features.columns());
        sums.add(features).unwrap();
        sums
    }

    #[test]
    fn neither_batches_nor_shards_nor_their_order_change_a_bit() {
        let all = features(301, 7);
        let whole = sums(&all);
        let mut batches = ExactSums::empty(7);
        for first in (0..301).step_by(13) {
            batches.add(&all.range(first..(first + 13).min(301))).unwrap();
        }
        assert_eq!(batches, whole);
        let mut merged = sums(&all.range(100..301));
        merged.merge(&sums(&all.range(0..100))).unwrap();
        assert_eq!(merged.moments().unwrap(), whole.moments().unwrap());
    }

    #[test]
    fn mean_and_covariance_are_those_of_the_definition() {
        let all = features(40, 3);
        let moments = sums(&all).moments().unwrap();
        let column = |i: usize| (0..40).map(|row| f64::from(all.row(row)[i])).collect::<Vec<_>>();
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        for i in 0..3 {
            assert!((moments.mean()[i] - mean(&column(i))).abs() < 1e-11);
            for j in 0..3 {
                let (x, y) = (column(i), column(j));
                let (mx, my) = (mean(&x), mean(&y));
                let sum: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
                assert!((moments.covariance()[i * 3 + j] - sum / 39.0).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn what_hardly_varies_about_a_large_mean_is_as_exact() {
        // 10,000 and one unit in the last place of f32 above it, half of the images each.
        let step = 1.0 / 1024.0;
        let values: Vec<f32> = (0..1000).map(|i| 10_000.0 + step * (i % 2) as f32).collect();
        let moments = sums(&Features::new(1, values).unwrap()).moments().unwrap();
        let expected = f64::from(step * step) / 4.0 * 1000.0 / 999.0;
        assert!((moments.covariance()[0] / expected - 1.0).abs() < 1e-15);
        let constant = Features::new(1, vec![0.1; 77]).unwrap();
        assert_eq!(sums(&constant).moments().unwrap().covariance(), [0.0]);
    }

    #[test]
    fn features_that_do_not_fit_add_nothing() {
        let mut sums = ExactSums::empty(2);
        let large = Features::new(2, vec![0.0, 0.0, 0.0, -16_385.0]).unwrap();
        let message = sums.add(&large).unwrap_err().to_string();
        assert!(message.starts_with("feature 1 of image 1 is -16385, "), "{message}");
        assert!(sums.add(&Features::empty(3)).is_err());
        assert_eq!(sums, ExactSums::empty(2));
        let message = sums.moments().unwrap_err().to_string();
        assert!(message.contains("needs 2 images or more, and there are 0"), "{message}");
    }
}

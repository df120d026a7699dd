//! A distance extrapolated to infinitely many images (FID∞, FD∞): its bias falls with 1/N.

use serde::{Deserialize, Serialize};

use super::{FrechetReference, NumpyRandom};
use crate::features::at_least;
use crate::{Error, ExactSums, Features, Result};

/// A line through distances over 1/N.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extrapolation {
    /// Where it meets 1/N = 0.
    pub value: f64,
    /// Its slope: how much a distance of N images is above, times N.
    pub slope: f64,
    /// Standard error of `value` by the scatter about the line. The subsets share images, so that it is too
    /// small: repeats with fresh images say more.
    pub standard_error: f64,
}

/// Numbers of images between `least` and `most` at which distances are measured, 15 as FID∞ has them.
///
/// # Errors
/// [`Error::Config`] unless `2 <= least < most`.
pub fn sizes_to_infinity(least: usize, most: usize) -> Result<Vec<usize>> {
    const SIZES: usize = 15;
    if least < 2 || least >= most {
        let value = format!("{least} to {most} images");
        let reason = "an extrapolation needs from two images up, and more at its end";
        return Err(Error::Config { field: "sizes of FD∞", value, reason });
    }
    let size = |i: usize| least + (most - least) * i / (SIZES - 1);
    let mut sizes: Vec<usize> = (0..SIZES).map(size).collect();
    sizes.dedup();
    Ok(sizes)
}

/// Fits `distance(N) = value + slope / N` by least squares.
///
/// Chong and Forsyth 2020, arXiv 1911.07023, section 3.
///
/// # Errors
/// [`Error::Config`] for fewer than three sizes, or not one distance a size.
pub fn extrapolate(sizes: &[usize], distances: &[f64]) -> Result<Extrapolation> {
    if sizes.len() < 3 || sizes.len() != distances.len() {
        let value = format!("{} sizes and {} distances", sizes.len(), distances.len());
        let reason = "a line needs three sizes at least, each with its distance";
        return Err(Error::Config { field: "sizes of FD∞", value, reason });
    }
    let count = sizes.len() as f64;
    let x: Vec<f64> = sizes.iter().map(|&size| 1.0 / size as f64).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(&x), mean(distances));
    let spread: f64 = x.iter().map(|x| (x - mean_x) * (x - mean_x)).sum();
    let together: f64 = x.iter().zip(distances).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = together / spread;
    let value = mean_y - slope * mean_x;
    let residual = |(x, y): (&f64, &f64)| (y - value - slope * x) * (y - value - slope * x);
    let variance = x.iter().zip(distances).map(residual).sum::<f64>() / (count - 2.0);
    let standard_error = (variance * (1.0 / count + mean_x * mean_x / spread)).sqrt();
    Ok(Extrapolation { value, slope, standard_error })
}

/// Fréchet's distance of infinitely many samples to a reference: of growing shares of the samples, each
/// drawn anew, extrapolated.
///
/// # Errors
/// Of [`sizes_to_infinity`] and [`FrechetReference::distance`]; [`Error::OutOfRange`].
pub fn frechet_to_infinity(
    samples: &Features,
    reference: &FrechetReference,
    least: usize,
    seed: u32,
) -> Result<Extrapolation> {
    at_least(least + 1, samples, "FD∞")?;
    let sizes = sizes_to_infinity(least, samples.rows())?;
    let mut random = NumpyRandom::new(seed);
    let mut distances = Vec::with_capacity(sizes.len());
    for &size in &sizes {
        let mut sums = ExactSums::empty(samples.columns());
        sums.add(&samples.select(&random.choice(samples.rows(), size)))?;
        distances.push(reference.distance(&sums.moments()?)?);
    }
    extrapolate(&sizes, &distances)
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let sizes = sizes_to_infinity(100, 1000).unwrap();
        assert_eq!((sizes.len(), sizes[0], sizes[14]), (15, 100, 1000));
        let distances: Vec<f64> = sizes.iter().map(|&size| 3.0 + 50.0 / size as f64).collect();
        let found = extrapolate(&sizes, &distances).unwrap();
        assert!(
            (found.value - 3.0).abs() < 1e-12 && (found.slope - 50.0).abs() < 1e-9,
            "{found:?}"
        );
        assert!(found.standard_error < 1e-12);
        for (least, most) in [(1, 10), (10, 10)] {
            assert!(sizes_to_infinity(least, most).is_err());
        }
        assert!(extrapolate(&sizes[..2], &distances[..2]).is_err());
    }

    #[test]
    fn it_takes_away_most_of_the_bias_of_few_images() {
        let normals = |number, rows: usize| {
            Features::new(32, Key::new(4, number, Purpose::Testing).normals(rows * 32)).unwrap()
        };
        let moments = |features: &Features| {
            let mut sums = ExactSums::empty(32);
            sums.add(features).unwrap();
            sums.moments().unwrap()
        };
        let reference = FrechetReference::new(&moments(&normals(0, 100_000))).unwrap();
        let samples = normals(1, 2000);
        let plain = reference.distance(&moments(&samples)).unwrap();
        let found = frechet_to_infinity(&samples, &reference, 500, 1).unwrap();
        assert!(found.value.abs() < 0.2 * plain, "{found:?} and {plain}");
        assert!(frechet_to_infinity(&samples, &reference, 2000, 1).is_err());
    }
}

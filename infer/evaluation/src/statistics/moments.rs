//! Mean and covariance of features: all that Fréchet's distance knows of a set of images.

use crate::{Error, Result};

/// A mean and a covariance that fit together, both finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    mean: Vec<f64>,
    covariance: Vec<f64>,
}

/// Largest difference across the diagonal, relative to the largest value: beyond, a matrix is no covariance.
const ASYMMETRY: f64 = 1e-6;

impl Moments {
    /// Checks a mean and a covariance, `[columns, columns]` row by row.
    ///
    /// # Errors
    /// [`Error::Statistics`] if their sizes do not fit, a value is not finite, or the covariance is not
    /// symmetric.
    pub fn new(mean: Vec<f64>, covariance: Vec<f64>) -> Result<Self> {
        let columns = mean.len();
        let wrong = |reason: String| Err(Error::Statistics { reason });
        if columns == 0 || covariance.len() != columns * columns {
            return wrong(format!(
                "the covariance has {} values, and a mean of {columns} features goes with {}",
                covariance.len(),
                columns * columns
            ));
        }
        if !mean.iter().chain(&covariance).all(|value| value.is_finite()) {
            return wrong("mean or covariance has values that are not finite".to_owned());
        }
        let largest = covariance.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        let differs = |i: usize, j: usize| {
            (covariance[i * columns + j] - covariance[j * columns + i]).abs() > ASYMMETRY * largest
        };
        if (0..columns).any(|i| (0..i).any(|j| differs(i, j))) {
            return wrong("the covariance is not symmetric".to_owned());
        }
        Ok(Self { mean, covariance })
    }

    /// Number of features.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// The mean, `[columns]`.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The covariance, `[columns, columns]`; divided by N - 1 if it was made here.
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_covariance_is_refused() {
        for (mean, covariance, reason) in [
            (vec![0.0; 2], vec![1.0; 9], "has 9 values, and a mean of 2 features goes with 4"),
            (vec![], vec![], "has 0 values"),
            (vec![0.0, f64::NAN], vec![1.0; 4], "not finite"),
            (vec![0.0; 2], vec![1.0, 0.5, 0.4, 1.0], "not symmetric"),
        ] {
            let message = Moments::new(mean, covariance).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
    }
}

//! Features of images: what a network makes of each.

use std::ops::Range;

use crate::{Error, Result};

/// A row of finite numbers for each image, `[rows, columns]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    columns: usize,
    values: Vec<f32>,
}

impl Features {
    /// No images yet, of so many features each.
    ///
    /// # Panics
    /// If `columns` is 0.
    pub fn empty(columns: usize) -> Self {
        assert!(columns > 0, "images have features");
        Self { columns, values: Vec::new() }
    }

    /// Features row by row.
    ///
    /// # Errors
    /// [`Error::NotFinite`]; [`Error::Statistics`] if the values do not fill their rows.
    pub fn new(columns: usize, values: Vec<f32>) -> Result<Self> {
        if columns == 0 || !values.len().is_multiple_of(columns) {
            let reason = format!("{} values do not fill rows of {columns}", values.len());
            return Err(Error::Statistics { reason });
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(Error::NotFinite {
                image: at / columns,
                column: at % columns,
                value: values[at],
            }),
            None => Ok(Self { columns, values }),
        }
    }

    /// Number of images.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Features an image.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The features of an image.
    pub fn row(&self, image: usize) -> &[f32] {
        &self.values[image * self.columns..][..self.columns]
    }

    /// Adds the images of another one behind these.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`].
    pub fn append(&mut self, other: &Self) -> Result<()> {
        same_columns(self.columns, other.columns)?;
        self.values.extend_from_slice(&other.values);
        Ok(())
    }

    /// Consecutive images.
    #[must_use]
    pub fn range(&self, images: Range<usize>) -> Self {
        let values = &self.values[images.start * self.columns..images.end * self.columns];
        Self { columns: self.columns, values: values.to_vec() }
    }

    /// These images, in this order.
    #[must_use]
    pub fn select(&self, images: &[usize]) -> Self {
        let values = images.iter().flat_map(|&image| self.row(image)).copied().collect();
        Self { columns: self.columns, values }
    }
}

/// Refuses to compare features of different networks.
pub(crate) fn same_columns(one: usize, other: usize) -> Result<()> {
    if one == other { Ok(()) } else { Err(Error::OtherFeatures { columns: [one, other] }) }
}

/// Refuses fewer images than a metric needs.
pub(crate) fn at_least(needed: usize, features: &Features, what: &'static str) -> Result<()> {
    let images = features.rows();
    if images >= needed { Ok(()) } else { Err(Error::TooFewImages { what, images, needed }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_finite_is_named() {
        let error = Features::new(2, vec![0.0, 1.0, 2.0, f32::NAN]).unwrap_err();
        assert!(error.to_string().starts_with("feature 1 of image 1 is NaN: "), "{error}");
        assert!(Features::new(2, vec![f32::INFINITY, 0.0]).is_err());
    }

    #[test]
    fn rows_are_whole_and_alike() {
        assert!(Features::new(2, vec![0.0; 3]).is_err());
        let mut features = Features::new(2, vec![0.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(features.select(&[1, 0]).values(), [2.0, 3.0, 0.0, 1.0]);
        assert!(features.append(&Features::empty(3)).is_err());
        features.append(&features.range(1..2)).unwrap();
        assert_eq!((features.rows(), features.row(2)), (3, [2.0, 3.0].as_slice()));
    }
}

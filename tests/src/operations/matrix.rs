//! A matrix of numbers on a tape.

use std::ops::Range;

use super::{Scalar, Tape};

/// Rows of numbers on a tape.
#[derive(Clone, Debug)]
pub struct Matrix<'t> {
    columns: usize,
    values: Vec<Scalar<'t>>,
}

impl<'t> Matrix<'t> {
    /// The values of an input tensor, row-major.
    pub fn input(tape: &'t Tape, values: &[f64], columns: usize) -> Self {
        let values = values.iter().map(|&value| tape.input(value)).collect();
        Self { columns, values }
    }

    /// One row after the other.
    pub fn from_rows(rows: impl IntoIterator<Item = Vec<Scalar<'t>>>) -> Self {
        let rows: Vec<Vec<Scalar<'t>>> = rows.into_iter().collect();
        Self { columns: rows.first().map_or(0, Vec::len), values: rows.concat() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.columns
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All numbers, row-major.
    pub fn values(&self) -> &[Scalar<'t>] {
        &self.values
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[Scalar<'t>] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// Some columns of all rows.
    #[must_use]
    pub fn narrow(&self, columns: Range<usize>) -> Self {
        let part = |row| self.row(row)[columns.clone()].to_vec();
        Self::from_rows((0..self.rows()).map(part))
    }

    /// Rows as columns.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let column = |column| (0..self.rows()).map(|row| self.row(row)[column]).collect();
        Self::from_rows((0..self.columns).map(column))
    }
}

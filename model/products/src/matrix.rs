//! A matrix in memory.

use half::bf16;

/// A matrix whose elements lie in memory at fixed distances.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [bf16],
    rows: usize,
    columns: usize,
    /// From a row to the next, in elements.
    row_stride: usize,
    /// From a column to the next, in elements.
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A matrix, row after row.
    ///
    /// # Panics
    /// If there are not as many values.
    pub fn new(values: &'a [bf16], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "values of {rows} x {columns}");
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same elements with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The elements of a row from `first` on, if they lie one behind the other.
    pub(crate) fn row(&self, row: usize, first: usize, count: usize) -> Option<&'a [bf16]> {
        (self.column_stride == 1).then(|| &self.values[row * self.row_stride + first..][..count])
    }

    /// The bits of an element; those of zero outside of the matrix.
    pub(crate) fn bits(&self, row: usize, column: usize) -> u32 {
        if row < self.rows && column < self.columns {
            let place = row * self.row_stride + column * self.column_stride;
            u32::from(self.values[place].to_bits())
        } else {
            0
        }
    }
}

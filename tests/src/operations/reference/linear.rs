//! Matrix products, matrices in eight bits, and the embedding's rows.

use crate::operations::{Matrix, Scalar};

/// `x weight + bias`, with a weight of a row an input and a bias of one row.
pub fn linear<'t>(x: &Matrix<'t>, weight: &Matrix<'t>, bias: Option<&Matrix<'t>>) -> Matrix<'t> {
    let columns = weight.transposed();
    let feature = |row: &[Scalar<'t>], feature: usize| {
        let products = row.iter().zip(columns.row(feature)).map(|(&x, &w)| x * w);
        let sum = products.sum::<Scalar<'t>>().store();
        bias.map_or(sum, |bias| (sum + bias.row(0)[feature]).store())
    };
    let token = |token| {
        let features = 0..weight.columns();
        features.map(|i| feature(x.row(token), i)).collect()
    };
    Matrix::from_rows((0..x.rows()).map(token))
}

/// A matrix `[inputs, outputs]` in eight bits: whole numbers, a row an output, times their row's scale.
pub fn dequantise<'t>(values: &Matrix<'t>, scales: &Matrix<'t>) -> Matrix<'t> {
    let row = |(output, &scale): (usize, &Scalar<'t>)| {
        let weights = values.row(output).iter();
        weights.map(|&value| (value * scale).store()).collect()
    };
    Matrix::from_rows(scales.row(0).iter().enumerate().map(row)).transposed()
}

/// The rows of the labels.
pub fn select<'t>(table: &Matrix<'t>, labels: &[usize]) -> Matrix<'t> {
    let row = |&label: &usize| table.row(label).iter().map(|x| x.store()).collect();
    Matrix::from_rows(labels.iter().map(row))
}

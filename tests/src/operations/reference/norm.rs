//! Normalisations over the features of a token, and their modulation per example.

use super::example_of_tokens;
use crate::operations::{Matrix, Scalar};

/// Added to the variance or to the mean square.
pub const EPSILON: f64 = 1e-6;

/// `(x - mean) / sqrt(variance + epsilon) (1 + scale) + shift`.
pub fn ada_layer_norm<'t>(
    x: &Matrix<'t>,
    shift: &Matrix<'t>,
    scale: &Matrix<'t>,
    lengths: &[usize],
    epsilon: f64,
) -> Matrix<'t> {
    let token = |(token, example)| {
        let normal = layer_normalised(x.row(token), epsilon);
        modulated(&normal, shift.row(example), scale.row(example))
    };
    Matrix::from_rows(example_of_tokens(lengths).enumerate().map(token))
}

/// `x / sqrt(mean of x^2 + epsilon) weight (1 + scale) + shift`.
pub fn ada_rms_norm<'t>(
    x: &Matrix<'t>,
    weight: &Matrix<'t>,
    shift: &Matrix<'t>,
    scale: &Matrix<'t>,
    lengths: &[usize],
    epsilon: f64,
) -> Matrix<'t> {
    let token = |(token, example)| {
        let normal = rms_normalised(x.row(token), weight.row(0), epsilon);
        modulated(&normal, shift.row(example), scale.row(example))
    };
    Matrix::from_rows(example_of_tokens(lengths).enumerate().map(token))
}

/// `x / sqrt(mean of x^2 + epsilon) weight`.
pub fn rms_norm<'t>(x: &Matrix<'t>, weight: &Matrix<'t>, epsilon: f64) -> Matrix<'t> {
    let token = |token| {
        let normal = rms_normalised(x.row(token), weight.row(0), epsilon);
        normal.into_iter().map(Scalar::store).collect()
    };
    Matrix::from_rows((0..x.rows()).map(token))
}

fn layer_normalised<'t>(x: &[Scalar<'t>], epsilon: f64) -> Vec<Scalar<'t>> {
    let mean = mean(x.iter().copied(), x.len());
    let centred: Vec<Scalar<'t>> = x.iter().map(|&x| x - mean).collect();
    let variance = self::mean(centred.iter().map(|&c| c * c), x.len());
    let deviation = (variance + epsilon).sqrt();
    centred.into_iter().map(|c| c / deviation).collect()
}

pub(super) fn rms_normalised<'t>(
    x: &[Scalar<'t>],
    weight: &[Scalar<'t>],
    epsilon: f64,
) -> Vec<Scalar<'t>> {
    let mean_square = mean(x.iter().map(|&x| x * x), x.len());
    let root = (mean_square + epsilon).sqrt();
    let product = |(&x, &weight)| x / root * weight;
    x.iter().zip(weight).map(product).collect()
}

fn modulated<'t>(
    normal: &[Scalar<'t>],
    shift: &[Scalar<'t>],
    scale: &[Scalar<'t>],
) -> Vec<Scalar<'t>> {
    let one = |(i, &x): (usize, &Scalar<'t>)| (x * (scale[i] + 1.0) + shift[i]).store();
    normal.iter().enumerate().map(one).collect()
}

fn mean<'t>(values: impl Iterator<Item = Scalar<'t>>, count: usize) -> Scalar<'t> {
    values.sum::<Scalar<'t>>() / count as f64
}

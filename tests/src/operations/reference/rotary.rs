//! RMS norm over all heads, then the two-dimensional rotary embedding of each head.

use super::norm::rms_normalised;
use crate::operations::{Matrix, Scalar};

/// The angle of every pair of neighbouring features of a head, a row a token.
///
/// The first half of the features turns with the column, the second with the row. Pair `i` of a
/// half of `D/2` features turns by `position * 10000^(-2i / (D/2))`.
pub fn angles(grids: &[(usize, usize)], head_dim: usize) -> Vec<Vec<f64>> {
    let half = head_dim / 2;
    let turned = |position: usize| {
        let frequency = move |i: usize| 10_000_f64.powf(-2.0 * i as f64 / half as f64);
        (0..half / 2).map(move |i| position as f64 * frequency(i))
    };
    let token = |row: usize, column: usize| turned(column).chain(turned(row)).collect();
    let grid = |&(height, width): &(usize, usize)| {
        (0..height * width).map(move |place| token(place / width, place % width))
    };
    grids.iter().flat_map(grid).collect()
}

/// `R(x / sqrt(mean of x^2 + epsilon) weight)`, with `R` the rotation of every head by `angles`.
pub fn norm_rotate<'t>(
    x: &Matrix<'t>,
    weight: &Matrix<'t>,
    angles: &[Vec<f64>],
    epsilon: f64,
) -> Matrix<'t> {
    let token = |(token, angles): (usize, &Vec<f64>)| {
        let normal = rms_normalised(x.row(token), weight.row(0), epsilon);
        let heads = normal.chunks_exact(2 * angles.len());
        heads.flat_map(|head| rotated(head, angles)).collect()
    };
    Matrix::from_rows(angles.iter().enumerate().map(token))
}

/// `x_2i cos - x_2i+1 sin`, `x_2i+1 cos + x_2i sin`.
fn rotated<'t>(head: &[Scalar<'t>], angles: &[f64]) -> Vec<Scalar<'t>> {
    let pair = |(pair, angle): (&[Scalar<'t>; 2], &f64)| {
        let (sin, cos) = angle.sin_cos();
        let [even, odd] = *pair;
        [even * cos - odd * sin, odd * cos + even * sin].map(Scalar::store)
    };
    let (pairs, _) = head.as_chunks::<2>();
    pairs.iter().zip(angles).flat_map(pair).collect()
}

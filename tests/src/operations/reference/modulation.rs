//! The residual connections.

use super::example_of_tokens;
use crate::operations::Matrix;

/// `h + y`.
pub fn add<'t>(h: &Matrix<'t>, y: &Matrix<'t>) -> Matrix<'t> {
    let token = |token| {
        let pairs = h.row(token).iter().zip(y.row(token));
        pairs.map(|(&h, &y)| (h + y).store()).collect()
    };
    Matrix::from_rows((0..h.rows()).map(token))
}

/// `h + gate y`, with the gate of each token's example.
pub fn gated_add<'t>(
    h: &Matrix<'t>,
    gate: &Matrix<'t>,
    y: &Matrix<'t>,
    lengths: &[usize],
) -> Matrix<'t> {
    let token = |(token, example)| {
        let (h, y, gate) = (h.row(token), y.row(token), gate.row(example));
        let one = |i: usize| (h[i] + (y[i] * gate[i]).store()).store();
        (0..h.len()).map(one).collect()
    };
    Matrix::from_rows(example_of_tokens(lengths).enumerate().map(token))
}

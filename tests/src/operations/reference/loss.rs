//! The training loss.

use super::example_of_tokens;
use crate::operations::{Matrix, Scalar};

/// Mean over an example's tokens and features of `(velocity - target)^2`, a row an example.
pub fn loss_per_example<'t>(
    velocity: &Matrix<'t>,
    target: &Matrix<'t>,
    lengths: &[usize],
) -> Matrix<'t> {
    let of_token = |token| {
        let pairs = velocity.row(token).iter().zip(target.row(token));
        let squares = pairs.map(|(&v, &t)| (v - t) * (v - t));
        squares.sum::<Scalar<'t>>() / velocity.columns() as f64
    };
    let of_example = |(example, &length): (usize, &usize)| {
        let tokens = example_of_tokens(lengths).enumerate();
        let own = tokens.filter(|(_, of)| *of == example);
        let sum: Scalar<'t> = own.map(|(token, _)| of_token(token)).sum();
        vec![(sum / length as f64).store()]
    };
    Matrix::from_rows(lengths.iter().enumerate().map(of_example))
}

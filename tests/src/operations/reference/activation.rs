//! Activations.

use std::f64::consts::PI;

use crate::operations::{Matrix, Scalar};

/// `x / (1 + e^(-x))`; the sigmoid is a tensor of its own.
pub fn silu<'t>(x: &Matrix<'t>) -> Matrix<'t> {
    each(x, |_, x| x * ((-x).exp() + 1.0).recip().store())
}

/// `y/2 (1 + tanh(sqrt(2/pi) (y + 0.044715 y^3)))` of `y = x + bias`.
pub fn bias_gelu<'t>(x: &Matrix<'t>, bias: Option<&Matrix<'t>>) -> Matrix<'t> {
    each(x, |feature, x| {
        let y = bias.map_or(x, |bias| x + bias.row(0)[feature]);
        let inner = (y + y * y * y * 0.044_715) * (2.0 / PI).sqrt();
        y * 0.5 * (inner.tanh() + 1.0)
    })
}

/// Stores what `function` makes of each number and its column.
fn each<'t>(x: &Matrix<'t>, function: impl Fn(usize, Scalar<'t>) -> Scalar<'t>) -> Matrix<'t> {
    let row = |row| {
        let numbers = x.row(row).iter().enumerate();
        numbers.map(|(i, &x)| function(i, x).store()).collect()
    };
    Matrix::from_rows((0..x.rows()).map(row))
}

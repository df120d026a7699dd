//! Muon's step.

use pixelflow::ops::MuonStep;

use crate::operations::{Matrix, Scalar};

/// Matrix, momentum and moving average after a step.
///
/// The coefficients are those of Jordan et al. 2024, the size of the update that of arXiv 2502.16982, equation 4.
pub fn muon<'t>(
    [matrix, momentum, average]: [&Matrix<'t>; 3],
    gradient: &Matrix<'t>,
    clip: Scalar<'t>,
    step: &MuonStep,
) -> [Matrix<'t>; 3] {
    let gradient = each([gradient], |[g]| g * clip);
    let momentum = each([momentum, &gradient], |[m, g]| m * step.momentum + g);
    let nesterov = each([&momentum, &gradient], |[m, g]| m * step.momentum + g);
    let (rows, columns) = (matrix.rows(), matrix.columns());
    let update = if rows > columns {
        orthogonal(&nesterov.transposed()).transposed()
    } else {
        orthogonal(&nesterov)
    };
    let size = step.learning_rate * 0.2 * (rows.max(columns) as f64).sqrt();
    let kept = 1.0 - step.learning_rate * step.weight_decay;
    let matrix = each([matrix, &update], |[w, u]| w * kept - u * size);
    let average =
        each([average, &matrix], |[e, w]| e * step.ema_decay + w * (1.0 - step.ema_decay));
    [matrix, momentum, average]
}

/// The iteration of Newton and Schulz on a matrix that is not taller than wide.
fn orthogonal<'t>(x: &Matrix<'t>) -> Matrix<'t> {
    let norm = x.values().iter().map(|&x| x * x).sum::<Scalar<'t>>().sqrt() + 1e-7;
    let mut x = each([x], |[x]| x / norm);
    for _ in 0..5 {
        let square = product(&x, &x.transposed());
        let fourth = product(&square, &square);
        let polynomial = each([&square, &fourth], |[s, f]| s * -4.7750 + f * 2.0315);
        x = each([&x, &product(&polynomial, &x)], |[x, p]| x * 3.4445 + p);
    }
    x
}

/// A function of the numbers at the same place in matrices of equal size.
fn each<'t, const N: usize>(
    matrices: [&Matrix<'t>; N],
    function: impl Fn([Scalar<'t>; N]) -> Scalar<'t>,
) -> Matrix<'t> {
    let row = |row: usize| {
        (0..matrices[0].columns())
            .map(|column| function(matrices.map(|matrix| matrix.row(row)[column])))
            .collect()
    };
    Matrix::from_rows((0..matrices[0].rows()).map(row))
}

fn product<'t>(x: &Matrix<'t>, y: &Matrix<'t>) -> Matrix<'t> {
    let columns = y.transposed();
    let dot = |row: &[Scalar<'t>], column: &[Scalar<'t>]| {
        row.iter().zip(column).map(|(&a, &b)| a * b).sum::<Scalar<'t>>()
    };
    let row = |row: usize| {
        (0..columns.rows()).map(|column| dot(x.row(row), columns.row(column))).collect()
    };
    Matrix::from_rows((0..x.rows()).map(row))
}

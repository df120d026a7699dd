//! Muon: the update of a matrix along its momentum made orthogonal.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Coefficients of the iteration of Newton and Schulz, which brings singular values near 1 fastest, not exactly to it:
/// to between 0.7 and 1.2 (Jordan et al. 2024, <https://kellerjordan.github.io/posts/muon>).
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Iterations of it.
const ITERATIONS: usize = 5;

/// How large an update is, as a share of the learning rate: as those of AdamW are (arXiv 2502.16982, section 2.2), so
/// that both take the same rate.
const UPDATE_SIZE: f64 = 0.2;

/// The numbers of one step of Muon and of the moving average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuonStep {
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Decay of the momentum.
    pub momentum: f64,
    /// Decay of the matrix, times the learning rate.
    pub weight_decay: f64,
    /// Decay of the moving average of the matrix.
    pub ema_decay: f64,
}

/// What the optimiser keeps for a matrix; all are `[rows, columns]`.
#[derive(Clone, Debug)]
pub struct MatrixState<B: Backend> {
    /// The matrix.
    pub matrix: Tensor<B, 2>,
    /// Sum of the gradients, earlier ones counting less.
    pub momentum: Tensor<B, 2>,
    /// Moving average of the matrix.
    pub average: Tensor<B, 2>,
}

/// One step of Muon with Nesterov's momentum, then of the moving average.
///
/// With `g = clip * gradient`:
/// - `m <- mu m + g`, `u = orthogonal(mu m + g)`
/// - `w <- w (1 - lr wd) - lr 0.2 sqrt(max(rows, columns)) u`
/// - `e <- d e + (1 - d) w`
///
/// Products dominate: ten of the smaller side squared times the larger one, and five of the smaller side cubed. For
/// XL's 28 blocks that is 9e12 multiplications a step, as much as training on one image of 256 x 256 pixels.
///
/// # Shapes
/// - gradient: `[rows, columns]`
/// - clip: `[1]`
pub fn muon<B: Backend>(
    state: MatrixState<B>,
    gradient: Tensor<B, 2>,
    clip: Tensor<B, 1>,
    step: &MuonStep,
) -> MatrixState<B> {
    let MuonStep { learning_rate, momentum: decay, weight_decay, ema_decay } = *step;
    let gradient = gradient * clip.unsqueeze();
    let momentum = state.momentum * decay + gradient.clone();
    let update = orthogonal(momentum.clone() * decay + gradient);
    let [rows, columns] = update.dims();
    let size = learning_rate * UPDATE_SIZE * (rows.max(columns) as f64).sqrt();
    let matrix = state.matrix * (1.0 - learning_rate * weight_decay) - update * size;
    let average = state.average * ema_decay + matrix.clone() * (1.0 - ema_decay);
    MatrixState { matrix, momentum, average }
}

/// A matrix with the same singular vectors and singular values near 1.
///
/// `x <- a x + (b x xᵀ + c (x xᵀ)²) x`, five times, from `x / (|x| + 1e-7)`, on the side where `x xᵀ` is smaller.
fn orthogonal<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    let [rows, columns] = x.dims();
    let is_tall = rows > columns;
    let x = if is_tall { x.transpose() } else { x };
    let norm = (x.clone() * x.clone()).sum().sqrt() + 1e-7;
    let [a, b, c] = QUINTIC;
    let mut x = x / norm.unsqueeze();
    for _ in 0..ITERATIONS {
        let square = x.clone().matmul(x.clone().transpose());
        let polynomial = square.clone() * b + square.clone().matmul(square) * c;
        x = x.clone() * a + polynomial.matmul(x);
    }
    if is_tall { x.transpose() } else { x }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::Flex;

    use super::*;
    use crate::noise::{Key, Purpose};

    #[test]
    fn singular_values_come_near_to_one() {
        let device = burn_flex::FlexDevice;
        for (rows, columns) in [(24, 24), (40, 12), (12, 40)] {
            let values = Key::new(3, rows as u64, Purpose::Testing).normals(rows * columns);
            let data = burn::tensor::TensorData::new(values, [rows, columns]);
            let x = orthogonal(Tensor::<Flex, 2>::from_data(data, &device));
            let x = if rows > columns { x.transpose() } else { x };
            let square = x.clone().matmul(x.transpose());
            let side = rows.min(columns);
            // Squares of singular values of 0.7 to 1.2 have a mean of 0.49 to 1.44, and at most this variance.
            let trace = square.clone().mul(Tensor::eye(side, &device)).sum().into_scalar();
            let norm = (square.clone() * square).sum().into_scalar();
            let mean = trace / side as f32;
            let variance = norm / side as f32 - mean * mean;
            assert!((0.49..1.44).contains(&mean), "{rows} x {columns}: {mean}");
            assert!(variance < 0.226, "{rows} x {columns}: {variance}");
        }
    }
}

//! Heun's method.

use burn::tensor::Tensor;

use super::{Rows, Velocity};
use crate::Result;
use crate::ops::PixelFlowBackend;

/// `x' = x + h v(t, x)`, then `x <- x + h/2 (v(t, x) + v(t + h, x'))`, over all times.
///
/// `done` is told every new state.
///
/// # Errors
/// What the velocity cannot compute.
pub fn heun<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    mut state: Tensor<B, 4>,
    times: &[f64],
    rows: Rows<'_>,
    mut done: impl FnMut(usize, f64, &Tensor<B, 4>),
) -> Result<Tensor<B, 4>> {
    for (step, pair) in times.windows(2).enumerate() {
        let h = (pair[1] - pair[0]) as f32;
        let first = velocity.at(&vec![pair[0]; rows.len()], state.clone(), rows)?;
        let guess = state.clone() + first.clone() * h;
        let second = velocity.at(&vec![pair[1]; rows.len()], guess, rows)?;
        state = state + (first + second) * (0.5 * h);
        done(step, pair[1], &state);
    }
    Ok(state)
}

//! Multistep methods: one evaluation a step, and what the steps before it predicted.
//!
//! Each method is a function from times to the weights of a [`Sum`]; times and predictions are in
//! the stage's own terms, the newest first. Nothing is carried from one stage into the next.

mod adams_bashforth;
mod dpm_solver;
mod unipc;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

pub(super) use adams_bashforth::adams_bashforth;
pub(super) use dpm_solver::dpm_solver;
pub(super) use unipc::unipc_correction;

/// The weights of a step's end: `state` of the state, one of each prediction.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sum {
    pub(super) state: f64,
    pub(super) predictions: Vec<f64>,
}

impl Sum {
    /// The sum itself.
    pub(super) fn of<B: Backend>(
        &self,
        state: Tensor<B, 4>,
        predictions: &[Tensor<B, 4>],
    ) -> Tensor<B, 4> {
        let terms = predictions.iter().zip(&self.predictions);
        terms.fold(state * self.state as f32, |sum, (prediction, &weight)| {
            sum + prediction.clone() * weight as f32
        })
    }
}

/// The exact step `(1 - t') / (1 - t) x + (t' - t) / (1 - t) d` towards a prediction `d` of the
/// stage's end that stays the same: the weights of `x` and of `d`.
///
/// It is Euler's step, since `d = x + (1 - t) v`.
fn towards(from: f64, to: f64) -> [f64; 2] {
    [(1.0 - to) / (1.0 - from), (to - from) / (1.0 - from)]
}

/// Half the logarithm of the signal-to-noise ratio, `ln(t / (1 - t))`, of a stage whose state is
/// `(1 - t) start + t end`; infinite at both ends.
fn half_log_snr(time: f64) -> f64 {
    (time / (1.0 - time)).ln()
}

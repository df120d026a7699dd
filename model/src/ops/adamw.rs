//! The optimiser's update.

use burn::tensor::Tensor;

use super::{PixelFlowBackend, unwrap, wrap};

/// The numbers of one step of AdamW (Loshchilov and Hutter 2019) and of the moving average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWStep {
    /// Learning rate of this step.
    pub learning_rate: f64,
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decay of the parameter, times the learning rate.
    pub weight_decay: f64,
    /// Number of this step, from 1.
    pub number: usize,
    /// Decay of the moving average of the parameter.
    pub ema_decay: f64,
}

impl AdamWStep {
    /// `1 - beta_1^number`.
    pub fn correction_1(&self) -> f64 {
        1.0 - self.beta_1.powf(self.number as f64)
    }

    /// `1 - beta_2^number`.
    pub fn correction_2(&self) -> f64 {
        1.0 - self.beta_2.powf(self.number as f64)
    }
}

/// What the optimiser keeps for a parameter, flattened.
#[derive(Clone, Debug)]
pub struct ParameterState<B: PixelFlowBackend> {
    /// The parameter.
    pub parameter: Tensor<B, 1>,
    /// First moment: moving mean of the gradient.
    pub first: Tensor<B, 1>,
    /// Second moment: moving mean of the squared gradient.
    pub second: Tensor<B, 1>,
    /// Moving average of the parameter.
    pub average: Tensor<B, 1>,
}

/// One step of AdamW, then of the moving average, for one parameter.
///
/// With `g = clip * gradient`:
/// - `m <- beta_1 m + (1 - beta_1) g`, `v <- beta_2 v + (1 - beta_2) g^2`
/// - `p <- p (1 - lr wd) - lr / c_1 m / (sqrt(v / c_2) + epsilon)`, `c_i = 1 - beta_i^number`
/// - `e <- d e + (1 - d) p`
///
/// # Shapes
/// - gradient: as the parameter
/// - clip: `[1]`
pub fn adamw<B: PixelFlowBackend>(
    state: ParameterState<B>,
    gradient: Tensor<B, 1>,
    clip: Tensor<B, 1>,
    step: &AdamWStep,
) -> ParameterState<B> {
    let ParameterState { parameter, first, second, average } = state;
    let state = [parameter, first, second, average].map(unwrap);
    let [parameter, first, second, average] =
        B::adamw(state, unwrap(gradient), unwrap(clip), step).map(wrap);
    ParameterState { parameter, first, second, average }
}

/// Sum of squares of a gradient, `[1]`, in a fixed order.
pub fn squared_norm<B: PixelFlowBackend>(x: Tensor<B, 1>) -> Tensor<B, 1> {
    wrap(B::squared_norm(unwrap(x)))
}

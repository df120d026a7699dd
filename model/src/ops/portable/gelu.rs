//! A bias and the tanh form of GELU.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::precision::{lower, raise};

/// `sqrt(2 / pi)`.
const FACTOR: f64 = core::f64::consts::FRAC_2_SQRT_PI * core::f64::consts::FRAC_1_SQRT_2;

/// Weight of the cube.
const CUBE: f64 = 0.044_715;

/// Beyond it tanh is 1 in every format, and some GPUs (Metal, Chromium's in software) make no number of it.
const SATURATED: f64 = 20.0;

/// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
///
/// Burn's `gelu_approximate` cubes with `powf`, which has no fast form.
pub(in crate::ops) fn bias_gelu<B: Backend>(
    x: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let x = add_bias(x, bias);
    let tanh = inner(x.clone()).tanh();
    lower(x * (tanh + 1.0) * 0.5, dtype)
}

/// Gradients of x and of the bias.
pub(in crate::ops) fn bias_gelu_backward<B: Backend>(
    x: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    gradient: Tensor<B, 2>,
) -> (Tensor<B, 2>, Tensor<B, 1>) {
    let dtype = x.dtype();
    let x = add_bias(x, bias);
    let tanh = inner(x.clone()).tanh();
    // d/dx = (1 + tanh)/2 + x/2 (1 - tanh^2) sqrt(2/pi) (1 + 3 · 0.044715 x^2)
    let slope = (x.clone() * x.clone()) * (3.0 * CUBE * FACTOR) + FACTOR;
    let curved = x * (tanh.clone() * tanh.clone() - 1.0).neg() * slope;
    let gradient = raise(gradient) * (tanh + 1.0 + curved) * 0.5;
    let bias_gradient = gradient.clone().sum_dim(0).squeeze_dim(0);
    (lower(gradient, dtype), lower(bias_gradient, dtype))
}

fn add_bias<B: Backend>(x: Tensor<B, 2>, bias: Option<Tensor<B, 1>>) -> Tensor<B, 2> {
    match bias {
        Some(bias) => raise(x) + raise(bias).unsqueeze(),
        None => raise(x),
    }
}

/// What tanh is taken of.
fn inner<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    let square = x.clone() * x.clone();
    (x * (square * (CUBE * FACTOR) + FACTOR)).clamp(-SATURATED, SATURATED)
}

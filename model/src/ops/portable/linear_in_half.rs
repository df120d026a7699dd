//! A linear layer in 16 bits.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::module::linear;

use super::precision::{lower, raise};

pub(in crate::ops) fn linear_in_half<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
) -> Tensor<B, 2> {
    linear(x, weight, bias)
}

/// Gradients of x and weight.
pub(in crate::ops) fn linear_in_half_backward<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
) -> [Tensor<B, 2>; 2] {
    let for_weight = x.transpose().matmul(gradient.clone());
    [gradient.matmul(weight.transpose()), for_weight]
}

/// Gradient of a bias that is added to every row.
pub(in crate::ops) fn bias_backward<B: Backend>(gradient: Tensor<B, 2>) -> Tensor<B, 1> {
    let dtype = gradient.dtype();
    lower(raise(gradient).sum_dim(0).squeeze_dim(0), dtype)
}

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

/// Gradients of x and weight, and of bias.
pub(in crate::ops) fn linear_in_half_backward<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
) -> ([Tensor<B, 2>; 2], Tensor<B, 1>) {
    let for_bias = lower(raise(gradient.clone()).sum_dim(0).squeeze_dim(0), x.dtype());
    let for_weight = x.transpose().matmul(gradient.clone());
    ([gradient.matmul(weight.transpose()), for_weight], for_bias)
}

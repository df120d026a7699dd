//! A residual connection gated per example.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::per_example::{sum_tokens, to_tokens};
use super::precision::{lower, raise};
use crate::Segments;

pub(in crate::ops) fn gated_add<B: Backend>(
    h: Tensor<B, 2>,
    gate: Tensor<B, 2>,
    y: Tensor<B, 2>,
    segments: &Segments,
) -> Tensor<B, 2> {
    h + y * to_tokens(gate, segments)
}

/// Gradients of gate and y; that of h is the gradient itself.
pub(in crate::ops) fn gated_add_backward<B: Backend>(
    gate: Tensor<B, 2>,
    y: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
    segments: &Segments,
) -> [Tensor<B, 2>; 2] {
    let dtype = y.dtype();
    let products = raise(gradient.clone()) * raise(y);
    let gate_gradient = lower(sum_tokens(products, segments), dtype);
    [gate_gradient, gradient * to_tokens(gate, segments)]
}

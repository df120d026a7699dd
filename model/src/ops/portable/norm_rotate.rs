//! RMS norm and rotary embedding.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::ada_norm::{rms_gradient, rms_normalise};
use super::precision::{lower, raise};
use crate::layers::Rope;

pub(in crate::ops) fn norm_rotate<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    cos: Tensor<B, 2>,
    sin: Tensor<B, 2>,
) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (normal, _) = rms_normalise(raise(x));
    lower(Rope { cos, sin }.apply(normal * raise(weight).unsqueeze()), dtype)
}

/// Gradients of x and of the weight.
pub(in crate::ops) fn norm_rotate_backward<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    cos: Tensor<B, 2>,
    sin: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
) -> (Tensor<B, 2>, Tensor<B, 1>) {
    let dtype = x.dtype();
    let (normal, inverse) = rms_normalise(raise(x));
    // The inverse of a rotation is the rotation by the opposite angle.
    let gradient = Rope { cos, sin: sin.neg() }.apply(raise(gradient));
    let weight_gradient = (gradient.clone() * normal.clone()).sum_dim(0).squeeze_dim(0);
    let x_gradient = rms_gradient(gradient * raise(weight).unsqueeze(), normal, inverse);
    (lower(x_gradient, dtype), lower(weight_gradient, dtype))
}

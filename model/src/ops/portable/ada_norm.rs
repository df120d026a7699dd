//! Normalisation followed by a modulation per example.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::per_example::{sum_tokens, to_tokens};
use super::precision::{lower, raise};
use crate::Segments;
use crate::layers::NORM_EPSILON;

pub(in crate::ops) fn ada_layer_norm<B: Backend>(
    x: Tensor<B, 2>,
    shift: Tensor<B, 2>,
    scale: Tensor<B, 2>,
    segments: &Segments,
) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (normal, _) = layer_normalise(raise(x));
    let scale = to_tokens(raise(scale) + 1.0, segments);
    lower(normal * scale + to_tokens(raise(shift), segments), dtype)
}

/// Gradients of x, shift and scale.
pub(in crate::ops) fn ada_layer_norm_backward<B: Backend>(
    x: Tensor<B, 2>,
    scale: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
    segments: &Segments,
) -> [Tensor<B, 2>; 3] {
    let dtype = x.dtype();
    let gradient = raise(gradient);
    let (normal, inverse) = layer_normalise(raise(x));
    let shift_gradient = sum_tokens(gradient.clone(), segments);
    let scale_gradient = sum_tokens(gradient.clone() * normal.clone(), segments);
    let inner = gradient * to_tokens(raise(scale) + 1.0, segments);
    let along = (inner.clone() * normal.clone()).mean_dim(1);
    let x_gradient = (inner.clone() - inner.mean_dim(1) - normal * along) * inverse;
    [x_gradient, shift_gradient, scale_gradient].map(|gradient| lower(gradient, dtype))
}

pub(in crate::ops) fn ada_rms_norm<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    shift: Tensor<B, 2>,
    scale: Tensor<B, 2>,
    segments: &Segments,
) -> Tensor<B, 2> {
    let dtype = x.dtype();
    let (normal, _) = rms_normalise(raise(x));
    let normal = normal * raise(weight).unsqueeze();
    let scale = to_tokens(raise(scale) + 1.0, segments);
    lower(normal * scale + to_tokens(raise(shift), segments), dtype)
}

/// Gradients of x, shift and scale, and of the weight.
pub(in crate::ops) fn ada_rms_norm_backward<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    scale: Tensor<B, 2>,
    gradient: Tensor<B, 2>,
    segments: &Segments,
) -> ([Tensor<B, 2>; 3], Tensor<B, 1>) {
    let dtype = x.dtype();
    let (gradient, weight) = (raise(gradient), raise(weight).unsqueeze::<2>());
    let (normal, inverse) = rms_normalise(raise(x));
    let shift_gradient = sum_tokens(gradient.clone(), segments);
    let with_normal = gradient.clone() * normal.clone();
    let scale_gradient = sum_tokens(with_normal.clone(), segments) * weight.clone();
    let scale = to_tokens(raise(scale) + 1.0, segments);
    let weight_gradient = (with_normal * scale.clone()).sum_dim(0).squeeze_dim(0);
    let inner = gradient * scale * weight;
    let x_gradient = rms_gradient(inner, normal, inverse);
    let gradients = [x_gradient, shift_gradient, scale_gradient];
    (gradients.map(|gradient| lower(gradient, dtype)), lower(weight_gradient, dtype))
}

/// `(x - mean) / sqrt(variance + 1e-6)` over the last dimension, and the factor.
fn layer_normalise<B: Backend>(x: Tensor<B, 2>) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let centred = x.clone() - x.mean_dim(1);
    let variance = (centred.clone() * centred.clone()).mean_dim(1);
    let inverse = (variance + NORM_EPSILON).sqrt().recip();
    (centred * inverse.clone(), inverse)
}

/// `x / sqrt(mean(x^2) + 1e-6)` over the last dimension, and the factor.
pub(super) fn rms_normalise<B: Backend>(x: Tensor<B, 2>) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let mean_square = (x.clone() * x.clone()).mean_dim(1);
    let inverse = (mean_square + NORM_EPSILON).sqrt().recip();
    (x * inverse.clone(), inverse)
}

/// Gradient through [`rms_normalise`] of the gradient `inner` of its result.
pub(super) fn rms_gradient<B: Backend>(
    inner: Tensor<B, 2>,
    normal: Tensor<B, 2>,
    inverse: Tensor<B, 2>,
) -> Tensor<B, 2> {
    let along = (inner.clone() * normal.clone()).mean_dim(1);
    (inner - normal * along) * inverse
}

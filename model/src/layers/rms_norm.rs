//! Root-mean-square normalisation with a weight.

use burn::module::{Initializer, Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

use super::NORM_EPSILON;
use crate::ops::in_f32;

/// `x / sqrt(mean(x^2) + 1e-6) * weight`, over the last dimension.
///
/// Burn's own `RmsNorm` divides in the tensor's precision; the reference normalises in f32.
#[derive(Module, Debug)]
pub struct RmsNorm<B: Backend> {
    /// The weight, `[width]`.
    pub weight: Param<Tensor<B, 1>>,
}

impl<B: Backend> RmsNorm<B> {
    pub(crate) fn uninitialised(width: usize, device: &B::Device) -> Self {
        Self { weight: Initializer::Ones.init([width], device) }
    }

    /// Normalises every row.
    ///
    /// # Shapes
    /// - x and output: `[tokens, width]`
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let weight = self.weight.val().cast(DType::F32);
        in_f32(x, |x| rms_normalise(x) * weight.unsqueeze())
    }
}

/// `x / sqrt(mean(x^2) + 1e-6)` over the last dimension.
fn rms_normalise<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    let mean_square = (x.clone() * x.clone()).mean_dim(1);
    x / (mean_square + NORM_EPSILON).sqrt()
}

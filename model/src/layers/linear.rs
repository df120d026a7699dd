//! The linear layer.

use burn::module::{Initializer, Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::module::linear;

use super::{Matrix, MatrixFormat};
use crate::ops::PixelFlowBackend;

/// `x weight + bias`.
#[derive(Module, Debug)]
pub struct Linear<B: Backend> {
    /// The matrix, `[inputs, outputs]`.
    pub weight: Matrix<B>,
    /// `[outputs]`.
    pub bias: Option<Param<Tensor<B, 1>>>,
}

impl<B: Backend> Linear<B> {
    /// A layer whose values come later, from [`crate::initialisation`] or a file.
    pub(crate) fn uninitialised(
        inputs: usize,
        outputs: usize,
        bias: bool,
        format: MatrixFormat,
        device: &B::Device,
    ) -> Self {
        Self {
            weight: Matrix::uninitialised(inputs, outputs, format, device),
            bias: bias.then(|| Initializer::Zeros.init([outputs], device)),
        }
    }
}

impl<B: PixelFlowBackend> Linear<B> {
    /// Applies the layer to every row.
    ///
    /// # Shapes
    /// - x: `[rows, inputs]`
    /// - output: `[rows, outputs]`
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let bias = self.bias.as_ref().map(Param::val);
        linear(x, self.weight.val(), bias)
    }
}

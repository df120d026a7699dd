//! The feed-forward layer.

use burn::module::Module;
use burn::tensor::Tensor;

use super::linear::alike;
use super::{Linear, MatrixFormat};
use crate::ops::{self, PixelFlowBackend};
use burn::tensor::backend::Backend;

/// `fc2(gelu_tanh(fc1(x)))` with four times the width inside.
#[derive(Module, Debug)]
pub struct FeedForward<B: Backend> {
    /// From the width to four times the width.
    pub fc1: Linear<B>,
    /// Back to the width.
    pub fc2: Linear<B>,
}

impl<B: Backend> FeedForward<B> {
    pub(crate) fn uninitialised(width: usize, format: MatrixFormat, device: &B::Device) -> Self {
        let linear = |from, to| Linear::uninitialised(from, to, true, format, device);
        Self { fc1: linear(width, 4 * width), fc2: linear(4 * width, width) }
    }
}

impl<B: PixelFlowBackend> FeedForward<B> {
    /// Applies the layer to every token.
    ///
    /// # Shapes
    /// - x and output: `[tokens, width]`
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let bias = self.fc1.bias.as_ref().map(burn::module::Param::val);
        let inner = {
            let weight = self.fc1.weight.val();
            alike(x, weight.dims()[1], |x| ops::linear(x, weight, None))
        };
        self.fc2.forward(ops::bias_gelu(inner, bias))
    }
}

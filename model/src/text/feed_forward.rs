//! T5's feed-forward layer.

use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

use super::T5Config;
use crate::layers::{Linear, MatrixFormat, in_format};
use crate::ops::{PixelFlowBackend, bias_gelu};

/// `wo(gelu_tanh(wi_0(x)) * wi_1(x))` (Shazeer 2020, GEGLU).
#[derive(Module, Debug)]
pub struct T5FeedForward<B: Backend> {
    /// The gate.
    pub wi_0: Linear<B>,
    /// What is gated.
    pub wi_1: Linear<B>,
    /// Back to the width. In f16 models it stays in f32, since its sums overflow.
    pub wo: Linear<B>,
}

impl<B: Backend> T5FeedForward<B> {
    pub(super) fn uninitialised(config: &T5Config, device: &B::Device) -> Self {
        let (width, inner) = (config.d_model, config.d_ff);
        let linear = |inputs, outputs| {
            Linear::uninitialised(inputs, outputs, false, MatrixFormat::Float, device)
        };
        Self { wi_0: linear(width, inner), wi_1: linear(width, inner), wo: linear(inner, width) }
    }
}

impl<B: PixelFlowBackend> T5FeedForward<B> {
    /// Applies the layer to every token.
    ///
    /// # Shapes
    /// - x: `[tokens, width]`
    /// - output: `[tokens, width]`, in the precision of `wo`
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let gate = bias_gelu(x.clone().matmul(self.wi_0.weight.val()), None);
        let inner = self.wi_1.forward(x);
        // The product of two halves may be beyond f16.
        let inner = if inner.dtype() == DType::F16 {
            gate.cast(DType::F32) * inner.cast(DType::F32)
        } else {
            gate * inner
        };
        self.wo.forward(in_format(inner, self.wo.weight.dtype()))
    }
}

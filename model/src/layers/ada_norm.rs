//! The projection from the condition to a block's modulation (adaLN, DiT section 3.2).

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{Linear, MatrixFormat};
use crate::ops::PixelFlowBackend;

/// Shift, scale and gate of each half of a block, one row an example.
#[derive(Clone, Debug)]
pub struct Modulation<B: Backend> {
    /// Shift before attention, `[examples, width]`.
    pub shift_attention: Tensor<B, 2>,
    /// Scale before attention, `[examples, width]`.
    pub scale_attention: Tensor<B, 2>,
    /// Gate after attention, `[examples, width]`.
    pub gate_attention: Tensor<B, 2>,
    /// Shift before the feed-forward layer, `[examples, width]`.
    pub shift_feed_forward: Tensor<B, 2>,
    /// Scale before the feed-forward layer, `[examples, width]`.
    pub scale_feed_forward: Tensor<B, 2>,
    /// Gate after the feed-forward layer, `[examples, width]`.
    pub gate_feed_forward: Tensor<B, 2>,
}

/// `linear(silu(condition))`, cut into the six parts of a [`Modulation`].
#[derive(Module, Debug)]
pub struct AdaNorm<B: Backend> {
    /// From the width to six times the width.
    pub linear: Linear<B>,
}

impl<B: Backend> AdaNorm<B> {
    pub(crate) fn uninitialised(width: usize, format: MatrixFormat, device: &B::Device) -> Self {
        Self { linear: Linear::uninitialised(width, 6 * width, true, format, device) }
    }
}

impl<B: PixelFlowBackend> AdaNorm<B> {
    /// The modulation of each example.
    ///
    /// # Shapes
    /// - condition: `[examples, width]`, `silu` already applied (it is the same for all blocks)
    pub fn forward(&self, condition: Tensor<B, 2>) -> Modulation<B> {
        Modulation::cut(self.linear.forward(condition))
    }
}

impl<B: Backend> Modulation<B> {
    /// Cuts the projection of the condition into its six parts.
    ///
    /// # Shapes
    /// - parts: `[examples, 6 width]`
    pub fn cut(parts: Tensor<B, 2>) -> Self {
        let width = parts.dims()[1] / 6;
        let part = |index: usize| parts.clone().narrow(1, index * width, width);
        Self {
            shift_attention: part(0),
            scale_attention: part(1),
            gate_attention: part(2),
            shift_feed_forward: part(3),
            scale_feed_forward: part(4),
            gate_feed_forward: part(5),
        }
    }
}

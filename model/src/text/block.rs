//! One block of the T5 encoder.

use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

use super::{T5Attention, T5Config, T5FeedForward};
use crate::layers::{RmsNorm, in_precision_of};
use crate::ops::PixelFlowBackend;

/// `h += attention(RMS(h))`, `h += feed_forward(RMS(h))`; `h` is in f32 whatever the weights.
#[derive(Module, Debug)]
pub struct T5Block<B: Backend> {
    /// Normalisation before attention.
    pub attention_norm: RmsNorm<B>,
    /// Self-attention.
    pub attention: T5Attention<B>,
    /// Normalisation before the feed-forward layer.
    pub feed_forward_norm: RmsNorm<B>,
    /// The feed-forward layer.
    pub feed_forward: T5FeedForward<B>,
}

impl<B: Backend> T5Block<B> {
    pub(super) fn uninitialised(config: &T5Config, device: &B::Device) -> Self {
        Self {
            attention_norm: RmsNorm::uninitialised(config.d_model, device),
            attention: T5Attention::uninitialised(config, device),
            feed_forward_norm: RmsNorm::uninitialised(config.d_model, device),
            feed_forward: T5FeedForward::uninitialised(config, device),
        }
    }
}

impl<B: PixelFlowBackend> T5Block<B> {
    /// Applies the block to a padded batch of texts.
    ///
    /// # Shapes
    /// - h and output: `[batch * length, width]`, in f32
    /// - bias: as in [`T5Attention::forward`]
    pub fn forward(
        &self,
        h: Tensor<B, 2>,
        shape: [usize; 2],
        bias: &[Tensor<B, 4>],
    ) -> Tensor<B, 2> {
        let x = self.attention_norm.forward(h.clone());
        let x = in_precision_of(x, &self.attention.q.weight.val());
        let h = h + self.attention.forward(x, shape, bias).cast(DType::F32);
        let x = self.feed_forward_norm.forward(h.clone());
        let x = in_precision_of(x, &self.feed_forward.wi_0.weight.val());
        h + self.feed_forward.forward(x).cast(DType::F32)
    }
}

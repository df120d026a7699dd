//! One block of the transformer.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{AdaNorm, Attention, FeedForward, MatrixFormat, RmsNorm};
use crate::ops::{self, PixelFlowBackend};
use crate::{Pass, PixelFlowConfig};

/// A block: modulated self-attention, cross-attention if there is text, modulated feed-forward.
///
/// - `h += gate_msa attn1(LN(h) (1 + scale_msa) + shift_msa)`
/// - `h += attn2(RMS(h), text)`, neither gated nor modulated
/// - `h += gate_mlp mlp(RMS(h) (1 + scale_mlp) + shift_mlp)`
///
/// Field names are those of the reference's parameters.
#[derive(Module, Debug)]
pub struct TransformerBlock<B: Backend> {
    /// From the condition to the modulation; its layer norm has no parameters.
    pub norm1: AdaNorm<B>,
    /// Self-attention.
    pub attn1: Attention<B>,
    /// Normalisation before cross-attention.
    pub norm2: Option<RmsNorm<B>>,
    /// Cross-attention.
    pub attn2: Option<Attention<B>>,
    /// Normalisation before the feed-forward layer.
    pub norm3: RmsNorm<B>,
    /// The feed-forward layer.
    pub mlp: FeedForward<B>,
}

impl<B: Backend> TransformerBlock<B> {
    pub(crate) fn uninitialised(
        config: &PixelFlowConfig,
        format: MatrixFormat,
        device: &B::Device,
    ) -> Self {
        let width = config.width();
        let text = config.cross_attention_dim;
        let attention = |source| Attention::uninitialised(config, source, format, device);
        Self {
            norm1: AdaNorm::uninitialised(width, format, device),
            attn1: attention(width),
            norm2: text.map(|_| RmsNorm::uninitialised(width, device)),
            attn2: text.map(attention),
            norm3: RmsNorm::uninitialised(width, device),
            mlp: FeedForward::uninitialised(width, format, device),
        }
    }
}

impl<B: PixelFlowBackend> TransformerBlock<B> {
    /// Applies the block, the model's `number`th from 0, to every token of a pass.
    ///
    /// # Shapes
    /// - h and output: `[tokens, width]`
    pub fn forward(&self, h: Tensor<B, 2>, number: usize, pass: &Pass<B>) -> Tensor<B, 2> {
        let Pass { segments, rope, .. } = pass;
        let m = pass.modulation(number, &self.norm1);
        let text = self.attn2.as_ref().and_then(|attention| pass.text_keys(number, attention));

        let x = ops::ada_layer_norm(h.clone(), m.shift_attention, m.scale_attention, segments);
        let x = self.attn1.attend_to_self(x, segments, rope);
        let mut h = ops::gated_add(h, m.gate_attention, x, segments);

        if let (Some(norm), Some(attention), Some(text)) = (&self.norm2, &self.attn2, text) {
            h = h.clone() + attention.attend_to_text(norm.forward(h), segments, rope, &text);
        }

        let weight = self.norm3.weight.val();
        let (shift, scale) = (m.shift_feed_forward, m.scale_feed_forward);
        let x = ops::ada_rms_norm(h.clone(), weight, shift, scale, segments);
        ops::gated_add(h, m.gate_feed_forward, self.mlp.forward(x), segments)
    }
}

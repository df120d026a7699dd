//! Multi-head attention with normalised queries and keys.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{Linear, MatrixFormat, RmsNorm, Rope, in_format};
use crate::ops::{self, AttentionLayout, PixelFlowBackend};
use crate::{PixelFlowConfig, Segments, TextStates};

/// Keys and values of some texts, for one block.
#[derive(Clone, Debug)]
pub(crate) struct TextKeys<B: Backend> {
    /// `[keys, width]`.
    pub k: Tensor<B, 2>,
    /// `[keys, width]`.
    pub v: Tensor<B, 2>,
    /// Which of them belong to which example.
    pub segments: Segments,
    /// Added to every attention score of a key, `[keys]`.
    pub bias: Option<Tensor<B, 1>>,
}

/// Self- or cross-attention.
///
/// Queries and keys are normalised over all heads together, before the split (`q_norm`, `k_norm`).
/// In self-attention both are then rotated; in cross-attention only the queries are.
#[derive(Module, Debug)]
pub struct Attention<B: Backend> {
    /// Projection to the queries.
    pub q_proj: Linear<B>,
    /// Projection to the keys.
    pub k_proj: Linear<B>,
    /// Projection to the values.
    pub v_proj: Linear<B>,
    /// Projection of the result.
    pub o_proj: Linear<B>,
    /// Normalisation of the queries, over `heads * head_dim`.
    pub q_norm: RmsNorm<B>,
    /// Normalisation of the keys, over `heads * head_dim`.
    pub k_norm: RmsNorm<B>,
    /// Number of heads.
    pub heads: usize,
}

impl<B: Backend> Attention<B> {
    /// Attention whose keys and values come from states of `source` features.
    pub(crate) fn uninitialised(
        config: &PixelFlowConfig,
        source: usize,
        format: MatrixFormat,
        device: &B::Device,
    ) -> Self {
        let (width, bias) = (config.width(), config.attention_bias);
        let linear = |inputs| Linear::uninitialised(inputs, width, bias, format, device);
        Self {
            q_proj: linear(width),
            k_proj: linear(source),
            v_proj: linear(source),
            o_proj: linear(width),
            q_norm: RmsNorm::uninitialised(width, device),
            k_norm: RmsNorm::uninitialised(width, device),
            heads: config.num_attention_heads,
        }
    }
}

impl<B: PixelFlowBackend> Attention<B> {
    /// Every token attends to the tokens of its own example.
    ///
    /// # Shapes
    /// - x and output: `[tokens, width]`
    pub fn attend_to_self(
        &self,
        x: Tensor<B, 2>,
        segments: &Segments,
        rope: &Rope<B>,
    ) -> Tensor<B, 2> {
        let q = ops::norm_rotate(self.q_proj.forward(x.clone()), self.q_norm.weight.val(), rope);
        let k = ops::norm_rotate(self.k_proj.forward(x.clone()), self.k_norm.weight.val(), rope);
        let v = self.v_proj.forward(x);
        let layout = AttentionLayout::new(segments, segments, self.heads);
        self.o_proj.forward(ops::packed_attention(q, k, v, None, &layout))
    }

    /// The keys and values of texts, which do not depend on the tokens.
    ///
    /// `k = RMS(k_proj(states))`, `v = v_proj(states)`
    pub(crate) fn text_keys(&self, text: &TextStates<B>) -> TextKeys<B> {
        let states = in_format(text.states.clone(), self.k_proj.weight.dtype());
        TextKeys {
            k: self.k_norm.forward(self.k_proj.forward(states.clone())),
            v: self.v_proj.forward(states),
            segments: text.segments.clone(),
            bias: text.bias.clone(),
        }
    }

    /// Every token attends to the text of its own example.
    ///
    /// # Shapes
    /// - x and output: `[tokens, width]`
    pub(crate) fn attend_to_text(
        &self,
        x: Tensor<B, 2>,
        segments: &Segments,
        rope: &Rope<B>,
        text: &TextKeys<B>,
    ) -> Tensor<B, 2> {
        let q = ops::norm_rotate(self.q_proj.forward(x), self.q_norm.weight.val(), rope);
        let TextKeys { k, v, segments: keys, bias } = text.clone();
        let layout = AttentionLayout::new(segments, &keys, self.heads);
        self.o_proj.forward(ops::packed_attention(q, k, v, bias, &layout))
    }
}

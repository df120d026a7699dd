//! T5's self-attention.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

use super::T5Config;
use crate::layers::{Linear, MatrixFormat};
use crate::ops::PixelFlowBackend;

/// Self-attention without a scale: `softmax(q k^T + bias) v`, then a projection.
///
/// The bias has a number for each head and pair of tokens, which packed attention has no place for;
/// texts are short, and this is computed once a prompt.
#[derive(Module, Debug)]
pub struct T5Attention<B: Backend> {
    /// Projection to the queries.
    pub q: Linear<B>,
    /// Projection to the keys.
    pub k: Linear<B>,
    /// Projection to the values.
    pub v: Linear<B>,
    /// Projection of the result.
    pub o: Linear<B>,
    heads: usize,
}

impl<B: Backend> T5Attention<B> {
    pub(super) fn uninitialised(config: &T5Config, device: &B::Device) -> Self {
        let (width, inner) = (config.d_model, config.inner_width());
        let linear = |inputs, outputs| {
            Linear::uninitialised(inputs, outputs, false, MatrixFormat::Float, device)
        };
        Self {
            q: linear(width, inner),
            k: linear(width, inner),
            v: linear(width, inner),
            o: linear(inner, width),
            heads: config.num_heads,
        }
    }
}

impl<B: PixelFlowBackend> T5Attention<B> {
    /// Every token attends to the tokens of its text.
    ///
    /// # Shapes
    /// - x and output: `[batch * length, width]`
    /// - bias: `[batch or 1, heads or 1, length, length or 1]`s that are added to the scores, in f32
    pub fn forward(
        &self,
        x: Tensor<B, 2>,
        [batch, length]: [usize; 2],
        bias: &[Tensor<B, 4>],
    ) -> Tensor<B, 2> {
        let heads = |x: Tensor<B, 2>| {
            let features = x.dims()[1] / self.heads;
            x.reshape([batch, length, self.heads, features]).swap_dims(1, 2)
        };
        let q = heads(self.q.forward(x.clone()));
        let k = heads(self.k.forward(x.clone()));
        let v = heads(self.v.forward(x));
        let dtype = v.dtype();
        let scores = q.matmul(k.swap_dims(2, 3)).cast(DType::F32);
        let scores = bias.iter().fold(scores, |sum, bias| sum + bias.clone());
        let attended = softmax(scores, 3).cast(dtype).matmul(v);
        let [inner, _] = self.o.weight.dims();
        self.o.forward(attended.swap_dims(1, 2).reshape([batch * length, inner]))
    }
}

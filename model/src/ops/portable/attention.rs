//! Attention over packed examples, run by run as dense batches.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use super::precision::{lower, raise};
use crate::Run;
use crate::ops::{Attended, AttentionInputs, AttentionLayout, unwrap, wrap};

pub(in crate::ops) fn packed_attention<B: Backend>(
    inputs: AttentionInputs<B>,
    layout: &AttentionLayout,
) -> Attended<B> {
    let inputs = Inputs::<B>::new(inputs, layout.heads);
    let (mut outputs, mut lse) = (Vec::new(), Vec::new());
    for (query_run, key_run) in &layout.runs() {
        let scores = inputs.scores(query_run, key_run);
        let largest = scores.clone().max_dim(3);
        let exponentials = (scores - largest.clone()).exp();
        let sums = exponentials.clone().sum_dim(3);
        let weights = lower(exponentials / sums.clone(), inputs.v.dtype());
        outputs.push(merge(weights.matmul(cut(&inputs.v, key_run, layout.heads))));
        lse.push(merge(largest + sums.log()));
    }
    Attended { output: unwrap(join(outputs)), lse: unwrap(join(lse)) }
}

/// Gradients of q, k and v.
pub(in crate::ops) fn packed_attention_backward<B: Backend>(
    inputs: AttentionInputs<B>,
    attended: Attended<B>,
    gradient: FloatTensor<B>,
    layout: &AttentionLayout,
) -> [FloatTensor<B>; 3] {
    let heads = layout.heads;
    let inputs = Inputs::<B>::new(inputs, heads);
    let gradient = wrap::<B, 2>(gradient);
    let (output, lse) = (wrap::<B, 2>(attended.output), wrap::<B, 2>(attended.lse));
    let dtype = gradient.dtype();
    let (mut grad_q, mut grad_k, mut grad_v) = (Vec::new(), Vec::new(), Vec::new());
    for (query_run, key_run) in &layout.runs() {
        let of_queries = |x: &Tensor<B, 2>| cut(x, query_run, heads);
        let of_keys = |x: &Tensor<B, 2>| cut(x, key_run, heads);
        let weights = (inputs.scores(query_run, key_run) - of_queries(&lse)).exp();
        let low_weights = lower(weights.clone(), dtype);
        let gradient = of_queries(&gradient);
        grad_v.push(merge(low_weights.transpose().matmul(gradient.clone())));
        let delta = (raise(gradient.clone()) * raise(of_queries(&output))).sum_dim(3);
        let grad_weights = raise(gradient.matmul(of_keys(&inputs.v).transpose()));
        let grad_scores = lower(weights * (grad_weights - delta) * inputs.scale(), dtype);
        let transposed = grad_scores.clone().transpose();
        grad_k.push(merge(transposed.matmul(of_queries(&inputs.q))));
        grad_q.push(merge(grad_scores.matmul(of_keys(&inputs.k))));
    }
    [join(grad_q), join(grad_k), join(grad_v)].map(unwrap)
}

struct Inputs<B: Backend> {
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    heads: usize,
}

impl<B: Backend> Inputs<B> {
    fn new(inputs: AttentionInputs<B>, heads: usize) -> Self {
        Self {
            q: wrap(inputs.q),
            k: wrap(inputs.k),
            v: wrap(inputs.v),
            bias: inputs.bias.map(wrap),
            heads,
        }
    }

    /// `1 / sqrt(head_dim)`.
    fn scale(&self) -> f64 {
        1.0 / ((self.q.dims()[1] / self.heads) as f64).sqrt()
    }

    /// `q k' scale + bias` of one run in f32, `[examples, heads, queries, keys]`.
    fn scores(&self, query_run: &Run, key_run: &Run) -> Tensor<B, 4> {
        let scaled = cut(&self.q, query_run, self.heads) * self.scale();
        let scores = raise(scaled.matmul(cut(&self.k, key_run, self.heads).transpose()));
        match &self.bias {
            Some(bias) => {
                let count = key_run.examples * key_run.length;
                let shape = [key_run.examples, 1, 1, key_run.length];
                let bias = bias.clone().narrow(0, key_run.first_token, count);
                scores + raise(bias).reshape(shape)
            }
            None => scores,
        }
    }
}

/// One run's tokens by head: `[tokens, heads * n]` → `[examples, heads, length, n]`.
fn cut<B: Backend>(x: &Tensor<B, 2>, run: &Run, heads: usize) -> Tensor<B, 4> {
    let [tokens, width] = x.dims();
    let count = run.examples * run.length;
    let x = if count == tokens { x.clone() } else { x.clone().narrow(0, run.first_token, count) };
    x.reshape([run.examples, run.length, heads, width / heads]).swap_dims(1, 2)
}

/// The inverse of [`cut`].
fn merge<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 2> {
    let [examples, heads, length, n] = x.dims();
    x.swap_dims(1, 2).reshape([examples * length, heads * n])
}

fn join<B: Backend>(mut parts: Vec<Tensor<B, 2>>) -> Tensor<B, 2> {
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}

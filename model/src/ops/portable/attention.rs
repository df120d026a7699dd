//! Attention over packed examples, run by run as dense batches.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use burn::tensor::backend::Backend;

use super::precision::{lower, raise};
use crate::{Run, Segments};

pub(in crate::ops) fn packed_attention<B: Backend>(
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    query_segments: &Segments,
    key_segments: &Segments,
    heads: usize,
) -> Tensor<B, 2> {
    let attend = |(query_run, key_run): &(Run, Run)| {
        let weights = attention_weights(&q, &k, bias.as_ref(), query_run, key_run, heads);
        merge(weights.matmul(cut(&v, key_run, heads)))
    };
    join(
        query_segments
            .paired_runs(key_segments)
            .iter()
            .map(attend)
            .collect(),
    )
}

/// Gradients of q, k and v; the bias is a constant.
#[allow(clippy::too_many_arguments)] // The inputs of the forward pass and the gradient.
pub(in crate::ops) fn packed_attention_backward<B: Backend>(
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    gradient: Tensor<B, 2>,
    query_segments: &Segments,
    key_segments: &Segments,
    heads: usize,
) -> [Tensor<B, 2>; 3] {
    let (mut for_q, mut for_k, mut for_v) = (Vec::new(), Vec::new(), Vec::new());
    for (query_run, key_run) in &query_segments.paired_runs(key_segments) {
        let weights = attention_weights(&q, &k, bias.as_ref(), query_run, key_run, heads);
        let out_gradient = cut(&gradient, query_run, heads);
        for_v.push(merge(
            weights.clone().transpose().matmul(out_gradient.clone()),
        ));
        let dtype = weights.dtype();
        let weights_gradient = raise(out_gradient.matmul(cut(&v, key_run, heads).transpose()));
        let weights = raise(weights);
        let along = (weights.clone() * weights_gradient.clone()).sum_dim(3);
        let scores_gradient = weights * (weights_gradient - along) * scale(&q, heads);
        let scores_gradient = lower(scores_gradient, dtype);
        for_k.push(merge(
            scores_gradient
                .clone()
                .transpose()
                .matmul(cut(&q, query_run, heads)),
        ));
        for_q.push(merge(scores_gradient.matmul(cut(&k, key_run, heads))));
    }
    [join(for_q), join(for_k), join(for_v)]
}

/// `1 / sqrt(head_dim)`.
fn scale<B: Backend>(q: &Tensor<B, 2>, heads: usize) -> f64 {
    1.0 / ((q.dims()[1] / heads) as f64).sqrt()
}

/// `softmax(q k' scale + bias)` of one run, `[examples, heads, queries, keys]`.
fn attention_weights<B: Backend>(
    q: &Tensor<B, 2>,
    k: &Tensor<B, 2>,
    bias: Option<&Tensor<B, 1>>,
    query_run: &Run,
    key_run: &Run,
    heads: usize,
) -> Tensor<B, 4> {
    let scaled = cut(q, query_run, heads) * scale(q, heads);
    let scores = scaled.matmul(cut(k, key_run, heads).transpose());
    let dtype = scores.dtype();
    let scores = match bias {
        Some(bias) => {
            let count = key_run.examples * key_run.length;
            let shape = [key_run.examples, 1, 1, key_run.length];
            raise(scores) + raise(bias.clone().narrow(0, key_run.first_token, count)).reshape(shape)
        }
        None => raise(scores),
    };
    lower(softmax(scores, 3), dtype)
}

/// One run's tokens by head: `[tokens, heads * head_dim]` → `[examples, heads, length, head_dim]`.
fn cut<B: Backend>(x: &Tensor<B, 2>, run: &Run, heads: usize) -> Tensor<B, 4> {
    let [tokens, width] = x.dims();
    let count = run.examples * run.length;
    let x = if count == tokens {
        x.clone()
    } else {
        x.clone().narrow(0, run.first_token, count)
    };
    x.reshape([run.examples, run.length, heads, width / heads])
        .swap_dims(1, 2)
}

/// The inverse of [`cut`].
fn merge<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 2> {
    let [examples, heads, length, head_dim] = x.dims();
    x.swap_dims(1, 2)
        .reshape([examples * length, heads * head_dim])
}

fn join<B: Backend>(mut parts: Vec<Tensor<B, 2>>) -> Tensor<B, 2> {
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Tensor::cat(parts, 0)
    }
}

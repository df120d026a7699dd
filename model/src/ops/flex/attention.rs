//! Attention over packed examples, one head of one example at a time.
//!
//! Scores exist for a block of queries only, in the forward and in the backward pass, so memory
//! grows with the number of tokens, not with its square.

use burn_flex::Flex;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::product::{Columns, Padded, Right, Rows, Target, multiply};
use super::rows::{dot, exp, exp_and_sum, largest};
use super::tensors::{Values, all};
use crate::Segments;
use crate::ops::{AttentionInputs, AttentionLayout};

/// Scores that exist at a time, of one head: half a megabyte, which stays in the cache.
const MOST_SCORES: usize = 1 << 17;

/// Queries whose scores exist at a time, where each needs `scores` of them.
fn most_queries(scores: usize) -> usize {
    (MOST_SCORES / scores.max(1)).clamp(16, 128)
}

/// The tensors of attention in f32.
pub(super) struct AttentionValues {
    pub q: Values,
    pub k: Values,
    pub v: Values,
    bias: Option<Values>,
}

impl AttentionValues {
    /// `None` if one of the tensors is neither f32 nor bf16.
    pub(super) fn new(inputs: &AttentionInputs<Flex>) -> Option<Self> {
        let [q, k, v] = all([&inputs.q, &inputs.k, &inputs.v])?;
        let bias = match &inputs.bias {
            None => None,
            Some(bias) => {
                let [bias] = all([bias])?;
                Some(bias)
            }
        };
        Some(Self { q, k, v, bias })
    }

    pub(super) fn attention<'a>(&'a self, layout: &'a AttentionLayout) -> Attention<'a> {
        Attention {
            q: self.q.slice(),
            k: self.k.slice(),
            v: self.v.slice(),
            bias: self.bias.as_ref().map(Values::slice),
            query_segments: &layout.query_segments,
            key_segments: &layout.key_segments,
            heads: layout.heads,
            width: self.q.sides()[1],
        }
    }
}

/// Queries, keys and values `[tokens, heads * head_dim]`, and which belong together.
pub(super) struct Attention<'a> {
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    bias: Option<&'a [f32]>,
    query_segments: &'a Segments,
    key_segments: &'a Segments,
    heads: usize,
    width: usize,
}

/// One example's tokens of the queries and of the keys.
#[derive(Clone, Copy)]
struct Example {
    first_query: usize,
    queries: usize,
    first_key: usize,
    keys: usize,
}

impl Attention<'_> {
    fn examples(&self) -> Vec<Example> {
        let (mut first_query, mut first_key) = (0, 0);
        let lengths = self.query_segments.lengths().iter().zip(self.key_segments.lengths());
        lengths
            .map(|(&queries, &keys)| {
                let example = Example { first_query, queries, first_key, keys };
                first_query += queries;
                first_key += keys;
                example
            })
            .collect()
    }

    fn head_dim(&self) -> usize {
        self.width / self.heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.head_dim() as f32).sqrt()
    }

    /// One head of some tokens of a matrix.
    fn head<'b>(&self, x: &'b [f32], first: usize, count: usize, head: usize) -> Rows<'b> {
        let head_dim = self.head_dim();
        Rows::new(&x[first * self.width + head * head_dim..], self.width, count, head_dim)
    }

    /// What is added to the scores of an example's keys.
    fn bias(&self, example: &Example) -> Option<&[f32]> {
        let keys = example.first_key..example.first_key + example.keys;
        self.bias.map(|bias| &bias[keys])
    }

    /// The result `[queries, width]` and the logarithms of the sums `[queries, heads]`.
    pub(super) fn forward(&self) -> (Vec<f32>, Vec<f32>) {
        let examples = self.examples();
        let results = self.over_heads(&examples, |example, head| {
            let (queries, keys) = (example.queries, example.keys);
            Arch::new().dispatch(Forward {
                q: self.head(self.q, example.first_query, queries, head),
                k: self.head(self.k, example.first_key, keys, head),
                v: self.head(self.v, example.first_key, keys, head),
                bias: self.bias(example),
                scale: self.scale(),
                queries,
                keys,
                head_dim: self.head_dim(),
            })
        });
        let (outputs, lse): (Vec<_>, Vec<_>) = results.into_iter().unzip();
        let output = self.join(self.q.len(), &outputs, self.query_segments);
        let per_query = Self { width: self.heads, ..*self };
        let lse = per_query.join(self.q.len() / self.head_dim(), &lse, self.query_segments);
        (output, lse)
    }

    /// Gradients of q, k and v from that of the result.
    pub(super) fn backward(&self, output: &[f32], lse: &[f32], gradient: &[f32]) -> [Vec<f32>; 3] {
        let examples = self.examples();
        let results = self.over_heads(&examples, |example, head| {
            let (queries, keys) = (example.queries, example.keys);
            let of_queries = |x| self.head(x, example.first_query, queries, head);
            let sums = &lse[example.first_query * self.heads + head..];
            Arch::new().dispatch(Backward {
                q: of_queries(self.q),
                k: self.head(self.k, example.first_key, keys, head),
                v: self.head(self.v, example.first_key, keys, head),
                bias: self.bias(example),
                output: of_queries(output),
                lse: Rows::new(sums, self.heads, queries, 1),
                gradient: of_queries(gradient),
                scale: self.scale(),
                queries,
                keys,
                head_dim: self.head_dim(),
            })
        });
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        for result in results {
            for (part, values) in parts.iter_mut().zip(result) {
                part.push(values);
            }
        }
        let [grad_q, grad_k, grad_v] = parts;
        [
            self.join(self.q.len(), &grad_q, self.query_segments),
            self.join(self.k.len(), &grad_k, self.key_segments),
            self.join(self.k.len(), &grad_v, self.key_segments),
        ]
    }

    /// Runs `job` for every head of every example; results ordered by example, then head.
    fn over_heads<R: Send>(
        &self,
        examples: &[Example],
        job: impl Fn(&Example, usize) -> R + Sync,
    ) -> Vec<R> {
        let tasks = 0..examples.len() * self.heads;
        let run = |task: usize| job(&examples[task / self.heads], task % self.heads);
        tasks.into_par_iter().map(run).collect()
    }

    /// Puts the heads' rows together: `parts` by example, then head.
    fn join(&self, count: usize, parts: &[Vec<f32>], segments: &Segments) -> Vec<f32> {
        let mut out = vec![0.0; count];
        let head_dim = self.head_dim();
        let mut rest = out.as_mut_slice();
        let mut rows = Vec::with_capacity(segments.examples());
        for (&length, parts) in segments.lengths().iter().zip(parts.chunks(self.heads)) {
            let (own, others) = rest.split_at_mut(length * self.width);
            let tokens = own.par_chunks_mut(self.width).enumerate();
            rows.push(tokens.map(move |(token, row)| (token, row, parts)));
            rest = others;
        }
        rows.into_par_iter().flatten().for_each(|(token, row, parts)| {
            for (place, part) in row.chunks_mut(head_dim).zip(parts) {
                place.copy_from_slice(&part[token * head_dim..][..head_dim]);
            }
        });
        out
    }
}

/// The forward pass of one head of one example: rows of the result, and logarithms of the sums.
struct Forward<'a> {
    q: Rows<'a>,
    k: Rows<'a>,
    v: Rows<'a>,
    bias: Option<&'a [f32]>,
    scale: f32,
    queries: usize,
    keys: usize,
    head_dim: usize,
}

impl WithSimd for Forward<'_> {
    type Output = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let (keys, head_dim) = (self.keys, self.head_dim);
        let turned_keys = Right::of_columns(simd, self.k, self.scale);
        let values = Right::of_rows(simd, self.v);
        let most = most_queries(keys).min(self.queries);
        let mut weights = Padded::zeros(simd, most, keys);
        let mut block = Padded::zeros(simd, most, head_dim);
        let mut output = Vec::with_capacity(self.queries * head_dim);
        let mut lse = Vec::with_capacity(self.queries);
        let mut factors = vec![0.0; most];
        for from in (0..self.queries).step_by(most) {
            let count = most.min(self.queries - from);
            let q = self.q.slice(from..from + count);
            multiply(simd, q, &turned_keys, Target::Replace, &mut weights);
            for (row, factor) in factors[..count].iter_mut().enumerate() {
                let (most, sum) = exponentials(weights.row_mut(row, keys), self.bias);
                *factor = 1.0 / sum;
                lse.push(most + sum.ln());
            }
            let weights = weights.rows(count, keys);
            multiply(simd, weights, &values, Target::Replace, &mut block);
            // The result has fewer columns than there are weights.
            for (row, factor) in factors[..count].iter().enumerate() {
                let row = block.row_mut(row, head_dim);
                output.extend(row.iter().map(|x| x * factor));
            }
        }
        (output, lse)
    }
}

/// The backward pass of one head of one example: gradients of q, k and v.
struct Backward<'a> {
    q: Rows<'a>,
    k: Rows<'a>,
    v: Rows<'a>,
    bias: Option<&'a [f32]>,
    output: Rows<'a>,
    lse: Rows<'a>,
    gradient: Rows<'a>,
    scale: f32,
    queries: usize,
    keys: usize,
    head_dim: usize,
}

impl WithSimd for Backward<'_> {
    type Output = [Vec<f32>; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let (keys, head_dim) = (self.keys, self.head_dim);
        let turned_keys = Right::of_columns(simd, self.k, self.scale);
        let turned_values = Right::of_columns(simd, self.v, 1.0);
        let key_rows = Right::of_rows(simd, self.k);
        // Weights, and their gradients.
        let most = most_queries(2 * keys).min(self.queries);
        let mut weights = Padded::zeros(simd, most, keys);
        let mut grad_scores = Padded::zeros(simd, most, keys);
        let mut block = Padded::zeros(simd, most, head_dim);
        let mut grad_q = Vec::with_capacity(self.queries * head_dim);
        let mut grad_k = Padded::zeros(simd, keys, head_dim);
        let mut grad_v = Padded::zeros(simd, keys, head_dim);
        for from in (0..self.queries).step_by(most) {
            let count = most.min(self.queries - from);
            let rows = from..from + count;
            let (q, gradient) = (self.q.slice(rows.clone()), self.gradient.slice(rows));
            multiply(simd, q, &turned_keys, Target::Replace, &mut weights);
            multiply(simd, gradient, &turned_values, Target::Replace, &mut grad_scores);
            for row in 0..count {
                let delta = dot(gradient.row(row), self.output.row(from + row));
                let lse = self.lse.row(from + row)[0];
                let weights = weights.row_mut(row, keys);
                let grad_scores = grad_scores.row_mut(row, keys);
                score_gradients(weights, grad_scores, self.bias, lse, [delta, self.scale]);
            }
            let grad_scores = grad_scores.rows(count, keys);
            multiply(simd, grad_scores, &key_rows, Target::Replace, &mut block);
            for row in 0..count {
                grad_q.extend_from_slice(block.row_mut(row, head_dim));
            }
            let weights = Columns(weights.rows(count, keys));
            let right = Right::of_rows(simd, gradient);
            multiply(simd, weights, &right, Target::Add, &mut grad_v);
            let right = Right::of_rows(simd, q);
            multiply(simd, Columns(grad_scores), &right, Target::Add, &mut grad_k);
        }
        [grad_q, grad_k.unpadded(keys, head_dim), grad_v.unpadded(keys, head_dim)]
    }
}

/// `e^(row + bias - max)` in place; returns the maximum and the sum, by which softmax divides.
#[inline(always)]
fn exponentials(row: &mut [f32], bias: Option<&[f32]>) -> (f32, f32) {
    if let Some(bias) = bias {
        for (score, bias) in row.iter_mut().zip(bias) {
            *score += bias;
        }
    }
    let most = largest(row);
    (most, exp_and_sum(row, most))
}

/// Turns scores into weights, and the weights' gradients into those of the scores, in place.
#[inline(always)]
fn score_gradients(
    scores: &mut [f32],
    gradients: &mut [f32],
    bias: Option<&[f32]>,
    lse: f32,
    [delta, scale]: [f32; 2],
) {
    if let Some(bias) = bias {
        for (score, bias) in scores.iter_mut().zip(bias) {
            *score += bias;
        }
    }
    for (score, gradient) in scores.iter_mut().zip(gradients) {
        *score = exp(*score - lse);
        *gradient = *score * (*gradient - delta) * scale;
    }
}

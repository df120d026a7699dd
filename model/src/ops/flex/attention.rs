//! Attention over packed examples, one head of one example at a time.
//!
//! Scores exist for a block of queries only, in the forward and in the backward pass, so memory
//! grows with the number of tokens, not with its square.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;

use super::rows::{dot, exp_and_sum, largest, vectorised};
use crate::Segments;

/// Scores that exist at a time, of one head: half a megabyte, which stays in the cache.
const MOST_SCORES: usize = 1 << 17;

/// Queries whose scores exist at a time.
fn most_queries(keys: usize) -> usize {
    (MOST_SCORES / keys.max(1)).clamp(32, 128)
}

/// Queries, keys and values `[tokens, heads * head_dim]`, and which belong together.
pub(super) struct Attention<'a> {
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
    pub bias: Option<&'a [f32]>,
    pub query_segments: &'a Segments,
    pub key_segments: &'a Segments,
    pub heads: usize,
    pub width: usize,
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
        let lengths = self
            .query_segments
            .lengths()
            .iter()
            .zip(self.key_segments.lengths());
        lengths
            .map(|(&queries, &keys)| {
                let example = Example {
                    first_query,
                    queries,
                    first_key,
                    keys,
                };
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
    fn head<'b>(
        &self,
        x: &'b [f32],
        first: usize,
        count: usize,
        head: usize,
    ) -> ArrayView2<'b, f32> {
        let rows = &x[first * self.width..(first + count) * self.width];
        let start = head * self.head_dim();
        // The slice has exactly count * width values.
        let matrix = ArrayView2::from_shape((count, self.width), rows).expect("whole rows");
        let (_, from) = matrix.split_at(Axis(1), start);
        from.split_at(Axis(1), self.head_dim()).0
    }

    /// `softmax(q k' scale + bias)` of a block of queries, each row times its entry of `sums`.
    fn weights(
        &self,
        q: &ArrayView2<'_, f32>,
        k: &ArrayView2<'_, f32>,
        first_key: usize,
        weights: &mut ArrayViewMut2<'_, f32>,
        sums: &mut [f32],
    ) {
        general_mat_mul(self.scale(), q, &k.t(), 0.0, weights);
        let bias = self
            .bias
            .map(|bias| &bias[first_key..first_key + k.nrows()]);
        vectorised(|| {
            for (mut row, sum) in weights.rows_mut().into_iter().zip(sums) {
                if let Some(row) = row.as_slice_mut() {
                    *sum = exponentials(row, bias);
                }
            }
        });
    }

    /// The result, `[queries, width]`.
    pub(super) fn forward(&self) -> Vec<f32> {
        let examples = self.examples();
        let head_dim = self.head_dim();
        let one = |example: &Example, head: usize| {
            let q = self.head(self.q, example.first_query, example.queries, head);
            let k = self.head(self.k, example.first_key, example.keys, head);
            let v = self.head(self.v, example.first_key, example.keys, head);
            let mut out = Array2::zeros((example.queries, head_dim));
            let most = most_queries(example.keys);
            let mut sums = vec![0.0; most];
            let mut weights = Array2::zeros((example.queries.min(most), example.keys));
            for from in (0..example.queries).step_by(most) {
                let to = (from + most).min(example.queries);
                let mut weights = weights.slice_axis_mut(Axis(0), block(0, to - from));
                self.weights(
                    &q.slice_axis(Axis(0), block(from, to)),
                    &k,
                    example.first_key,
                    &mut weights,
                    &mut sums,
                );
                let mut out = out.slice_axis_mut(Axis(0), block(from, to));
                general_mat_mul(1.0, &weights, &v, 0.0, &mut out);
                // The result has fewer columns than there are weights.
                vectorised(|| {
                    for (mut row, sum) in out.rows_mut().into_iter().zip(&sums) {
                        if let Some(row) = row.as_slice_mut() {
                            multiply(row, 1.0 / sum);
                        }
                    }
                });
            }
            out
        };
        let results = self.over_heads(&examples, one);
        let mut out = vec![0.0; self.q.len()];
        for (place, result) in results.iter().enumerate() {
            let example = examples[place / self.heads];
            self.put(&mut out, example.first_query, place % self.heads, result);
        }
        out
    }

    /// Gradients of q, k and v from that of the result.
    pub(super) fn backward(&self, gradient: &[f32]) -> [Vec<f32>; 3] {
        let examples = self.examples();
        let head_dim = self.head_dim();
        let one = |example: &Example, head: usize| {
            let (queries, keys) = (example.queries, example.keys);
            let q = self.head(self.q, example.first_query, queries, head);
            let k = self.head(self.k, example.first_key, keys, head);
            let v = self.head(self.v, example.first_key, keys, head);
            let gradient = self.head(gradient, example.first_query, queries, head);
            let mut for_q = Array2::zeros((queries, head_dim));
            let mut for_k = Array2::zeros((keys, head_dim));
            let mut for_v = Array2::zeros((keys, head_dim));
            let most = most_queries(keys).min(queries);
            let mut sums = vec![0.0; most];
            let mut weights = Array2::zeros((most, keys));
            let mut for_scores = Array2::zeros((most, keys));
            for from in (0..queries).step_by(most) {
                let to = (from + most).min(queries);
                let mut weights = weights.slice_axis_mut(Axis(0), block(0, to - from));
                let mut for_scores = for_scores.slice_axis_mut(Axis(0), block(0, to - from));
                let q = q.slice_axis(Axis(0), block(from, to));
                let gradient = gradient.slice_axis(Axis(0), block(from, to));
                self.weights(&q, &k, example.first_key, &mut weights, &mut sums);
                vectorised(|| {
                    for (mut row, sum) in weights.rows_mut().into_iter().zip(&sums) {
                        if let Some(row) = row.as_slice_mut() {
                            multiply(row, 1.0 / sum);
                        }
                    }
                });
                general_mat_mul(1.0, &weights.t(), &gradient, 1.0, &mut for_v);
                general_mat_mul(1.0, &gradient, &v.t(), 0.0, &mut for_scores);
                vectorised(|| {
                    for (weights, mut scores) in
                        weights.rows().into_iter().zip(for_scores.rows_mut())
                    {
                        if let (Some(weights), Some(scores)) =
                            (weights.as_slice(), scores.as_slice_mut())
                        {
                            softmax_gradient(weights, scores);
                        }
                    }
                });
                let scale = self.scale();
                general_mat_mul(
                    scale,
                    &for_scores,
                    &k,
                    0.0,
                    &mut for_q.slice_axis_mut(Axis(0), block(from, to)),
                );
                general_mat_mul(scale, &for_scores.t(), &q, 1.0, &mut for_k);
            }
            [for_q, for_k, for_v]
        };
        let results = self.over_heads(&examples, one);
        let mut out = [self.q, self.k, self.v].map(|x| vec![0.0; x.len()]);
        for (place, parts) in results.iter().enumerate() {
            let (example, head) = (examples[place / self.heads], place % self.heads);
            let firsts = [example.first_query, example.first_key, example.first_key];
            for ((out, first), part) in out.iter_mut().zip(firsts).zip(parts) {
                self.put(out, first, head, part);
            }
        }
        out
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

    /// Writes one head of some tokens.
    fn put(&self, out: &mut [f32], first: usize, head: usize, values: &Array2<f32>) {
        for (row, values) in values.rows().into_iter().enumerate() {
            let start = (first + row) * self.width + head * self.head_dim();
            for (out, value) in out[start..].iter_mut().zip(values) {
                *out = *value;
            }
        }
    }
}

/// The rows `from..to`.
fn block(from: usize, to: usize) -> Slice {
    Slice::from(from..to)
}

/// `e^(row + bias - max)` in place; returns the sum, which the softmax is divided by.
#[inline(always)]
fn exponentials(row: &mut [f32], bias: Option<&[f32]>) -> f32 {
    if let Some(bias) = bias {
        for (score, bias) in row.iter_mut().zip(bias) {
            *score += bias;
        }
    }
    exp_and_sum(row, largest(row))
}

#[inline(always)]
fn multiply(row: &mut [f32], factor: f32) {
    for x in row {
        *x *= factor;
    }
}

/// Turns the gradient of the weights into that of the scores, in place.
#[inline(always)]
fn softmax_gradient(weights: &[f32], gradient: &mut [f32]) {
    let along = dot(weights, gradient);
    for (gradient, weight) in gradient.iter_mut().zip(weights) {
        *gradient = weight * (*gradient - along);
    }
}

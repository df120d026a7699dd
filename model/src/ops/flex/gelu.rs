//! A bias and the tanh form of GELU.
//!
//! With `u = sqrt(2/pi) (x + 0.044715 x^3)`, `(1 + tanh u) / 2 = 1 / (1 + e^(-2u))`.

use super::rows::exp;
use super::token_chunks::{chunks_of_tokens, for_each_chunk, sum_all};

/// `sqrt(2 / pi)`.
const FACTOR: f32 = 0.797_884_6;

/// Weight of the cube.
const CUBE: f32 = 0.044_715;

#[inline(always)]
fn gate(x: f32) -> f32 {
    1.0 / (1.0 + exp(-2.0 * FACTOR * x * (1.0 + CUBE * x * x)))
}

/// x `[tokens, width]`, bias `[width]`.
pub(super) fn bias_gelu(x: &[f32], bias: &[f32]) -> Vec<f32> {
    let width = bias.len();
    let mut out = vec![0.0; x.len()];
    for_each_chunk(&chunks_of_tokens(x.len() / width), &mut out, width, |chunk, out| {
        let rows = chunk.of(x, width).chunks_exact(width).zip(out.chunks_exact_mut(width));
        for (x, out) in rows {
            for i in 0..width {
                let x = x[i] + bias[i];
                out[i] = x * gate(x);
            }
        }
    });
    out
}

/// Gradients of x and bias.
pub(super) fn bias_gelu_backward(x: &[f32], bias: &[f32], gradient: &[f32]) -> [Vec<f32>; 2] {
    let width = bias.len();
    let mut for_x = vec![0.0; x.len()];
    let chunks = chunks_of_tokens(x.len() / width);
    let sums = for_each_chunk(&chunks, &mut for_x, width, |chunk, for_x| {
        let mut for_bias = vec![0.0; width];
        let rows = chunk.of(x, width).chunks_exact(width);
        let gradients = chunk.of(gradient, width).chunks_exact(width);
        for ((x, gradient), for_x) in rows.zip(gradients).zip(for_x.chunks_exact_mut(width)) {
            for i in 0..width {
                let x = x[i] + bias[i];
                let gate = gate(x);
                let slope = 2.0 * FACTOR * (1.0 + 3.0 * CUBE * x * x);
                for_x[i] = gradient[i] * (gate + x * gate * (1.0 - gate) * slope);
                for_bias[i] += for_x[i];
            }
        }
        for_bias
    });
    [for_x, sum_all(sums.iter(), width)]
}

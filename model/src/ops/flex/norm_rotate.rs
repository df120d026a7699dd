//! RMS norm and rotary embedding.

use super::rows::{dot, rms_inverse};
use super::token_chunks::{chunks_of_tokens, for_each_chunk, sum_all};
use crate::layers::NORM_EPSILON;

/// A rotary table `[positions, pairs]` that the tokens repeat.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub cos: &'a [f32],
    pub sin: &'a [f32],
    pub pairs: usize,
}

impl<'a> Table<'a> {
    fn row(&self, token: usize) -> (&'a [f32], &'a [f32]) {
        let positions = self.cos.len() / self.pairs;
        let start = (token % positions) * self.pairs;
        (&self.cos[start..start + self.pairs], &self.sin[start..start + self.pairs])
    }

    /// Turns every head of `row` in place, by the angles (`1.0`) or back (`-1.0`).
    #[inline(always)]
    fn turn(&self, token: usize, row: &mut [f32], direction: f32) {
        let (cos, sin) = self.row(token);
        for head in row.chunks_exact_mut(2 * self.pairs) {
            for ((pair, cos), sin) in head.chunks_exact_mut(2).zip(cos).zip(sin) {
                let sin = direction * sin;
                let (even, odd) = (pair[0], pair[1]);
                pair[0] = even * cos - odd * sin;
                pair[1] = odd * cos + even * sin;
            }
        }
    }
}

/// x `[tokens, width]`, weight `[width]`.
pub(super) fn norm_rotate(x: &[f32], weight: &[f32], table: Table<'_>) -> Vec<f32> {
    let width = weight.len();
    let mut out = vec![0.0; x.len()];
    let chunks = chunks_of_tokens(x.len() / width);
    for_each_chunk(&chunks, &mut out, width, |chunk, out| {
        let rows = chunk.of(x, width).chunks_exact(width).zip(out.chunks_exact_mut(width));
        for (offset, (x, out)) in rows.enumerate() {
            let inverse = rms_inverse(x, NORM_EPSILON as f32);
            for i in 0..width {
                out[i] = x[i] * inverse * weight[i];
            }
            table.turn(chunk.first_token + offset, out, 1.0);
        }
    });
    out
}

/// Gradients of x and weight.
pub(super) fn norm_rotate_backward(
    x: &[f32],
    weight: &[f32],
    table: Table<'_>,
    gradient: &[f32],
) -> [Vec<f32>; 2] {
    let width = weight.len();
    let mut for_x = vec![0.0; x.len()];
    let chunks = chunks_of_tokens(x.len() / width);
    let sums = for_each_chunk(&chunks, &mut for_x, width, |chunk, for_x| {
        let mut for_weight = vec![0.0; width];
        let (mut normal, mut inner) = (vec![0.0; width], vec![0.0; width]);
        let rows = chunk.of(x, width).chunks_exact(width);
        let gradients = chunk.of(gradient, width).chunks_exact(width);
        let rows = rows.zip(gradients).zip(for_x.chunks_exact_mut(width));
        for (offset, ((x, gradient), for_x)) in rows.enumerate() {
            inner.copy_from_slice(gradient);
            table.turn(chunk.first_token + offset, &mut inner, -1.0);
            let inverse = rms_inverse(x, NORM_EPSILON as f32);
            for i in 0..width {
                normal[i] = x[i] * inverse;
                for_weight[i] += inner[i] * normal[i];
                inner[i] *= weight[i];
            }
            let along = dot(&inner, &normal) / width as f32;
            for i in 0..width {
                for_x[i] = inverse * (inner[i] - normal[i] * along);
            }
        }
        for_weight
    });
    [for_x, sum_all(sums.iter(), width)]
}

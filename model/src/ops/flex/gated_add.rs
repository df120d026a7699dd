//! A residual connection gated per example.

use super::token_chunks::{chunks_of, for_each_chunk, sum_by_example};
use crate::Segments;

/// h and y `[tokens, width]`, gate `[examples, width]`.
pub(super) fn gated_add(
    h: &[f32],
    gate: &[f32],
    y: &[f32],
    segments: &Segments,
    width: usize,
) -> Vec<f32> {
    let mut out = vec![0.0; h.len()];
    for_each_chunk(&chunks_of(segments), &mut out, width, |chunk, out| {
        let gate = chunk.row(gate, width);
        let (h, y) = (chunk.of(h, width), chunk.of(y, width));
        let rows = h.chunks_exact(width).zip(y.chunks_exact(width));
        for ((h, y), out) in rows.zip(out.chunks_exact_mut(width)) {
            for i in 0..width {
                out[i] = h[i] + gate[i] * y[i];
            }
        }
    });
    out
}

/// Gradients of gate and y.
pub(super) fn gated_add_backward(
    gate: &[f32],
    y: &[f32],
    gradient: &[f32],
    segments: &Segments,
    width: usize,
) -> [Vec<f32>; 2] {
    let chunks = chunks_of(segments);
    let mut for_y = vec![0.0; y.len()];
    let sums = for_each_chunk(&chunks, &mut for_y, width, |chunk, for_y| {
        let gate = chunk.row(gate, width);
        let mut for_gate = vec![0.0; width];
        let (y, gradient) = (chunk.of(y, width), chunk.of(gradient, width));
        let rows = y.chunks_exact(width).zip(gradient.chunks_exact(width));
        for ((y, gradient), for_y) in rows.zip(for_y.chunks_exact_mut(width)) {
            for i in 0..width {
                for_gate[i] += gradient[i] * y[i];
                for_y[i] = gradient[i] * gate[i];
            }
        }
        for_gate
    });
    [sum_by_example(&chunks, sums.iter(), segments.examples(), width), for_y]
}

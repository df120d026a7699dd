//! Normalisation followed by a modulation per example.

use super::rows::{dot, mean_and_inverse, rms_inverse, sum};
use super::token_chunks::{chunks_of, for_each_chunk, sum_all, sum_by_example};
use crate::Segments;
use crate::layers::NORM_EPSILON;

/// Inputs of the layer-norm form: x `[tokens, width]`, shift and scale `[examples, width]`.
pub(super) fn layer_norm(
    x: &[f32],
    shift: &[f32],
    scale: &[f32],
    segments: &Segments,
    width: usize,
) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for_each_chunk(&chunks_of(segments), &mut out, width, |chunk, out| {
        let (shift, scale) = (chunk.row(shift, width), chunk.row(scale, width));
        let rows = chunk.of(x, width).chunks_exact(width);
        for (x, out) in rows.zip(out.chunks_exact_mut(width)) {
            let (mean, inverse) = mean_and_inverse(x, NORM_EPSILON as f32);
            for i in 0..width {
                out[i] = (x[i] - mean) * inverse * (1.0 + scale[i]) + shift[i];
            }
        }
    });
    out
}

/// Gradients of x, shift and scale.
pub(super) fn layer_norm_backward(
    x: &[f32],
    scale: &[f32],
    gradient: &[f32],
    segments: &Segments,
    width: usize,
) -> [Vec<f32>; 3] {
    let chunks = chunks_of(segments);
    let mut for_x = vec![0.0; x.len()];
    let sums = for_each_chunk(&chunks, &mut for_x, width, |chunk, for_x| {
        let scale = chunk.row(scale, width);
        let (mut for_shift, mut for_scale) = (vec![0.0; width], vec![0.0; width]);
        let (mut normal, mut inner) = (vec![0.0; width], vec![0.0; width]);
        let rows = chunk.of(x, width).chunks_exact(width);
        let gradients = chunk.of(gradient, width).chunks_exact(width);
        for ((x, gradient), for_x) in rows.zip(gradients).zip(for_x.chunks_exact_mut(width)) {
            let (mean, inverse) = mean_and_inverse(x, NORM_EPSILON as f32);
            for i in 0..width {
                normal[i] = (x[i] - mean) * inverse;
                inner[i] = gradient[i] * (1.0 + scale[i]);
                for_shift[i] += gradient[i];
                for_scale[i] += gradient[i] * normal[i];
            }
            let average = sum(&inner) / width as f32;
            let along = dot(&inner, &normal) / width as f32;
            for i in 0..width {
                for_x[i] = inverse * (inner[i] - average - normal[i] * along);
            }
        }
        [for_shift, for_scale]
    });
    let per_example = |part: usize| {
        sum_by_example(&chunks, sums.iter().map(|sums| &sums[part]), segments.examples(), width)
    };
    [for_x, per_example(0), per_example(1)]
}

/// Inputs of the RMS form: as [`layer_norm`], and a weight `[width]`.
pub(super) fn rms_norm(
    x: &[f32],
    weight: &[f32],
    shift: &[f32],
    scale: &[f32],
    segments: &Segments,
    width: usize,
) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    for_each_chunk(&chunks_of(segments), &mut out, width, |chunk, out| {
        let (shift, scale) = (chunk.row(shift, width), chunk.row(scale, width));
        let weight = &weight[..width];
        let rows = chunk.of(x, width).chunks_exact(width);
        for (x, out) in rows.zip(out.chunks_exact_mut(width)) {
            let inverse = rms_inverse(x, NORM_EPSILON as f32);
            for i in 0..width {
                out[i] = x[i] * inverse * weight[i] * (1.0 + scale[i]) + shift[i];
            }
        }
    });
    out
}

/// Gradients of x, shift, scale and weight.
pub(super) fn rms_norm_backward(
    x: &[f32],
    weight: &[f32],
    scale: &[f32],
    gradient: &[f32],
    segments: &Segments,
    width: usize,
) -> [Vec<f32>; 4] {
    let chunks = chunks_of(segments);
    let mut for_x = vec![0.0; x.len()];
    let sums = for_each_chunk(&chunks, &mut for_x, width, |chunk, for_x| {
        let scale = chunk.row(scale, width);
        let weight = &weight[..width];
        let (mut for_shift, mut with_normal) = (vec![0.0; width], vec![0.0; width]);
        let (mut normal, mut inner) = (vec![0.0; width], vec![0.0; width]);
        let rows = chunk.of(x, width).chunks_exact(width);
        let gradients = chunk.of(gradient, width).chunks_exact(width);
        for ((x, gradient), for_x) in rows.zip(gradients).zip(for_x.chunks_exact_mut(width)) {
            let inverse = rms_inverse(x, NORM_EPSILON as f32);
            for i in 0..width {
                normal[i] = x[i] * inverse;
                inner[i] = gradient[i] * weight[i] * (1.0 + scale[i]);
                for_shift[i] += gradient[i];
                with_normal[i] += gradient[i] * normal[i];
            }
            let along = dot(&inner, &normal) / width as f32;
            for i in 0..width {
                for_x[i] = inverse * (inner[i] - normal[i] * along);
            }
        }
        let mut for_weight = with_normal.clone();
        let mut for_scale = with_normal;
        for i in 0..width {
            for_weight[i] *= 1.0 + scale[i];
            for_scale[i] *= weight[i];
        }
        [for_shift, for_scale, for_weight]
    });
    let part = |part: usize| sums.iter().map(move |sums| &sums[part]);
    let per_example = |rows: usize| sum_by_example(&chunks, part(rows), segments.examples(), width);
    let (for_shift, for_scale) = (per_example(0), per_example(1));
    [for_x, for_shift, for_scale, sum_all(part(2), width)]
}

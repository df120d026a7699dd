//! The velocity of a model that predicts the ends of the stages.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::Prediction;

use super::segments;
use crate::operations::reference::{self, LEAST};
use crate::operations::shapes::{DENSE, Grids, PACKED, TOKENS, WIDTH, lengths};
use crate::operations::{Case, Input};

/// The times of the examples, exact in f32: on both sides of where the denominator is clipped, and beyond the end, where
/// the reference's Dopri5 asks.
const TIMES: [f64; 5] = [0.0, 0.984_375, 0.5, 1.0, 1.015_625];

pub(super) fn cases<A: AutodiffBackend>() -> Vec<Case<A>> {
    vec![
        velocity_to_end("velocity_to_end/odd_tokens", PACKED),
        velocity_to_end("velocity_to_end/dense_batch", DENSE),
    ]
}

pub(in crate::operations) fn velocity_to_end<A: AutodiffBackend>(
    name: &str,
    grids: Grids,
) -> Case<A> {
    let times = &TIMES[..grids.len()];
    Case::new(
        name,
        vec![Input::normals("end", [TOKENS, WIDTH]), Input::normals("state", [TOKENS, WIDTH])],
        move |inputs| {
            reference::velocity_to_end(&inputs[0], &inputs[1], times, &lengths(grids), LEAST)
        },
        move |inputs| {
            let times: Vec<f32> = times.iter().map(|&time| time as f32).collect();
            let [end, state] = [0, 1].map(|input: usize| inputs[input].clone());
            Prediction::End.velocity(end, state, &segments(grids), &times)
        },
    )
}

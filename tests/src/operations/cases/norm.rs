//! The normalisations: ordinary numbers, large ones, and so small ones that epsilon decides.

use burn::module::{Param, ParamId};
use burn::tensor::backend::AutodiffBackend;
use pixelflow::layers::RmsNorm;
use pixelflow::ops::{self, PixelFlowBackend};

use super::{columns, segments, vector};
use crate::operations::reference::{self, EPSILON};
use crate::operations::shapes::{DENSE, Grids, PACKED, TOKENS, WIDTH, lengths};
use crate::operations::{Case, Input};

/// What the numbers are multiplied with.
pub(in crate::operations) const MAGNITUDES: [(&str, f64); 3] =
    [("odd_tokens", 1.0), ("large", 1e3), ("small", 1e-3)];

pub(super) fn cases<A: AutodiffBackend + PixelFlowBackend>() -> Vec<Case<A>> {
    let of_magnitude = |(name, factor)| {
        let layer = ada_layer_norm(&format!("ada_layer_norm/{name}"), PACKED, factor);
        let ada_rms = ada_rms_norm(&format!("ada_rms_norm/{name}"), PACKED, factor);
        [layer, ada_rms, rms_norm(&format!("rms_norm/{name}"), factor)]
    };
    let mut cases: Vec<Case<A>> = MAGNITUDES.into_iter().flat_map(of_magnitude).collect();
    cases.push(ada_layer_norm("ada_layer_norm/dense_batch", DENSE, 1.0));
    cases.push(ada_rms_norm("ada_rms_norm/dense_batch", DENSE, 1.0));
    cases
}

/// Shift and scale are the first two of a block's six parts.
pub(in crate::operations) fn ada_layer_norm<A>(name: &str, grids: Grids, factor: f64) -> Case<A>
where
    A: AutodiffBackend + PixelFlowBackend,
{
    let modulation = [("shift", WIDTH), ("scale", WIDTH), ("unused", 4 * WIDTH)];
    let inputs = vec![
        Input::normals("x", [TOKENS, WIDTH]).times(factor),
        Input::blocks(grids.len(), &modulation),
    ];
    Case::new(
        name,
        inputs,
        move |inputs| {
            let (shift, scale) = (inputs[1].narrow(0..WIDTH), inputs[1].narrow(WIDTH..2 * WIDTH));
            reference::ada_layer_norm(&inputs[0], &shift, &scale, &lengths(grids), EPSILON)
        },
        move |inputs| {
            let part = |block| columns(&inputs[1], block, WIDTH);
            ops::ada_layer_norm(inputs[0].clone(), part(0), part(1), &segments(grids))
        },
    )
}

/// Shift and scale are the fourth and fifth of a block's six parts.
fn ada_rms_norm<A>(name: &str, grids: Grids, factor: f64) -> Case<A>
where
    A: AutodiffBackend + PixelFlowBackend,
{
    let modulation =
        [("unused", 3 * WIDTH), ("shift", WIDTH), ("scale", WIDTH), ("unused_too", WIDTH)];
    let inputs = vec![
        Input::normals("x", [TOKENS, WIDTH]).times(factor),
        Input::blocks(grids.len(), &modulation),
        Input::normals("weight", [1, WIDTH]),
    ];
    Case::new(
        name,
        inputs,
        move |inputs| {
            let part = |block| inputs[1].narrow(block * WIDTH..(block + 1) * WIDTH);
            let (x, weight) = (&inputs[0], &inputs[2]);
            reference::ada_rms_norm(x, weight, &part(3), &part(4), &lengths(grids), EPSILON)
        },
        move |inputs| {
            let part = |block| columns(&inputs[1], block, WIDTH);
            let (x, weight) = (inputs[0].clone(), vector(&inputs[2]));
            ops::ada_rms_norm(x, weight, part(3), part(4), &segments(grids))
        },
    )
}

/// The norm of a text model's keys, and before its cross-attention.
fn rms_norm<A: AutodiffBackend>(name: &str, factor: f64) -> Case<A> {
    let inputs = vec![
        Input::normals("x", [TOKENS, WIDTH]).times(factor),
        Input::normals("weight", [1, WIDTH]),
    ];
    Case::new(
        name,
        inputs,
        |inputs| reference::rms_norm(&inputs[0], &inputs[1], EPSILON),
        |inputs| {
            let weight = Param::initialized(ParamId::new(), vector(&inputs[1]));
            RmsNorm { weight }.forward(inputs[0].clone())
        },
    )
}

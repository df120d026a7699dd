//! The residual connections, gated and plain.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::{self, PixelFlowBackend};

use super::{columns, segments};
use crate::operations::reference;
use crate::operations::shapes::{DENSE, Grids, PACKED, TOKENS, WIDTH, lengths};
use crate::operations::{Case, Input};

pub(super) fn cases<A: AutodiffBackend + PixelFlowBackend>() -> Vec<Case<A>> {
    vec![
        gated_add("gated_add/odd_tokens", PACKED),
        gated_add("gated_add/dense_batch", DENSE),
        Case::new(
            "residual/odd_tokens",
            vec![Input::normals("h", [TOKENS, WIDTH]), Input::normals("y", [TOKENS, WIDTH])],
            |inputs| reference::add(&inputs[0], &inputs[1]),
            |inputs| inputs[0].clone() + inputs[1].clone(),
        ),
    ]
}

/// The gate is the third of a block's six parts.
fn gated_add<A>(name: &str, grids: Grids) -> Case<A>
where
    A: AutodiffBackend + PixelFlowBackend,
{
    let modulation = [("unused", 2 * WIDTH), ("gate", WIDTH), ("unused_too", 3 * WIDTH)];
    let inputs = vec![
        Input::normals("h", [TOKENS, WIDTH]),
        Input::blocks(grids.len(), &modulation),
        Input::normals("y", [TOKENS, WIDTH]),
    ];
    Case::new(
        name,
        inputs,
        move |inputs| {
            let gate = inputs[1].narrow(2 * WIDTH..3 * WIDTH);
            reference::gated_add(&inputs[0], &gate, &inputs[2], &lengths(grids))
        },
        move |inputs| {
            let gate = columns(&inputs[1], 2, WIDTH);
            ops::gated_add(inputs[0].clone(), gate, inputs[2].clone(), &segments(grids))
        },
    )
}

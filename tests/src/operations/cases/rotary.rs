//! Norm and rotary embedding of queries and keys.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::Example;
use pixelflow::layers::Rope;
use pixelflow::ops::{self, PixelFlowBackend};

use super::norm::MAGNITUDES;
use super::vector;
use crate::operations::reference::{self, EPSILON, angles};
use crate::operations::shapes::{DENSE, Grids, HEADS, NARROW, PACKED, TOKENS, WIDTH};
use crate::operations::{Case, Input};

pub(super) fn cases<A: AutodiffBackend + PixelFlowBackend>() -> Vec<Case<A>> {
    let of_magnitude =
        |(name, factor)| norm_rotate(&format!("norm_rotate/{name}"), PACKED, factor, WIDTH);
    let mut cases: Vec<Case<A>> = MAGNITUDES.into_iter().map(of_magnitude).collect();
    cases.push(norm_rotate("norm_rotate/head_dim_64", PACKED, 1.0, NARROW));
    // The table of one example is repeated.
    cases.push(norm_rotate("norm_rotate/dense_batch", DENSE, 1.0, WIDTH));
    cases
}

pub(in crate::operations) fn norm_rotate<A>(
    name: &str,
    grids: Grids,
    factor: f64,
    width: usize,
) -> Case<A>
where
    A: AutodiffBackend + PixelFlowBackend,
{
    let head_dim = width / HEADS;
    let inputs = vec![
        Input::normals("x", [TOKENS, width]).times(factor),
        Input::normals("weight", [1, width]),
    ];
    Case::new(
        name,
        inputs,
        move |inputs| {
            let angles = angles(grids, head_dim);
            reference::norm_rotate(&inputs[0], &inputs[1], &angles, EPSILON)
        },
        move |inputs| {
            let example = |&(height, width): &(usize, usize)| Example::new(height, width, 0.0);
            let examples: Vec<Example> = grids.iter().map(example).collect();
            let rope = Rope::new(&examples, head_dim, &inputs[0].device());
            ops::norm_rotate(inputs[0].clone(), vector(&inputs[1]), &rope)
        },
    )
}

//! The activations, far into both tails.

use burn::tensor::activation::silu;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::{self, PixelFlowBackend};

use super::vector;
use crate::operations::reference;
use crate::operations::shapes::{TOKENS, WIDTH};
use crate::operations::{Case, Input};

/// The largest of the normal numbers become about 12.
const TAILS: f64 = 3.0;

pub(super) fn cases<A: AutodiffBackend + PixelFlowBackend>() -> Vec<Case<A>> {
    let x = || Input::normals("x", [TOKENS, WIDTH]).times(TAILS);
    let bias = Input::normals("bias", [1, WIDTH]);
    vec![
        Case::new(
            "bias_gelu/tails",
            vec![x(), bias],
            |inputs| reference::bias_gelu(&inputs[0], Some(&inputs[1])),
            |inputs| ops::bias_gelu(inputs[0].clone(), Some(vector(&inputs[1]))),
        ),
        Case::new(
            "bias_gelu/without_bias",
            vec![x()],
            |inputs| reference::bias_gelu(&inputs[0], None),
            |inputs| ops::bias_gelu(inputs[0].clone(), None),
        ),
        Case::new(
            "silu/tails",
            vec![x()],
            |inputs| reference::silu(&inputs[0]),
            |inputs| silu(inputs[0].clone()),
        ),
    ]
}

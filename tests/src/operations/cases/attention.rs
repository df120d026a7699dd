//! Packed attention.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::Segments;
use pixelflow::ops::{self, AttentionLayout, PixelFlowBackend};

use super::{columns, segments, vector};
use crate::operations::reference;
use crate::operations::shapes::{
    DENSE, DENSE_KEYS, Grids, HEADS, LONG, LONG_KEYS, NARROW, PACKED, PACKED_KEYS, WIDTH, lengths,
};
use crate::operations::{Case, Input};

/// Queries and keys times this have scores up to 60.
const SHARP: f64 = 4.2;

/// What masks a key.
const MASK: f64 = -10_000.0;

pub(super) fn cases<A: AutodiffBackend + PixelFlowBackend>() -> Vec<Case<A>> {
    vec![
        to_self("self_attention/odd_tokens", PACKED, 1.0, WIDTH),
        to_self("self_attention/large_scores", PACKED, SHARP, WIDTH),
        to_self("self_attention/dense_batch", DENSE, 1.0, WIDTH),
        to_self("self_attention/several_tiles", LONG, 1.0, WIDTH),
        to_self("self_attention/head_dim_64", DENSE, 1.0, NARROW),
        to_self("self_attention/head_dim_80", PACKED, 1.0, HEADS * 80),
        to_self("self_attention/head_dim_96", PACKED, 1.0, HEADS * 96),
        to_self("self_attention/head_dim_128", LONG, 1.0, HEADS * 128),
        // No whole vectors: only the portable form can.
        to_self("self_attention/head_dim_10", DENSE, 1.0, HEADS * 10),
        to_others("cross_attention/masked_keys", PACKED, PACKED_KEYS, WIDTH),
        to_others("cross_attention/several_tiles", LONG, LONG_KEYS, WIDTH),
        to_others("cross_attention/head_dim_64", DENSE, DENSE_KEYS, NARROW),
    ]
}

/// Every token attends to its own example.
pub(in crate::operations) fn to_self<A>(
    name: &str,
    grids: Grids,
    factor: f64,
    width: usize,
) -> Case<A>
where
    A: AutodiffBackend + PixelFlowBackend,
{
    let blocks = [("q", width), ("k", width), ("v", width)];
    Case::new(
        name,
        vec![Input::blocks(lengths(grids).iter().sum(), &blocks).times(factor)],
        move |inputs| {
            let part = |block| inputs[0].narrow(block * width..(block + 1) * width);
            let (parts, lengths) = ([&part(0), &part(1), &part(2)], lengths(grids));
            reference::packed_attention(parts, None, &lengths, &lengths, HEADS)
        },
        move |inputs| {
            let part = |block| columns(&inputs[0], block, width);
            let layout = AttentionLayout::new(&segments(grids), &segments(grids), HEADS);
            ops::packed_attention(part(0), part(1), part(2), None, &layout)
        },
    )
}

/// Every token attends to the keys of its example, every fourth of which is masked.
fn to_others<A>(name: &str, grids: Grids, key_lengths: &'static [usize], width: usize) -> Case<A>
where
    A: AutodiffBackend + PixelFlowBackend,
{
    let bias = |key: usize| if key % 4 == 1 { MASK } else { 0.5 };
    let keys = key_lengths.iter().sum();
    let inputs = vec![
        Input::normals("q", [lengths(grids).iter().sum(), width]),
        Input::blocks(keys, &[("k", width), ("v", width)]),
        Input::constant((0..keys).map(bias).collect()),
    ];
    Case::new(
        name,
        inputs,
        move |inputs| {
            let part = |block| inputs[1].narrow(block * width..(block + 1) * width);
            let (parts, bias) = ([&inputs[0], &part(0), &part(1)], Some(&inputs[2]));
            reference::packed_attention(parts, bias, &lengths(grids), key_lengths, HEADS)
        },
        move |inputs| {
            let part = |block| columns(&inputs[1], block, width);
            let keys = Segments::new(key_lengths.to_vec());
            let layout = AttentionLayout::new(&segments(grids), &keys, HEADS);
            let (q, bias) = (inputs[0].clone(), Some(vector(&inputs[2])));
            ops::packed_attention(q, part(0), part(1), bias, &layout)
        },
    )
}

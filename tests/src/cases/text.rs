//! States of a text encoder as the fixtures store them.

use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Segments, TextStates};

use super::upload;
use crate::{Result, Tensors};

/// Added to the scores of padding (REFERENCE, text cross-attention).
const PADDING: f32 = -10_000.0;

/// The padded states `[batch, length, features]` and their mask, if there is one.
///
/// A mask `[batch, length]` has 1 for tokens and 0 for padding; one of `[batch, 1, length]` is
/// added to the scores as it is.
pub(super) fn padded<B: PixelFlowBackend>(
    tensors: &Tensors,
    states: &str,
    mask: &str,
    device: &B::Device,
) -> Result<TextStates<B>> {
    let [batch, length, features] = tensors.dims(states)?;
    let packed = upload::<B, 3>(tensors, states, device)?.reshape([batch * length, features]);
    let bias = if tensors.has(mask) {
        let shape = tensors.shape(mask)?;
        let values = match shape.as_slice() {
            [b, l] if [*b, *l] == [batch, length] => {
                let kept = tensors.integers(mask)?;
                kept.iter().map(|&keep| (1 - keep) as f32 * PADDING).collect()
            }
            [b, 1, l] if [*b, *l] == [batch, length] => tensors.floats(mask)?,
            _ => return Err(tensors.problem(format!("`{mask}` has shape {shape:?}"))),
        };
        Some(Tensor::from_data(TensorData::new(values, [batch * length]), device))
    } else {
        None
    };
    Ok(TextStates { states: packed, segments: Segments::uniform(batch, length), bias })
}

/// The states `[keys, features]` of examples of the given lengths, one behind the other.
pub(super) fn packed<B: PixelFlowBackend>(
    tensors: &Tensors,
    states: &str,
    lengths: Vec<usize>,
    device: &B::Device,
) -> Result<TextStates<B>> {
    let [keys, _] = tensors.dims(states)?;
    if lengths.iter().sum::<usize>() != keys {
        return Err(tensors.problem(format!("`{states}` has {keys} rows for {lengths:?}")));
    }
    Ok(TextStates {
        states: upload::<B, 2>(tensors, states, device)?,
        segments: Segments::new(lengths),
        bias: None,
    })
}

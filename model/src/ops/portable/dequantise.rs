//! A matrix in eight bits as floats.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, ElementConversion, FloatDType, Int, Tensor};

use super::precision::lower;
use crate::int8::{IN_A_WORD, OFFSET};

/// Takes the words apart, as [`Int8Rows`](crate::int8::Int8Rows) has put them together, and multiplies
/// by the scales in f32.
///
/// # Shapes
/// - words: `[inputs / 4, outputs]`
/// - scales: `[outputs]`
/// - output: `[inputs, outputs]`
pub(in crate::ops) fn dequantise<B: Backend>(
    words: Tensor<B, 2, Int>,
    scales: Tensor<B, 1>,
    dtype: DType,
) -> Tensor<B, 2> {
    let [quarter, outputs] = words.dims();
    let device = words.device();
    let bits = (8 * IN_A_WORD) as i64;
    let places = Tensor::<B, 1, Int>::arange_step(0..bits, 8, (&device, DType::I32));
    let bytes = words
        .reshape([1, quarter, outputs])
        .bitwise_right_shift(places.reshape([IN_A_WORD, 1, 1]))
        .bitwise_and_scalar(255.elem());
    let values = bytes.cast(FloatDType::F32) - f32::from(OFFSET);
    let weights = values * scales.reshape([1, 1, outputs]);
    lower(weights.reshape([IN_A_WORD * quarter, outputs]), dtype)
}

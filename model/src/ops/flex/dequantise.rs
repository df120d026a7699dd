//! A matrix in eight bits as floats.

use super::token_chunks::{chunks_of_tokens, for_each_chunk};
use crate::int8::{IN_A_WORD, OFFSET};

/// words `[inputs / 4, outputs]`, scales `[outputs]`; the result is `[inputs, outputs]`.
pub(super) fn dequantise(words: &[i32], scales: &[f32]) -> Vec<f32> {
    let outputs = scales.len();
    let mut out = vec![0.0; IN_A_WORD * words.len()];
    let (inputs, quarter) = (out.len() / outputs, words.len() / outputs);
    for_each_chunk(&chunks_of_tokens(inputs), &mut out, outputs, |chunk, out| {
        for (row, out) in out.chunks_exact_mut(outputs).enumerate() {
            let input = chunk.first_token + row;
            let (bits, row) = (8 * (input / quarter), input % quarter);
            let words = &words[row * outputs..(row + 1) * outputs];
            for i in 0..outputs {
                let value = ((words[i] >> bits) & 255) - i32::from(OFFSET);
                out[i] = value as f32 * scales[i];
            }
        }
    });
    out
}

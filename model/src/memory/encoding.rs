//! Encoding texts.

use burn::tensor::DType;

use super::F32;
use crate::text::T5Config;

/// Bytes of encoding a batch of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodingBytes {
    /// The weights.
    pub weights: u64,
    /// The largest tensors of a forward pass.
    pub passing: u64,
}

impl EncodingBytes {
    /// Of `texts` texts that are padded to `length` tokens.
    ///
    /// The weights are in `dtype`; the states between blocks, and the scores, are in f32, and with f16
    /// the last matrix of each block.
    pub fn new(config: &T5Config, [texts, length]: [usize; 2], dtype: DType) -> Self {
        let element = dtype.size() as u64;
        let [width, inner, hidden, heads] =
            [config.d_model, config.inner_width(), config.d_ff, config.num_heads]
                .map(|size| size as u64);
        let tokens = (texts * length) as u64;
        // The scores, their softmax, and what is between; beside them queries, keys and values.
        let scores = 3 * heads * tokens * length as u64 * F32;
        let attention = scores + 4 * tokens * inner * element;
        // Both sides of the gate and their product; the product is in f32 for the last matrix.
        let feed_forward = tokens * hidden * (3 * element + F32);
        let widened = if dtype == DType::F16 {
            config.num_layers as u64 * width * hidden * (F32 - element)
        } else {
            0
        };
        Self {
            weights: config.parameters() * element + widened,
            passing: 2 * tokens * width * F32 + attention.max(feed_forward),
        }
    }

    /// The most that exists at once.
    pub fn peak(&self) -> u64 {
        self.weights + self.passing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flan_t5_xl_encodes_in_bf16_within_3_gb() {
        let config =
            T5Config { d_kv: 64, d_ff: 5120, num_heads: 32, ..T5Config::small(2048, 24, 32_128) };
        // A batch of captions, and one prompt as long as may be with an empty negative.
        for shape in [[64, 32], [2, 512]] {
            let peak = EncodingBytes::new(&config, shape, DType::BF16).peak();
            assert!((2_447_000_000..3_000_000_000).contains(&peak), "{peak}");
        }
    }
}

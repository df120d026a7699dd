//! Drawing.

use super::parameters::Matrices;
use super::{F32, largest_scores};
use crate::PixelFlowConfig;
use crate::sampler::MOST_MODULATIONS;

/// Bytes of each number of a matrix while it is taken out of eight bits: as a byte in a word of its own,
/// as a float, and times its scale.
const PASSING_INT8: u64 = 3 * F32;

/// Bytes of drawing a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawingBytes {
    /// The weights.
    pub weights: u64,
    /// The largest tensors of a forward pass.
    pub passing: u64,
}

impl DrawingBytes {
    /// Of forward passes of `rows` images (twice the batch with guidance) of `tokens` tokens.
    ///
    /// `element` is the bytes of a number of weights and activations.
    pub fn new(
        config: &PixelFlowConfig,
        rows: usize,
        tokens: usize,
        element: u64,
        scores_in_memory: bool,
    ) -> Self {
        let width = config.width() as u64;
        let all = (rows as u64).saturating_mul(tokens as u64);
        let scores = if scores_in_memory {
            // Scores in f32, and as weights.
            largest_scores(config, &vec![tokens; rows]).saturating_mul(F32 + element)
        } else {
            0
        };
        // Tokens, their norm, and both sides of GELU, or queries, keys, values and the result; and
        // at most so many modulations of a stage's schedule.
        let numbers = all.saturating_mul(10 * width).saturating_add(MOST_MODULATIONS as u64);
        Self {
            weights: config.parameters() * element,
            passing: numbers.saturating_mul(element).saturating_add(scores),
        }
    }

    /// The same with the matrices of linear layers [in eight bits](crate::int8).
    ///
    /// `element` is the bytes of a number of what is not in eight bits, and of activations.
    #[must_use]
    pub fn with_int8(self, config: &PixelFlowConfig, element: u64) -> Self {
        let matrices = Matrices::of(config);
        let others = config.parameters() - matrices.weights;
        Self {
            weights: matrices.weights + matrices.outputs * F32 + others * element,
            passing: self.passing.saturating_add(matrices.largest * PASSING_INT8),
        }
    }

    /// The most that exists at once.
    pub fn peak(&self) -> u64 {
        self.weights.saturating_add(self.passing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn xl_draws_256_pixels_in_f16_within_4_gb() {
        let xl = Preset::Xl.config(1000);
        let tiles = DrawingBytes::new(&xl, 2, 4096, 2, false).peak();
        assert!(tiles < 4_000_000_000, "{tiles}");
    }

    #[test]
    fn xl_draws_256_pixels_in_eight_bits_within_2_5_gb() {
        let xl = Preset::Xl.config(1000);
        let f32 = DrawingBytes::new(&xl, 2, 4096, 4, false);
        let int8 = f32.with_int8(&xl, 4);
        assert!(int8.peak() < 2_500_000_000, "{}", int8.peak());
        assert!(f32.peak() > 2_500_000_000, "{}", f32.peak());
        // A quarter of the weights in f32, and a little for what is not in eight bits.
        assert!(int8.weights > f32.weights / 4);
        assert!(int8.weights < f32.weights * 26 / 100, "{}", int8.weights);
    }
}

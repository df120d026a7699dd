//! A training step.

use super::{F32, largest_scores};
use crate::PixelFlowConfig;
use crate::text::T5Config;

/// What the backward pass of a block keeps of each token, in multiples of the width: the inputs of
/// both norms; the inputs of the projections to queries, keys and values, of the output and of the
/// feed-forward layer; queries and keys before and after their norm, and values; what both gates
/// multiply; and inside the feed-forward layer both sides of GELU, four widths each.
const KEPT_WIDTHS: u64 = 2 + 3 + 5 + 2 + 8;

/// Widths of a token that exist for a moment while a block is differentiated: the gradients of both
/// sides of GELU, and of the block's input and output.
const PASSING_WIDTHS: u64 = 10;

/// What cross-attention keeps besides: norm, queries before and after their norm, result, output.
const TEXT_WIDTHS: u64 = 5;

/// How a training step is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Bytes of a number in which products and attention are computed; below 4 there is a copy of the weights in it.
    pub element: u64,
    /// Whether only the inputs of the blocks are kept.
    pub recompute: bool,
    /// Whether the scores of a run of equally long examples are in memory at once.
    pub scores_in_memory: bool,
}

/// Bytes of a training step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingBytes {
    /// The weights, and in mixed precision their copy.
    pub weights: u64,
    /// Both moments of the optimiser.
    pub moments: u64,
    /// The moving average of the weights.
    pub average: u64,
    /// The gradients, which grow as the activations shrink.
    pub gradients: u64,
    /// The sum of the gradients of other parts of the batch.
    pub held: u64,
    /// What the backward pass needs of the forward pass.
    pub activations: u64,
    /// The largest tensors that live for a moment.
    pub passing: u64,
}

impl TrainingBytes {
    /// The most that exists at once.
    ///
    /// The backward pass gives back activations as it makes gradients, so the larger of both counts.
    pub fn peak(&self) -> u64 {
        let state = self.weights + self.moments + self.average;
        state + self.held + self.activations.max(self.gradients) + self.passing
    }

    /// With a text encoder that learns too, from captions of at most these many tokens. Its activations count as in
    /// f32, which most of them are.
    #[must_use]
    pub fn with_text_encoder(
        self,
        memory: TrainingMemory,
        config: &T5Config,
        [captions, length]: [usize; 2],
    ) -> Self {
        let [width, inner, hidden, heads, layers] = [
            config.d_model,
            config.inner_width(),
            config.d_ff,
            config.num_heads,
            config.num_layers,
        ]
        .map(|size| size as u64);
        let tokens = (captions * length) as u64;
        // Inputs and outputs of both norms and halves; queries, keys, values and the result; scores
        // and their softmax; both sides of the gate, one of them through GELU, and their product.
        let of_token = 6 * width + 5 * inner + 2 * heads * length as u64 + 4 * hidden;
        let weights = config.parameters() * F32;
        Self {
            weights: self.weights + memory.weights(config.parameters()),
            moments: self.moments + 2 * weights,
            average: self.average + weights,
            gradients: self.gradients + weights,
            held: self.held,
            activations: self.activations + layers * of_token * tokens * F32,
            passing: self.passing,
        }
    }
}

impl TrainingMemory {
    /// Of so many weights, and of their copy where products are not in f32.
    fn weights(self, parameters: u64) -> u64 {
        parameters * if self.element < F32 { F32 + self.element } else { F32 }
    }

    /// Of a step on packed examples of these numbers of tokens.
    pub fn bytes(self, config: &PixelFlowConfig, lengths: &[usize]) -> TrainingBytes {
        let (width, depth) = (config.width() as u64, config.depth as u64);
        let tokens: u64 = lengths.iter().map(|&length| length as u64).sum();
        let text = config.cross_attention_dim.map_or(0, |_| TEXT_WIDTHS);
        let of_block = (KEPT_WIDTHS + text) * width * tokens;
        // The ends keep patches, the last norm's input and output, and prediction and target.
        let ends = (2 * width + 4 * config.patch_features() as u64) * tokens;
        let kept =
            if self.recompute { depth * width * tokens + of_block } else { depth * of_block };
        let scores = if self.scores_in_memory {
            // Weights, their gradients, and two products of both.
            4 * largest_scores(config, lengths)
        } else {
            0
        };
        let weights = config.parameters() * F32;
        TrainingBytes {
            weights: self.weights(config.parameters()),
            moments: 2 * weights,
            average: weights,
            gradients: weights,
            held: 0,
            activations: (kept + ends) * self.element,
            passing: PASSING_WIDTHS * width * tokens * self.element + scores * F32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn xl_trains_in_80_gb_and_with_recomputation_in_24() {
        let xl = Preset::Xl.config(1000);
        let four = [4096, 1024, 256, 64];
        let kept = TrainingMemory { element: F32, recompute: false, scores_in_memory: true };
        let peak = kept.bytes(&xl, &four).peak();
        assert!((25_000_000_000..80_000_000_000).contains(&peak), "{peak}");
        assert!(kept.bytes(&xl, &[4096]).peak() > 24_000_000_000);
        let recomputed = TrainingMemory { recompute: true, ..kept };
        let peak = recomputed.bytes(&xl, &[4096]).peak();
        assert!(peak < 24_000_000_000, "{peak}");
    }

    #[test]
    fn half_precision_has_a_copy_of_the_weights_and_half_the_activations() {
        let xl = Preset::Xl.config(1000);
        let f32 = TrainingMemory { element: F32, recompute: false, scores_in_memory: false };
        let bf16 = TrainingMemory { element: 2, ..f32 };
        let [f32, bf16] = [f32, bf16].map(|memory| memory.bytes(&xl, &[4096, 1024, 256, 64]));
        assert_eq!(bf16.weights, f32.weights * 3 / 2);
        assert_eq!(bf16.activations, f32.activations / 2);
        assert_eq!((bf16.moments, bf16.gradients), (f32.moments, f32.gradients));
        println!("XL, four images: {} and {} bytes", f32.peak(), bf16.peak());
        assert!(bf16.peak() < f32.peak() * 8 / 10, "{} of {}", bf16.peak(), f32.peak());
    }

    #[test]
    fn a_text_encoder_learns_with_four_copies_of_its_weights() {
        let config =
            crate::PixelFlowConfig { cross_attention_dim: Some(192), ..Preset::Tiny.config(0) };
        let memory = TrainingMemory { element: F32, recompute: false, scores_in_memory: false };
        let alone = memory.bytes(&config, &[64; 4]);
        let encoder = T5Config::small(192, 2, 128);
        let both = alone.with_text_encoder(memory, &encoder, [4, 20]);
        let state = |bytes: TrainingBytes| bytes.weights + bytes.moments + bytes.average;
        assert_eq!(state(both) - state(alone), 4 * 4 * encoder.parameters(), "{both:?}");
        assert!(both.activations > alone.activations);
    }
}

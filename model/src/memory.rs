//! What a model needs in memory, by arithmetic.
//!
//! Counted are the tensors that this crate keeps: weights and, in training, gradients, optimiser and
//! moving average, what the backward pass needs of each block, and the largest tensors that live for
//! a moment. Allocators, kernels and the program itself come on top.

use crate::PixelFlowConfig;
use crate::layers::TIMESTEP_FEATURES;
use crate::sampler::MOST_MODULATIONS;

/// Bytes of an f32.
const F32: u64 = 4;

/// What the backward pass of a block keeps of each token, in multiples of the width: the inputs of
/// both norms; the inputs of the projections to queries, keys and values, of the output and of the
/// feed-forward layer; queries and keys before and after their norm, and values; what both gates
/// multiply; and inside the feed-forward layer both sides of GELU, four widths each.
const KEPT_WIDTHS: u64 = 2 + 3 + 5 + 2 + 8;

/// Widths of a token that exist for a moment while a block is differentiated: the gradients of both
/// sides of GELU, and of the block's input and output.
const PASSING_WIDTHS: u64 = 10;

/// Bytes of each number of a matrix while it is taken out of eight bits: as a byte in a word of its own,
/// as a float, and times its scale.
const PASSING_INT8: u64 = 3 * F32;

/// What cross-attention keeps besides: norm, queries before and after their norm, result, output.
const TEXT_WIDTHS: u64 = 5;

impl PixelFlowConfig {
    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        let width = self.width() as u64;
        let linear = |input: u64, output: u64| input * output + output;
        let bias = u64::from(self.attention_bias);
        let attention = |source: u64| 2 * (width + source) * width + 4 * bias * width + 2 * width;
        let text = self
            .cross_attention_dim
            .map_or(0, |source| attention(source as u64) + width);
        let block = linear(width, 6 * width)
            + attention(width)
            + text
            + width
            + linear(width, 4 * width)
            + linear(4 * width, width);
        let embedder = linear(TIMESTEP_FEATURES as u64, width) + linear(width, width);
        let classes = match self.num_classes as u64 {
            0 => 0,
            classes => (classes + 1) * width,
        };
        let velocity = (self.out_channels * self.patch_size * self.patch_size) as u64;
        linear(self.patch_features() as u64, width)
            + 2 * embedder
            + classes
            + self.depth as u64 * block
            + linear(width, 2 * width)
            + linear(width, velocity)
    }
}

/// Numbers in the matrices of linear layers, which may be kept [in eight bits](crate::int8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Matrices {
    /// Of all.
    weights: u64,
    /// Rows of all: each has a scale.
    outputs: u64,
    /// Of the largest.
    largest: u64,
}

impl Matrices {
    fn of(config: &PixelFlowConfig) -> Self {
        let (width, depth) = (config.width() as u64, config.depth as u64);
        let velocity = (config.out_channels * config.patch_size * config.patch_size) as u64;
        let mut all = Self::default();
        // The embedders of time and resolution, and the head.
        all.add(2, TIMESTEP_FEATURES as u64, width);
        all.add(2, width, width);
        all.add(1, width, 2 * width);
        all.add(1, width, velocity);
        // Modulation, self-attention and the feed-forward layer of each block.
        all.add(depth, width, 6 * width);
        all.add(4 * depth, width, width);
        all.add(depth, width, 4 * width);
        all.add(depth, 4 * width, width);
        if let Some(source) = config.cross_attention_dim {
            all.add(2 * depth, width, width);
            all.add(2 * depth, source as u64, width);
        }
        all
    }

    fn add(&mut self, count: u64, inputs: u64, outputs: u64) {
        self.weights += count * inputs * outputs;
        self.outputs += count * outputs;
        self.largest = self.largest.max(inputs * outputs);
    }
}

/// How a training step is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Whether only the inputs of the blocks are kept.
    pub recompute: bool,
    /// Whether the scores of a run of equally long examples are in memory at once.
    pub scores_in_memory: bool,
}

/// Bytes of a training step, all in f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainingBytes {
    /// The weights.
    pub weights: u64,
    /// Both moments of the optimiser.
    pub moments: u64,
    /// The moving average of the weights.
    pub average: u64,
    /// The gradients, which grow as the activations shrink.
    pub gradients: u64,
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
        state + self.activations.max(self.gradients) + self.passing
    }
}

impl TrainingMemory {
    /// Of a step on packed examples of these numbers of tokens.
    pub fn bytes(self, config: &PixelFlowConfig, lengths: &[usize]) -> TrainingBytes {
        let (width, depth) = (config.width() as u64, config.depth as u64);
        let tokens: u64 = lengths.iter().map(|&length| length as u64).sum();
        let text = config.cross_attention_dim.map_or(0, |_| TEXT_WIDTHS);
        let of_block = (KEPT_WIDTHS + text) * width * tokens;
        // The ends keep patches, the last norm's input and output, and prediction and target.
        let ends = (2 * width + 4 * config.patch_features() as u64) * tokens;
        let kept = if self.recompute {
            depth * width * tokens + of_block
        } else {
            depth * of_block
        };
        let scores = if self.scores_in_memory {
            // Weights, their gradients, and two products of both.
            4 * largest_scores(config, lengths)
        } else {
            0
        };
        let weights = config.parameters() * F32;
        TrainingBytes {
            weights,
            moments: 2 * weights,
            average: weights,
            gradients: weights,
            activations: (kept + ends) * F32,
            passing: (PASSING_WIDTHS * width * tokens + scores) * F32,
        }
    }
}

/// Scores of the largest run of equally long examples.
fn largest_scores(config: &PixelFlowConfig, lengths: &[usize]) -> u64 {
    let segments = crate::Segments::new(lengths.to_vec());
    let of_run = |run: &crate::Run| (run.examples * run.length * run.length) as u64;
    let most = segments.runs().iter().map(of_run).max().unwrap_or(0);
    most * config.num_attention_heads as u64
}

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
        let all = (rows * tokens) as u64;
        let scores = if scores_in_memory {
            // Scores in f32, and as weights.
            largest_scores(config, &vec![tokens; rows]) * (F32 + element)
        } else {
            0
        };
        // Tokens, their norm, and both sides of GELU, or queries, keys, values and the result; and
        // at most so many modulations of a stage's schedule.
        Self {
            weights: config.parameters() * element,
            passing: (10 * width * all + MOST_MODULATIONS as u64) * element + scores,
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
            passing: self.passing + matrices.largest * PASSING_INT8,
        }
    }

    /// The most that exists at once.
    pub fn peak(&self) -> u64 {
        self.weights + self.passing
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::Preset;
    use crate::weights::parameter_forms;

    #[test]
    fn parameters_are_counted_as_the_model_has_them() {
        let text = PixelFlowConfig {
            cross_attention_dim: Some(24),
            attention_bias: false,
            ..Preset::Tiny.config(0)
        };
        for config in [Preset::Tiny.config(7), text] {
            let forms = parameter_forms::<burn_flex::Flex>(&config, &burn_flex::FlexDevice);
            let count = |shape: &[usize]| shape.iter().product::<usize>() as u64;
            let all: u64 = forms.values().map(|form| count(&form.shape)).sum();
            assert_eq!(config.parameters(), all);
            let matrices = forms.values().filter(|form| form.is_linear_matrix);
            let matrices: Vec<&[usize]> = matrices.map(|form| form.shape.as_slice()).collect();
            let expected = Matrices {
                weights: matrices.iter().map(|shape| count(shape)).sum(),
                outputs: matrices.iter().map(|shape| shape[0] as u64).sum(),
                largest: matrices.iter().map(|shape| count(shape)).max().unwrap(),
            };
            assert_eq!(Matrices::of(&config), expected);
        }
        assert_eq!(Preset::Xl.config(1000).parameters() / 100_000, 6_766);
    }

    #[test]
    fn xl_trains_in_80_gb_and_with_recomputation_in_24() {
        let xl = Preset::Xl.config(1000);
        let four = [4096, 1024, 256, 64];
        let kept = TrainingMemory {
            recompute: false,
            scores_in_memory: true,
        };
        let peak = kept.bytes(&xl, &four).peak();
        assert!((25_000_000_000..80_000_000_000).contains(&peak), "{peak}");
        assert!(kept.bytes(&xl, &[4096]).peak() > 24_000_000_000);
        let recomputed = TrainingMemory {
            recompute: true,
            ..kept
        };
        let peak = recomputed.bytes(&xl, &[4096]).peak();
        assert!(peak < 24_000_000_000, "{peak}");
    }

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

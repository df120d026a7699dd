//! What models need in memory, by arithmetic.
//!
//! Counted are the tensors that this crate keeps: weights and, in training, gradients, optimiser and
//! moving average, what the backward pass needs of each block, and the largest tensors that live for
//! a moment. Allocators, kernels and the program itself come on top.

mod drawing;
mod encoding;
mod parameters;
mod training;

use crate::PixelFlowConfig;

pub use self::drawing::DrawingBytes;
pub use self::encoding::EncodingBytes;
pub use self::training::{TrainingBytes, TrainingMemory};

/// Bytes of an f32.
const F32: u64 = 4;

/// Scores of the largest run of equally long examples.
fn largest_scores(config: &PixelFlowConfig, lengths: &[usize]) -> u64 {
    let segments = crate::Segments::new(lengths.to_vec());
    let product =
        |sides: [usize; 3]| sides.iter().fold(1, |all: u64, side| all.saturating_mul(*side as u64));
    let of_run = |run: &crate::EqualSegments| product([run.examples, run.length, run.length]);
    let most = segments.runs().iter().map(of_run).max().unwrap_or(0);
    most.saturating_mul(config.num_attention_heads as u64)
}

//! The transformer's layers, one a file. All of them work on packed tokens `[tokens, width]`.

mod ada_norm;
mod attention;
mod block;
mod class_embedder;
mod feed_forward;
mod patch;
mod rms_norm;
mod rope;
mod timestep;

pub use ada_norm::{AdaNorm, Modulation};
pub use attention::Attention;
pub use block::TransformerBlock;
pub use class_embedder::ClassEmbedder;
pub use feed_forward::FeedForward;
pub use patch::{PatchEmbed, images_to_tokens, tokens_to_images};
pub use rms_norm::RmsNorm;
pub use rope::{Rope, rotary_table};
pub use timestep::{TIMESTEP_FEATURES, TimestepEmbedder, sinusoid};

use burn::module::Initializer;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::backend::Backend;

/// Epsilon of every normalisation.
pub const NORM_EPSILON: f64 = 1e-6;

/// A linear layer whose values come later, from [`crate::initialisation`] or a file.
pub(crate) fn linear<B: Backend>(
    input: usize,
    output: usize,
    bias: bool,
    device: &B::Device,
) -> Linear<B> {
    LinearConfig::new(input, output)
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

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
pub use attention::{Attention, TextKeys};
pub use block::TransformerBlock;
pub use class_embedder::ClassEmbedder;
pub use feed_forward::FeedForward;
pub use patch::{PatchEmbed, images_to_tokens, tokens_to_images};
pub use rms_norm::RmsNorm;
pub use rope::{Rope, rotary_table};
pub use timestep::{TIMESTEP_FEATURES, TimestepEmbedder, sinusoid};

use crate::faults::{Fault, is_planted};
use burn::module::Initializer;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Epsilon of every normalisation.
pub(crate) fn norm_epsilon() -> f64 {
    if is_planted(Fault::Epsilon) {
        1e-5
    } else {
        1e-6
    }
}

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

/// `x` in the precision of a layer's weight.
pub(crate) fn in_precision_of<B: Backend, const D: usize, const W: usize>(
    x: Tensor<B, D>,
    weight: &Tensor<B, W>,
) -> Tensor<B, D> {
    let dtype = weight.dtype();
    if x.dtype() == dtype { x } else { x.cast(dtype) }
}

//! The transformer's layers, one a file. All of them work on packed tokens `[tokens, width]`.

mod ada_norm;
mod attention;
mod block;
mod class_embedder;
mod feed_forward;
mod linear;
mod matrix;
mod matrix_module;
mod patch;
mod rms_norm;
mod rope;
mod timestep;

pub use ada_norm::{AdaNorm, Modulation};
pub use attention::Attention;
pub(crate) use attention::TextKeys;
pub use block::TransformerBlock;
pub use class_embedder::ClassEmbedder;
pub use feed_forward::FeedForward;
pub use linear::Linear;
pub(crate) use matrix::MatrixFormat;
pub use matrix::{Int8Matrix, Matrix};
pub use matrix_module::MatrixRecord;
pub use patch::{PatchEmbed, images_to_tokens, tokens_to_images};
pub use rms_norm::RmsNorm;
pub use rope::{Rope, rotary_table};
pub use timestep::{TIMESTEP_FEATURES, TimestepEmbedder, sinusoid};

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

/// Epsilon of every normalisation.
pub(crate) const NORM_EPSILON: f64 = 1e-6;

/// `x` in a format.
pub(crate) fn in_format<B: Backend, const D: usize>(x: Tensor<B, D>, dtype: DType) -> Tensor<B, D> {
    if x.dtype() == dtype { x } else { x.cast(dtype) }
}

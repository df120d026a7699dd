//! What can go wrong with files of weights.

use std::io;
use std::path::PathBuf;

use super::{DType, Mismatches};
use crate::excerpt::{excerpt, reason_excerpt};

/// A file of weights cannot be read, cannot be written, or does not fit its model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is truncated, or contradicts itself.
    #[error("{} is damaged: {}; fetch or write it again", path.display(), reason_excerpt(reason))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A PyTorch file asks for code to be run on loading. It was not.
    #[error(
        "{} asks to run `{what}` while it is loaded, which weights never need; \
         do not trust it (nothing was run)",
        path.display()
    )]
    Forbidden {
        /// The file.
        path: PathBuf,
        /// Module and name it asks for.
        what: String,
    },
    /// The file is something else.
    #[error("{} holds no weights: {}", path.display(), reason_excerpt(reason))]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        reason: String,
    },
    /// A path is no model.
    #[error(
        "{} is no model: {reason}; give a run's folder, a checkpoint, a folder with \
         model.safetensors and config.json, or a .pt with its config.yaml beside it",
        path.display()
    )]
    NotAModel {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        reason: String,
    },
    /// The configuration beside the weights cannot be used.
    #[error("cannot use {}: {}", path.display(), reason_excerpt(reason))]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// Which key, and what it may be.
        reason: String,
    },
    /// Tensors are missing, surplus or of the wrong shape.
    #[error("{} does not fit the model:{mismatches}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every tensor that does not fit.
        mismatches: Mismatches,
    },
    /// A file of several is not there.
    #[error(
        "{} names the shard {}, which is not beside it; fetch or write all of them again",
        path.display(), excerpt(shard)
    )]
    MissingShard {
        /// The index.
        path: PathBuf,
        /// The file's name.
        shard: String,
    },
    /// The file has no tensor of this name.
    #[error("{} has no tensor `{}`", path.display(), excerpt(name))]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A tensor has infinite or undefined values.
    #[error(
        "{}: tensor `{name}` has {count} values that are not finite, the first at {first}; \
         the training that wrote it has diverged, or the file is damaged",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// How many values.
        count: usize,
        /// Position of the first.
        first: usize,
    },
    /// A tensor has a value that the number format it is wanted in cannot hold.
    #[error(
        "{}: tensor `{name}` has values up to {value:e}, too large for {dtype:?}; take bf16 or f32",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its largest value, without its sign.
        value: f64,
        /// The number format.
        dtype: DType,
    },
    /// The file has matrices in eight bits, and floats are needed.
    #[error(
        "{} has its matrices in int8, which images can be drawn from, but nothing can be trained; \
         take the weights that it was made of",
        path.display()
    )]
    Int8 {
        /// The file.
        path: PathBuf,
    },
    /// The adapter cannot be used.
    #[error("cannot use the adapter {}: {}", path.display(), reason_excerpt(reason))]
    Adapter {
        /// Its path.
        path: PathBuf,
        /// What does not fit, and what to do.
        reason: String,
    },
    /// The file could not be written; what was there before is as it was.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

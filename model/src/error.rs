//! What can go wrong in this crate.

use crate::excerpt::reason_excerpt;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The model configuration cannot describe a model.
    #[error("invalid model configuration: {reason}")]
    InvalidModel {
        /// Which field, its value, and what it may be.
        reason: String,
    },
    /// A preset's name is unknown.
    #[error("there is no preset `{name}`; the presets are xl, large, base, small and tiny")]
    UnknownPreset {
        /// The name that was asked for.
        name: String,
    },
    /// The cascade configuration cannot describe a schedule.
    #[error("invalid cascade: {reason}")]
    InvalidCascade {
        /// Which field, its value, and what it may be.
        reason: String,
    },
    /// An image size does not divide into patches at every stage.
    #[error(
        "size {height}x{width} does not fit: both sides must be multiples of {multiple} \
         (patch size times 2^(stages - 1)), at most {}; the nearest size that fits is \
         {nearest_height}x{nearest_width}",
        crate::cascade::MAX_SIDE
    )]
    InvalidSize {
        /// Requested height in pixels.
        height: usize,
        /// Requested width in pixels.
        width: usize,
        /// What both sides must be a multiple of.
        multiple: usize,
        /// Nearest height that fits.
        nearest_height: usize,
        /// Nearest width that fits.
        nearest_width: usize,
    },
    /// The sampler configuration cannot be run.
    #[error("invalid sampler configuration: {reason}")]
    InvalidSampler {
        /// Which field, its value, and what it may be.
        reason: String,
    },
    /// A class that the model does not have.
    #[error("class {class} is out of range: the model has classes 0 to {last}", last = .classes.saturating_sub(1))]
    ClassOutOfRange {
        /// The class that was asked for.
        class: usize,
        /// Number of classes of the model.
        classes: usize,
    },
    /// The network returned a value that is not finite.
    #[error(
        "the model returned a value that is not finite in stage {stage}; \
         the weights are damaged, or the precision is too low for them"
    )]
    NotFinite {
        /// The stage in which it happened.
        stage: usize,
    },
    /// The adaptive solver could not reach the end of a stage.
    #[error(
        "the solver gave up in stage {stage} at t = {t:.4} after {evaluations} evaluations; \
         loosen rtol or atol, or use euler"
    )]
    SolverStuck {
        /// The stage in which it happened.
        stage: usize,
        /// Time within the stage.
        t: f64,
        /// Network evaluations made in that stage.
        evaluations: usize,
    },
    /// A request cannot be drawn.
    #[error("{0}")]
    Request(crate::pipeline::Problems),
    /// Prompts cannot be read.
    #[error(
        "the model draws from text, but its text encoder cannot be used: {}",
        reason_excerpt(reason)
    )]
    NoTextEncoder {
        /// What is missing or does not fit.
        reason: String,
    },
    /// A run cannot begin at this stage, time or state.
    #[error("the images cannot start there: {reason}")]
    InvalidStart {
        /// The value, and what it may be.
        reason: String,
    },
    /// A saved state cannot be gone on from.
    #[error("the saved state cannot be used: {}", reason_excerpt(reason))]
    SavedState {
        /// What is wrong with it.
        reason: String,
    },
    /// The device did not answer.
    #[error("the device failed: {reason}")]
    Device {
        /// What it said.
        reason: String,
    },
    /// A text encoder or its tokenizer cannot be used.
    #[error(transparent)]
    Text(#[from] crate::text::TextError),
    /// A file of weights could not be read or does not fit the model.
    #[error(transparent)]
    Weights(#[from] crate::weights::WeightsError),
}

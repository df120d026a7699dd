//! The cascade: how time and resolution are cut into stages, and what happens between them.
//!
//! Stage 0 has the lowest resolution; each further stage doubles it. Within a stage the model
//! integrates a straight path from a noisier image to a cleaner one (paper, section 3.2).

mod interpolant;
mod patches;
mod renoise;
mod resample;
mod schedule;

pub use interpolant::{TrainingPair, training_pair};
pub use patches::{patchify, unpatchify};
pub use renoise::{BlockNoise, Renoise, block_noise, block_noise_by_cholesky};
pub(crate) use resample::{halve, upsample_nearest};
pub use schedule::{Cascade, CascadeConfig, GAMMA, MAX_SIDE, Stage};

//! PixelFlow (arXiv 2504.07963): an image generator that works directly in pixels.
//!
//! Generation starts from noise at a low resolution; each stage of the cascade denoises by flow
//! matching, then doubles the resolution with a renoising step. One transformer serves every
//! stage. Everything is generic over Burn's `Backend`.
//!
//! - [`PixelFlowConfig`] → [`PixelFlow`]: the transformer, dense and packed.
//! - [`cascade`]: the schedule, training pairs, renoising.
//! - [`sampler`]: Euler, Heun and Dopri5 with stage-wise guidance, through all stages.
//! - [`text`]: the T5 encoder and its tokenizer.
//! - [`int8`]: matrices in eight bits, for machines with little memory.
//! - [`noise`]: counter-based randomness.
//! - [`weights`]: safetensors and PyTorch files.
//! - `durable`: files that appear whole or not at all (feature `save`).
//! - [`ops`]: the operations that backends may implement natively.

pub mod cascade;
mod config;
#[cfg(feature = "save")]
pub mod durable;
mod error;
pub mod faults;
mod initialisation;
pub mod int8;
pub mod layers;
pub mod memory;
pub mod noise;
pub mod ops;
mod pass;
pub mod sampler;
mod segments;
pub mod text;
mod text_states;
mod transformer;
pub mod weights;

pub use config::{PixelFlowConfig, Preset};
pub use error::{Error, Result};
pub use pass::{Modulations, Pass, Prepared};
pub use segments::{Run, Segments};
pub use text_states::TextStates;
pub use transformer::{Context, Example, PixelFlow};

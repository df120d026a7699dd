//! PixelFlow (arXiv 2504.07963): an image generator that works directly in pixels.
//!
//! Generation starts from noise at a low resolution; each stage of the cascade denoises by flow
//! matching, then doubles the resolution with a renoising step. One transformer serves every
//! stage. Everything is generic over Burn's `Backend`.
//!
//! - [`PixelFlowConfig`] → [`PixelFlow`]: the transformer, dense and packed.
//! - [`Recomputation`]: its gradients with one block's activations in memory at a time.
//! - [`cascade`]: the schedule, training pairs, renoising.
//! - [`sampler`]: Euler, Heun and Dopri5 with stage-wise guidance, through all stages.
//! - [`text`]: the T5 encoder and its tokenizer.
//! - [`int8`]: matrices in eight bits, for machines with little memory.
//! - [`noise`]: counter-based randomness.
//! - [`weights`]: safetensors and PyTorch files.
//! - [`ops`]: the operations that backends may implement natively.

pub mod cascade;
mod config;
mod context;
mod error;
mod example;
mod initialisation;
pub mod int8;
pub mod layers;
pub mod memory;
pub mod noise;
mod number_format;
pub mod ops;
mod pass;
pub mod pipeline;
mod recompute;
pub mod sampler;
mod segments;
pub mod text;
mod text_states;
mod transformer;
pub mod weights;

pub use config::{PixelFlowConfig, Preset};
pub use context::Context;
pub use error::{Error, Result};
pub use example::Example;
pub use number_format::NumberFormat;
pub use pass::Pass;
pub use pipeline::{DrawEvent, Drawing, DrawnImage, Pipeline, Request};
pub use recompute::Recomputation;
pub use segments::{Run, Segments};
pub use text_states::TextStates;
pub use transformer::PixelFlow;

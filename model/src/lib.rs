#![doc = include_str!("../README.md")]
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cascade;
mod config;
mod context;
#[cfg(feature = "save")]
pub mod durable;
mod error;
mod example;
pub mod excerpt;
mod initialisation;
pub mod int8;
pub mod layers;
pub mod memory;
pub mod noise;
mod number_format;
pub mod ops;
mod pass;
pub mod pipeline;
pub mod plain_text;
pub mod prediction;
#[cfg(all(test, feature = "flex"))]
mod prediction_tests;
mod recompute;
pub mod sampler;
mod segments;
pub mod stand_in;
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
pub use prediction::Prediction;
pub use recompute::Recomputation;
pub use segments::{EqualSegments, Segments};
pub use text_states::TextStates;
pub use transformer::PixelFlow;

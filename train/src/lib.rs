//! Training.
//!
//! [`config`] says what a run does; [`session`] gives it a folder; [`run`] is the loop around
//! [`trainer`], watched by [`observer`]s; [`checkpoint`] lets it go on bit for bit.

pub mod arguments;
pub mod captions;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod data_path;
pub mod dry_run;
mod error;
pub mod export;
pub mod initial_weights;
pub mod learning_rate;
pub mod lock;
pub mod metrics;
pub mod network;
pub mod observer;
pub mod optimizer;
pub mod preview;
pub mod recipe;
pub mod recording;
pub mod run;
pub mod session;
pub mod states;
pub mod step;
pub mod terminal;
pub mod texts;
pub mod trainer;
pub mod validation;

pub use error::{Error, Result};

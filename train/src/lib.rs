//! Training.
//!
//! `config` says what a run does; `session` gives it a folder; `run` is the loop around a [`Trainer`],
//! watched by `observer`s; `checkpoint` lets it go on bit for bit.
//!
//! The crate is a program: public are [`run()`], and the step itself for those who measure or test it.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod all_captions;
mod arguments;
mod averages;
mod captions;
mod checkpoint;
mod compare;
mod config;
mod data;
mod data_path;
mod doctor;
mod dry_run;
mod error;
mod evaluation;
mod export;
mod export_metrics;
mod first_losses;
mod gradient_norms;
mod identity;
mod initial_weights;
mod inspection;
mod inventory;
mod learning_rate;
mod lock;
mod lora;
mod loss_scale;
mod metrics;
mod network;
mod observer;
mod optimizer;
mod page;
mod parameters;
mod patch_grid;
mod png_file;
mod precision;
mod prepare;
mod preview;
mod program;
mod ranks;
mod recipe;
mod recording;
mod reference_curve;
mod rejection;
mod rejections;
mod report;
mod run;
mod run_folder;
mod saving;
mod session;
mod sessions;
mod spikes;
mod states;
mod step;
mod stopwatch;
mod subjects;
mod terminal;
mod texts;
mod trainer;
mod upload;
mod validation;
mod which_run;

pub use arguments::Arguments;
pub use config::reference_page;
pub use first_losses::first_losses;
pub use loss_scale::LossScale;
pub use optimizer::{Optimizer, OptimizerConfig};
pub use precision::Precision;
pub use program::run;
pub use step::{gradients, loss_per_example};
pub use stopwatch::{Part, StepTimes, Stopwatch};
pub use trainer::Trainer;

use error::{Error, Result};

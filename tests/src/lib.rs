//! The golden runner: this project's numbers against the reference's.
//!
//! A folder of fixtures has a `manifest.json` that says, file by file, what every tensor is and how
//! far the reference's own f32 numbers are from f64. [`run`] tells the [`Kind`] of each file by what
//! the manifest documents of it, computes the same with this project's crates on a backend of the
//! caller's choice, and compares; the limit is ten times the recorded error. It knows no file by
//! its name, so that it runs on any folder of the format.
//!
//! - [`Manifest`], [`Entry`], [`Tensors`]: what a folder holds.
//! - [`Recorder`], [`Limits`], [`Outcome`], [`Report`]: measuring and reporting.
//! - `cases`: what is checked, one file a kind.

mod cases;
pub mod conformance;
mod error;
mod kind;
mod manifest;
mod measure;
mod operations;
mod precision;
mod recorder;
mod report;
mod suite;
mod tensors;

pub use error::{Error, Result};
pub use kind::{Kind, kind};
pub use manifest::{Entry, MANIFEST_FILE, Manifest};
pub use measure::{Difference, Limits, Recorded, TEN, quantile};
pub use precision::Precision;
pub use recorder::Recorder;
pub use report::{Outcome, Report, Verdict};
pub use suite::{Selection, Step, Subject, run, run_selection};
pub use tensors::Tensors;

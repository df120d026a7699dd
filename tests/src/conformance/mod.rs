//! The conformance suite: the same cases on every backend, each in a process of its own.
//!
//! A [`Target`] is a backend in a precision, with or without kernel fusion. The program `conformance`
//! runs all cases on one target and tells its parent what happens, an [`Event`] a line;
//! `cargo xtask check-backends` starts one such process a target, and compares what they found.

mod checkpoint;
mod demo;
mod determinism;
mod device_info;
mod edit;
mod event;
mod known;
mod learning;
mod prediction;
mod report;
mod run;
mod small_model;
mod target;
mod values;

pub use checkpoint::{read_checkpoint, write_checkpoint};
pub use demo::{DEMO_IMAGE, compare_images};
pub use event::{DeviceInfo, Event};
pub use known::{KnownFailure, known_failures};
pub use report::{Comparison, ConformanceReport, Row, RowEnd};
pub use run::{Job, Run, RunResult};
pub use target::{Target, TargetError};
pub use values::{Values, read_values};

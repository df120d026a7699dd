//! The machine that a program runs on: its devices, its terminal, its memory allocator and its signals.
//!
//! [`program`] is the frame of every `main`: it answers a parent that tries a [`device`] out, and says
//! errors. [`output`] writes all lines, [`progress`] draws bars, [`panel`] a bar with
//! lines and a picture, [`interrupt`] listens for Ctrl-C.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod dash;
pub mod device;
pub mod doctor;
mod error;
mod half_blocks;
pub mod interrupt;
pub mod output;
pub mod panel;
pub mod program;
pub mod progress;

pub use error::{Error, Result, explain};

/// The system's returns every tensor's memory at once, and a fifth of the time goes into fetching it
/// again page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

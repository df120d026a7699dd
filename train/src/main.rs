//! `train`: trains a PixelFlow model.

use std::process::ExitCode;

use clap::Parser;
use train::{Arguments, run};

/// The system's returns every tensor's memory at once, and a fifth of the time goes into fetching it
/// again page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    infer::device::answer_probe();
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            // Our errors say their causes themselves.
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

//! `train`: trains a PixelFlow model.

use std::process::ExitCode;

use pixelflow_host::program;
use train::{Arguments, run};

fn main() -> ExitCode {
    program::run(1, |arguments: Arguments| run(&arguments))
}

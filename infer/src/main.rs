//! `infer`: draws images with a PixelFlow model.

use std::process::ExitCode;

use infer::{Arguments, run};
use pixelflow_host::program;

fn main() -> ExitCode {
    program::run(1, || run(Arguments::read()))
}

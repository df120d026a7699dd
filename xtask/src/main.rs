//! Chores of this repository: `cargo xtask COMMAND`.

mod bench;
mod check_backends;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare this project's numbers with a folder of golden fixtures, one line a case.
    Verify(verify::Arguments),
    /// Time forward passes, training steps, sampling, attention and matrix products.
    Bench(bench::Arguments),
    /// Run the conformance suite on every backend of this machine.
    CheckBackends(check_backends::Arguments),
}

/// Exit code of a command that could not do its work.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::CheckBackends(arguments) => check_backends::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(UNUSABLE)
    })
}

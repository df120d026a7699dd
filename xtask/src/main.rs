//! Chores of this repository: `cargo xtask COMMAND`.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod ablation;
mod bench;
mod cargo;
mod check_backends;
mod dist;
mod generate;
mod quality;
mod repository;
mod tidy;
mod verify;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pixelflow_host::program;

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
    /// Print what violates the rules about this repository's files; seconds, no network.
    Tidy,
    /// Write the files that are made from code: man pages, completions.
    Generate,
    /// Measure the shipped models and write QUALITY.md.
    Quality(quality::Arguments),
    /// Compare the choices of training beyond the paper, and write QUALITY.md.
    Ablation(ablation::Arguments),
    /// Build a stripped archive of the programs for this machine.
    Dist(dist::Arguments),
    /// Build a folder for any web server whose page draws in the browser itself.
    ///
    /// The program is compiled for WebAssembly, the shipped models are written in eight bits. Minutes from nothing.
    Web(web::Arguments),
}

/// Exit code of a command that could not do its work.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    program::run(UNUSABLE, |arguments: Arguments| match arguments.command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::CheckBackends(arguments) => check_backends::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Generate => generate::run(),
        Command::Quality(arguments) => quality::run(&arguments),
        Command::Ablation(arguments) => ablation::run(&arguments),
        Command::Dist(arguments) => dist::run(&arguments),
        Command::Web(arguments) => web::run(&arguments),
    })
}

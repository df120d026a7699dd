//! Chores of this repository: `cargo xtask COMMAND`.

mod bench;
mod check_backends;
mod dist;
mod generate;
mod repository;
mod tidy;
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
    /// Print what violates the rules about this repository's files; seconds, no network.
    Tidy,
    /// Write the files that are made from code: man pages, completions.
    Generate,
    /// Build a stripped archive of the programs for this machine.
    Dist(dist::Arguments),
}

/// Exit code of a command that could not do its work.
const UNUSABLE: u8 = 2;

/// The system's returns every tensor's memory at once, and a fifth of the time goes into fetching it
/// again page by page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::CheckBackends(arguments) => check_backends::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Generate => generate::run(),
        Command::Dist(arguments) => dist::run(&arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {}", message(&error));
        ExitCode::from(UNUSABLE)
    })
}

/// The error and its causes, but those that it names itself.
fn message(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |message, cause| {
        let cause = cause.to_string();
        match message.as_str() {
            "" => cause,
            said if said.contains(&cause) => message,
            said => format!("{said}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::message;

    #[test]
    fn a_cause_is_named_once() {
        let cause = anyhow!("no such file");
        assert_eq!(message(&cause), "no such file");
        let error = cause.context("cannot read a.json: no such file");
        let error = error.context("nothing was compared");
        let expected = "nothing was compared: cannot read a.json: no such file";
        assert_eq!(message(&error), expected);
    }
}

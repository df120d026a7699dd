//! `cargo xtask ablation`: which choices beyond the paper help, at an equal budget.
//!
//! A [`choice`] is a setting of the recipe `ablation`, the demo in small; a [`mod@run`] trains one with one seed and measures
//! what it draws; a [`table`] compares each with the recipe as it is, seed by seed.

mod choice;
mod run;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use pixelflow_host::output::note;

use self::choice::choices;
use self::run::Programs;
use crate::repository;

pub use run::Runs;
pub use table::section;

/// Trains the demo in small with each of the choices beyond the paper, measures what it draws, and writes QUALITY.md.
///
/// Takes an hour and a half on two cores; killed, it goes on where it was. What it trains is kept in target/ablation.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Seeds of each choice, from 0.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(2..))]
    seeds: u64,
    /// The `train` to train with; without it, it is built from this repository.
    #[arg(long, value_name = "PROGRAM")]
    train: Option<PathBuf>,
    /// The `infer` to measure with; without it, it is built from this repository.
    #[arg(long, value_name = "PROGRAM")]
    infer: Option<PathBuf>,
    /// Print what would be done, and stop.
    #[arg(long)]
    dry_run: bool,
}

/// Does what is not recorded yet, and writes the page.
///
/// # Errors
/// If a program fails, or something cannot be written; what was measured before is kept.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = repository::root()?;
    let programs = Programs::new(&root, arguments.train.as_deref(), arguments.infer.as_deref())?;
    let mut runs = Runs::open(&root)?;
    for seed in 0..arguments.seeds {
        for choice in choices() {
            let state = if runs.has(&choice, seed) { "recorded already" } else { "to do" };
            note(format_args!("{}, seed {seed}: {state}: {}", choice.name, choice.summary()));
            if !arguments.dry_run && !runs.has(&choice, seed) {
                runs.make(&programs, &choice, seed)?;
            }
        }
    }
    if !arguments.dry_run {
        crate::quality::write_page(&root)?;
    }
    Ok(ExitCode::SUCCESS)
}

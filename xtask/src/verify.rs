//! `cargo xtask verify`: the golden runner on any folder of fixtures.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use burn::backend::flex::FlexDevice;
use burn::backend::{Autodiff, Flex};
use pixelflow_host::output::{note, say};

/// Compares this project's numbers with the reference's.
///
/// Exit code 0 if every case passed, 1 if any failed, 2 if the folder is unusable.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder with a manifest.json and the files it lists.
    #[arg(long, value_name = "DIR")]
    fixtures: PathBuf,
    /// Only the cases whose name contains this.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
}

/// Runs every case on the CPU.
///
/// # Errors
/// If the folder has no usable manifest, or nothing can be written to the terminal.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // A panic inside a case is that case's line, not a backtrace between the lines.
    std::panic::set_hook(Box::new(|_| {}));
    let started = Instant::now();
    let mut written = Ok(());
    let mut line = |outcome: &tests::Outcome| {
        if written.is_ok() {
            written = say(outcome);
        }
    };
    let device = FlexDevice;
    let filter = arguments.filter.as_deref();
    let report = tests::run::<Autodiff<Flex>>(&arguments.fixtures, &device, filter, &mut line)?;
    written?;
    if report.count(tests::Verdict::Passed) + report.count(tests::Verdict::Failed) == 0 {
        match filter {
            Some(filter) => anyhow::bail!("no case has `{filter}` in its name"),
            None => anyhow::bail!("the manifest lists no file that this runner knows"),
        }
    }
    note(format_args!("{:.1} s", started.elapsed().as_secs_f64()));
    say(&report)?;
    Ok(if report.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

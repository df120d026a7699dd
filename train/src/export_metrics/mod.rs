//! The command `train export-metrics`: what a run has recorded, for another program that keeps runs.

mod account;
mod artifacts;
mod folder_of_runs;
mod mlflow;
mod status;
mod wall_clock;
mod wandb;

use std::path::PathBuf;
use std::process::ExitCode;

use pixelflow_host::output::{note, print};

use self::account::Account;
use self::folder_of_runs::FolderOfRuns;
use crate::Result;
use crate::arguments::{ExportMetricsArguments, Tracker};
use crate::run_folder::RunFolder;

/// Writes what a run has recorded; adds it to what was exported before.
///
/// # Errors
/// [`Error::NotARun`](crate::Error::NotARun), [`Error::ExportMetrics`](crate::Error::ExportMetrics) for a run without
/// metrics and a folder of somebody else, and what reading and writing say.
pub fn export_metrics(arguments: &ExportMetricsArguments) -> Result<ExitCode> {
    let ExportMetricsArguments { run, out, to } = arguments;
    let out = std::path::absolute(out).unwrap_or_else(|_| out.clone());
    let runs = FolderOfRuns { path: out, marker: marker(*to) };
    runs.check()?;
    let account = Account::of(&RunFolder::read(run)?)?;
    let written: PathBuf = match to {
        Tracker::Mlflow => mlflow::write(&runs, &account)?,
        Tracker::Wandb => wandb::write(&runs, &account)?,
    };
    print(written.display())?;
    let out = arguments.out.display();
    note(match to {
        // Versions that read files anyway pass over the variable.
        Tracker::Mlflow => {
            format!(
                "look at it with\n  MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri {out}"
            )
        }
        Tracker::Wandb => format!("log it with\n  python {out}/{}", wandb::SCRIPT),
    });
    Ok(ExitCode::SUCCESS)
}

/// The file by which a folder is known to be of this command.
fn marker(to: Tracker) -> PathBuf {
    match to {
        Tracker::Mlflow => PathBuf::from(mlflow::EXPERIMENT).join(mlflow::MARKER),
        Tracker::Wandb => PathBuf::from(wandb::SCRIPT),
    }
}

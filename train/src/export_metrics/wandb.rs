//! Runs as a script logs them to Weights & Biases.
//!
//! Its own files are its program's affair alone, and `wandb sync` takes TensorBoard's no longer; what lasts is its
//! Python library. So the numbers are written as JSON, and beside them a script that hands them over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pixelflow::durable;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::folder_of_runs::{FolderOfRuns, write_file, write_folder};
use crate::Result;
use crate::error::write_error;

/// The script's name.
pub(super) const SCRIPT: &str = "log_to_wandb.py";
/// The script.
const TEXT: &str = include_str!("log_to_wandb.py");

/// Adds a run to those that the script logs; returns the run's folder.
///
/// # Errors
/// [`crate::Error::Write`]; then the runs are as they were.
pub(super) fn write(runs: &FolderOfRuns, account: &Account) -> Result<PathBuf> {
    let run = runs.path.join(&account.id);
    // The script first: by it the folder is known.
    let script = runs.path.join(SCRIPT);
    std::fs::create_dir_all(&runs.path).map_err(write_error(&runs.path))?;
    durable::write_bytes(&script, TEXT.as_bytes()).map_err(write_error(&script))?;
    write_folder(&run, |folder| {
        let about = serde_json::to_string_pretty(&about(account)).expect("it has a form in JSON");
        write_file(&folder.join("run.json"), &(about + "\n"))?;
        write_file(&folder.join("history.jsonl"), &history(account))?;
        account.artifacts.iter().try_for_each(|artifact| artifact.copy_to(&folder.join("files")))
    })?;
    Ok(run)
}

fn about(account: &Account) -> Value {
    let facts: Map<String, Value> = account
        .facts
        .iter()
        .map(|(name, fact)| ((*name).to_owned(), fact.clone().into()))
        .collect();
    json!({
        "id": account.id,
        "name": account.name,
        "status": format!("{:?}", account.status).to_lowercase(),
        "config": account.config,
        "facts": facts,
    })
}

/// What is logged at one step: W&B takes a step once, in ascending order.
#[derive(Default)]
struct Moment {
    time: u64,
    values: Map<String, Value>,
    preview: Option<String>,
}

/// One line a step.
fn history(account: &Account) -> String {
    let mut moments: BTreeMap<u64, Moment> = BTreeMap::new();
    for point in &account.points {
        let moment = moments.entry(point.step).or_default();
        moment.time = moment.time.max(point.time);
        // What is no number is null in JSON; the script makes NaN of it.
        moment.values.insert(point.name.clone(), json!(point.value));
    }
    for artifact in &account.artifacts {
        if let Some((step, time)) = artifact.preview {
            let moment = moments.entry(step).or_default();
            moment.time = moment.time.max(time.unwrap_or(account.begun));
            moment.preview = Some(format!("files/{}", artifact.name));
        }
    }
    let line = |(step, Moment { time, values, preview }): (u64, Moment)| {
        let line = json!({
            "step": step, "time": seconds(time), "values": values, "preview": preview,
        });
        format!("{line}\n")
    };
    moments.into_iter().map(line).collect()
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

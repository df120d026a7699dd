//! MLflow's file store: a folder an experiment, in it one a run, in that one file a metric, parameter and tag.
//!
//! Its form is that of MLflow's `FileStore`. Versions that want a database read it with `MLFLOW_ALLOW_FILE_STORE=true`,
//! or make a database of it with `mlflow migrate-filestore`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use pixelflow_host::output::note;
use toml::Value;

use super::account::{Account, Point};
use super::folder_of_runs::{FolderOfRuns, write_file, write_folder};
use super::status::Status;
use crate::Result;
use crate::error::{read_error, write_error};

/// The experiment that the runs are of. It is a number because MLflow's databases have numbers; this one is the paper's.
pub(super) const EXPERIMENT: &str = "250407963";
/// A tag of the experiment, by which it is known to be ours.
pub(super) const MARKER: &str = "tags/pixelflow.exported_by";
/// Characters of a parameter, at most: more are refused by MLflow's databases.
const PARAMETER: usize = 6000;

/// Adds a run to a store; returns the run's folder. What others have added to the run since it was last exported stays.
///
/// # Errors
/// [`crate::Error::Read`] or [`crate::Error::Write`]; then the store is as it was.
pub(super) fn write(store: &FolderOfRuns, account: &Account) -> Result<PathBuf> {
    let experiment = store.path.join(EXPERIMENT);
    if !store.is_ours() {
        write_folder(&experiment, |folder| {
            write_file(&folder.join(MARKER), "train export-metrics")?;
            write_file(&folder.join("meta.yaml"), &about_experiment(&experiment, account))
        })?;
    }
    let run = experiment.join(&account.id);
    write_folder(&run, |folder| {
        for name in ["metrics", "params", "tags", "artifacts"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(write_error(&path))?;
        }
        write_file(&folder.join("meta.yaml"), &about_run(&run, account))?;
        let entries = [
            ("metrics", metrics(&account.points)),
            ("params", parameters(account)),
            ("tags", tags(account)),
        ];
        for (kind, entries) in entries {
            for (name, text) in entries {
                write_file(&folder.join(kind).join(name), &text)?;
            }
        }
        for artifact in &account.artifacts {
            artifact.copy_to(&folder.join("artifacts"))?;
        }
        keep(&run, folder)
    })?;
    Ok(run)
}

fn about_experiment(folder: &Path, account: &Account) -> String {
    yaml(&[
        ("artifact_location", quoted(&folder.display().to_string())),
        ("creation_time", account.begun.to_string()),
        ("experiment_id", quoted(EXPERIMENT)),
        ("last_update_time", account.begun.to_string()),
        ("lifecycle_stage", quoted("active")),
        ("name", quoted("pixelflow")),
    ])
}

fn about_run(folder: &Path, account: &Account) -> String {
    // `RunStatus` and `SourceType.LOCAL` of MLflow's protocol.
    let status = match account.status {
        Status::Running => 1,
        Status::Finished => 3,
        Status::Diverged => 4,
        Status::Stopped => 5,
    };
    let is_running = account.status == Status::Running;
    let ended = if is_running { "null".to_owned() } else { account.ended.to_string() };
    yaml(&[
        ("artifact_uri", quoted(&folder.join("artifacts").display().to_string())),
        ("deleted_time", "null".to_owned()),
        ("end_time", ended),
        ("entry_point_name", quoted("")),
        ("experiment_id", quoted(EXPERIMENT)),
        ("lifecycle_stage", quoted("active")),
        ("run_id", quoted(&account.id)),
        ("run_name", quoted(&account.name)),
        ("run_uuid", quoted(&account.id)),
        ("source_name", quoted("")),
        ("source_type", "4".to_owned()),
        ("source_version", quoted("")),
        ("start_time", account.begun.to_string()),
        ("status", status.to_string()),
        ("tags", "[]".to_owned()),
        ("user_id", quoted("unknown")),
    ])
}

/// One line a point: time, number, step.
fn metrics(points: &[Point]) -> BTreeMap<String, String> {
    let mut metrics: BTreeMap<String, String> = BTreeMap::new();
    for Point { name, step, time, value } in points {
        // `{:?}` has as many digits as tell the number from its neighbours, and `NaN` and `inf` as Python reads them.
        let lines = metrics.entry(name.clone()).or_default();
        writeln!(lines, "{time} {value:?} {step}").expect("a text takes what is written to it");
    }
    metrics
}

/// The settings; a value that is too long is cut, and its setting named.
fn parameters(account: &Account) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (key, value) in account.config.by_key() {
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let mut cut: String = text.chars().take(PARAMETER).collect();
        if cut.len() < text.len() {
            note(format_args!(
                "{key} is longer than MLflow takes, {PARAMETER} characters: the rest of it is only in config.toml"
            ));
            cut.pop();
            cut.push('…');
        }
        parameters.insert(key, cut);
    }
    parameters
}

fn tags(account: &Account) -> BTreeMap<String, String> {
    let own = [
        ("mlflow.runName", account.name.clone()),
        ("mlflow.source.name", "train".to_owned()),
        ("mlflow.source.type", "LOCAL".to_owned()),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value)).into_iter();
    let facts = account.facts.iter();
    own.chain(facts.map(|(name, fact)| (format!("pixelflow.{name}"), fact.clone()))).collect()
}

/// Copies from a run that was there what others have added to it: notes, tags, files.
fn keep(before: &Path, now: &Path) -> Result<()> {
    if !before.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(before).map_err(read_error(before))? {
        let entry = entry.map_err(read_error(before))?;
        let (from, to) = (entry.path(), now.join(entry.file_name()));
        let kind = entry.file_type().map_err(read_error(&from))?;
        if kind.is_dir() {
            fs::create_dir_all(&to).map_err(write_error(&to))?;
            keep(&from, &to)?;
        } else if kind.is_file() && !to.exists() {
            fs::copy(&from, &to).map_err(write_error(&to))?;
        }
    }
    Ok(())
}

fn yaml(entries: &[(&str, String)]) -> String {
    let lines: Vec<String> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    lines.join("\n") + "\n"
}

/// A text in YAML's double quotes, in which `on` is no truth and `2026-11-27` no date.
fn quoted(text: &str) -> String {
    let inside = text.chars().map(|character| match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    });
    format!("\"{}\"", inside.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_text_in_yaml() {
        assert_eq!(quoted("2026-11-27"), r#""2026-11-27""#);
        assert_eq!(quoted("a\"b\\c\n\u{7f}ü"), r#""a\"b\\c\U0000000a\U0000007f\U000000fc""#);
    }

    #[test]
    fn numbers_keep_their_digits_and_python_reads_what_is_none() {
        let point = |step, value| Point { name: "a/b".to_owned(), step, time: 5, value };
        let values = [0.1 + 0.2, 1e-7, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let points: Vec<Point> =
            (1..).zip(values).map(|(step, value)| point(step, value)).collect();
        let expected = "5 0.30000000000000004 1\n5 1e-7 2\n5 NaN 3\n5 inf 4\n5 -inf 5\n";
        assert_eq!(metrics(&points)["a/b"], expected);
    }
}

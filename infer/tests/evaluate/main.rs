//! `infer evaluate` and `infer sweep` through the real program: its numbers behave, and what cannot be measured is refused.
#![cfg(unix)]

mod behaviour;
mod certificate;
mod differences;
mod inception;
mod refusals;
mod results;
mod shards;
mod sides;
mod sweep;

use std::path::Path;

use program_tests::{Program, Run, text};
use serde_json::Value;

const INFER: Program = Program(env!("CARGO_BIN_EXE_infer"));

/// Runs `infer evaluate` with a cache of its own.
fn evaluate(cache: &Path, arguments: &[&str]) -> Run {
    let mut command = INFER.command(&["evaluate"]);
    Run::of(command.args(arguments).env("PIXELFLOW_CACHE", cache))
}

/// What it says as JSON on the standard output.
fn json(cache: &Path, arguments: &[&str]) -> Value {
    let cpu = ["--device", "cpu", "--json", "-"];
    let run = evaluate(cache, &[arguments, &cpu[..]].concat()).succeeded();
    serde_json::from_str(&run.printed).unwrap_or_else(|error| panic!("{error}: {}", run.printed))
}

/// A metric of it.
fn value(json: &Value, metric: &str) -> f64 {
    json["metrics"][metric]["value"].as_f64().unwrap_or_else(|| panic!("no {metric}: {json:#}"))
}

/// A path in a folder, as an argument.
fn at(folder: &Path, name: &str) -> String {
    text(&folder.join(name)).to_owned()
}

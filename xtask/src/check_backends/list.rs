//! `--list`: what there is.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use ::tests::conformance::DeviceInfo;
use anyhow::{Context, Result};
use pixelflow_host::device::DeviceKind;
use pixelflow_host::output::say;

use super::Plan;
use super::build::{Suite, Suites};
use super::child::Child;

/// A cold driver takes a while.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prints a paragraph for each backend.
///
/// # Errors
/// If no temporary folder can be made.
pub fn run(plan: &Plan, suites: &Suites, fixtures: &Path) -> Result<ExitCode> {
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut seen: Vec<DeviceKind> = Vec::new();
    for planned in &plan.targets {
        let backend = planned.target.backend;
        if seen.contains(&backend) {
            continue;
        }
        seen.push(backend);
        let info = match (&planned.skip, suites.of(backend)) {
            (Some(reason), _) => Err(reason.clone()),
            (None, Suite::NotBuilt(reason)) => Err(format!("not compiled: {reason}")),
            (None, Suite::Built(program)) => {
                let child = Child {
                    program,
                    target: planned.target,
                    fixtures,
                    folder: scratch.path(),
                    filter: None,
                    quick: false,
                    checkpoint: None,
                    timeout: PATIENCE,
                };
                child.probe()
            }
        };
        say(paragraph(backend.feature(), &info))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn paragraph(name: &str, info: &Result<DeviceInfo, String>) -> String {
    let info = match info {
        Ok(info) => info,
        Err(reason) => return format!("{name:<8} skipped: {reason}"),
    };
    let gibibytes = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let memory = match (info.memory, info.largest_buffer) {
        (Some(memory), _) => gibibytes(memory),
        (None, Some(buffer)) => format!("not said; largest buffer {}", gibibytes(buffer)),
        (None, None) => "not said".to_owned(),
    };
    let lines = [
        ("adapter", info.adapter.clone()),
        ("driver", info.driver.clone()),
        ("memory", memory),
        ("dtypes", info.precisions.join(", ")),
        ("attention", info.attention.clone()),
    ];
    let lines = lines
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("\n  {key:<10} {value}"));
    format!("{name:<8} {}{}", info.backend, lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_a_line_and_what_is_there_in_a_paragraph() {
        let missing = paragraph("cuda", &Err("no NVIDIA driver".to_owned()));
        assert_eq!(missing, "cuda     skipped: no NVIDIA driver");
        let info = DeviceInfo {
            backend: "flex".to_owned(),
            adapter: "EPYC".to_owned(),
            memory: Some(3 << 30),
            ..DeviceInfo::default()
        };
        let there = paragraph("flex", &Ok(info));
        assert!(there.contains("adapter    EPYC") && there.contains("3.0 GiB"), "{there}");
    }
}

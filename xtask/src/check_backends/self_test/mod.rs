//! `--self-test`: faults are planted, and the suite must find them.

mod fault;
mod wrong_fixtures;

use std::path::Path;
use std::process::ExitCode;

use ::tests::conformance::{Row, RowEnd};
use ::tests::{Outcome, Verdict};
use anyhow::{Context, Result, bail};
use pixelflow_host::output::say;

use super::Arguments;
use super::build::build;
use super::child::{Child, ChildObserver};
use fault::Fault;

/// Names of found cases that are shown.
const SHOWN: usize = 4;

/// Plants every fault on the CPU, one after the other.
///
/// # Errors
/// If the suite does not compile, fails already without a fault, or a fault cannot be planted.
pub fn run(root: &Path, fixtures: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let program = build(root, &["flex"])?;
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let row = |fixtures: &Path| {
        let child = Child {
            program: &program,
            target: "flex-f32".parse()?,
            fixtures,
            folder: &scratch.path().join("written"),
            filter: arguments.filter.as_deref(),
            quick: false,
            checkpoint: None,
            timeout: arguments.timeout(),
        };
        anyhow::Ok(child.run(true, &Quiet))
    };
    let sound = row(fixtures)?;
    if !sound.is_success() {
        let failed = red(&sound).join(", ");
        bail!("the suite fails without any fault ({:?}): {failed}", sound.end);
    }
    let passed = sound.count(Verdict::Passed);
    say(format_args!("{:<18} {passed} cases, all green", "no fault"))?;
    let mut missed = 0;
    for fault in &Fault::ALL {
        let wrong = scratch.path().join(fault.name);
        fault.plant(fixtures, &wrong).with_context(|| format!("cannot plant {}", fault.name))?;
        let verdict = verdict(fault, &row(&wrong)?);
        missed += usize::from(verdict.is_err());
        let said = verdict.unwrap_or_else(|missed| format!("MISSED: {missed}"));
        say(format_args!("{:<18} {said}", fault.name))?;
    }
    let found = Fault::ALL.len() - missed;
    say(format_args!("{found} passed, {missed} failed"))?;
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which cases found a fault, or why it is missed.
fn verdict(fault: &Fault, row: &Row) -> Result<String, String> {
    if row.end != RowEnd::Finished {
        return Err(format!("the suite did not end: {:?}", row.end));
    }
    let red = red(row);
    // Those that must find it first; others may be red as well.
    let (right, others): (Vec<&str>, Vec<&str>) =
        red.iter().partition(|case| case.ends_with(fault.found_by));
    if right.is_empty() {
        return Err(format!(
            "all cases …{} are green, {} others red",
            fault.found_by,
            others.len()
        ));
    }
    let shown: Vec<&str> = right.into_iter().chain(others).take(SHOWN).collect();
    let more = if red.len() > SHOWN { ", …" } else { "" };
    Ok(format!("found by {} cases: {}{more}", red.len(), shown.join(", ")))
}

/// The names of the cases that failed.
fn red(row: &Row) -> Vec<&str> {
    let failed = |outcome: &&Outcome| outcome.verdict == Verdict::Failed;
    let cases = row.outcomes.iter().filter(failed);
    cases.map(|outcome| outcome.case.as_str()).collect()
}

struct Quiet;

impl ChildObserver for Quiet {}

//! `--self-test`: faults are planted, and the suite must find them.

use std::path::Path;
use std::process::ExitCode;

use ::tests::conformance::{Row, RowEnd};
use ::tests::{Outcome, Verdict};
use anyhow::{Context, Result, bail};
use pixelflow::faults::Fault;
use pixelflow_host::output::say;

use super::Arguments;
use super::build::build;
use super::child::{Child, ChildObserver};

/// Names of found cases that are shown.
const SHOWN: usize = 4;

/// Plants every fault on the CPU, one after the other.
///
/// # Errors
/// If the suite does not compile, or fails already without a fault.
pub fn run(root: &Path, fixtures: &Path, arguments: &Arguments) -> Result<ExitCode> {
    let program = build(root, &["flex", "faults"])?;
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let row = |fault: Option<&str>| {
        let child = Child {
            program: &program,
            target: "flex-f32".parse()?,
            fixtures,
            folder: &scratch.path().join(fault.unwrap_or("sound")),
            filter: arguments.filter.as_deref(),
            quick: false,
            checkpoint: None,
            timeout: arguments.timeout(),
            fault,
        };
        anyhow::Ok(child.run(true, &Quiet))
    };
    let sound = row(None)?;
    if !sound.is_success() {
        let failed = red(&sound).join(", ");
        bail!("the suite fails without any fault ({:?}): {failed}", sound.end);
    }
    let passed = sound.count(Verdict::Passed);
    say(format_args!("{:<18} {passed} cases, all green", "no fault"))?;
    let mut missed = 0;
    for fault in Fault::ALL {
        let row = row(Some(fault.name()))?;
        let red = red(&row);
        let is_found = row.end == RowEnd::Finished && !red.is_empty();
        missed += usize::from(!is_found);
        say(line(fault.name(), &row, &red))?;
    }
    let found = Fault::ALL.len() - missed;
    say(format_args!("{found} passed, {missed} failed"))?;
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The names of the cases that failed.
fn red(row: &Row) -> Vec<&str> {
    let failed = |outcome: &&Outcome| outcome.verdict == Verdict::Failed;
    let cases = row.outcomes.iter().filter(failed);
    cases.map(|outcome| outcome.case.as_str()).collect()
}

fn line(fault: &str, row: &Row, red: &[&str]) -> String {
    if row.end != RowEnd::Finished {
        return format!("{fault:<18} MISSED: the suite did not end: {:?}", row.end);
    }
    if red.is_empty() {
        return format!("{fault:<18} MISSED: all cases are green");
    }
    let shown = red[..red.len().min(SHOWN)].join(", ");
    let more = if red.len() > SHOWN { ", …" } else { "" };
    format!("{fault:<18} found by {} cases: {shown}{more}", red.len())
}

struct Quiet;

impl ChildObserver for Quiet {}

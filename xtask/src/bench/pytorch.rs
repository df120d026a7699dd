//! The same work in PyTorch, for a comparison within one run.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Arguments;
use super::job::Job;
use super::measure::default_batch;
use super::record::Record;

/// Makes sure that an interpreter has PyTorch, before anything is timed.
///
/// # Errors
/// If it does not run, or cannot import it.
pub fn check(python: &Path) -> Result<()> {
    let output = Command::new(python).args(["-c", "import torch"]).output();
    let output = output.with_context(|| format!("--pytorch {}: cannot run", python.display()))?;
    if !output.status.success() {
        let python = python.display();
        bail!(
            "--pytorch {python}: it cannot import torch; xtask/pytorch/README.md says how to install it"
        );
    }
    Ok(())
}

/// One job of `xtask/pytorch/bench.py`, run by the interpreter `python`.
///
/// # Errors
/// If Python, or the program, does not work.
pub fn run(
    python: &Path,
    job: Job,
    tokens: Option<usize>,
    arguments: &Arguments,
    threads: usize,
) -> Result<Vec<Record>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("pytorch/bench.py");
    let mut command = Command::new(python);
    command.arg(&program).arg(job.name());
    command.args(["--repeat", &arguments.repeat.to_string()]);
    command.args(["--threads", &threads.to_string(), "--dtype", &arguments.dtype]);
    if job == Job::Forward {
        command.args(["--depth", &arguments.depth.to_string()]);
    }
    if let Some(tokens) = tokens {
        let rows = if job == Job::Gemm { default_batch(tokens) } else { 1 };
        command.args(["--tokens", &(rows * tokens).to_string()]);
    }
    // Its own table goes to standard error.
    let output = command.stderr(Stdio::piped()).output();
    let output = output.with_context(|| format!("--pytorch {}: cannot run", python.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("nothing");
        let program = program.display();
        bail!("{program} {} ended with {}: {last}", job.name(), output.status);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let record = |line| serde_json::from_str(line).with_context(|| format!("no record: {line}"));
    text.lines().map(record).collect()
}

//! `cargo xtask check-backends`: one suite, every backend, a verdict.

mod build;
mod child;
mod comparisons;
mod html;
mod list;
mod machine;
mod plan;
mod presence;
mod self_test;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ::tests::Precision;
use ::tests::conformance::{ConformanceReport, Row, RowEnd, write_checkpoint};
use anyhow::{Context, Result, bail};
use burn::backend::Flex;
use burn::backend::flex::FlexDevice;

use build::{Suite, Suites};
use child::{Child, ChildObserver as _};
use plan::{Plan, Planned};
use terminal::Terminal;

/// Runs the conformance suite on every backend of this machine.
///
/// Each backend, precision and fusion setting is a target with a process of its own; a crash or a
/// hang is one red row. Every number is compared with the reference's and with the other targets'.
///
/// Exit code 0 if something ran and nothing failed, 1 if anything failed, 2 if nothing could be run.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Backends: flex, wgpu, vulkan, metal, cuda, rocm. Default: all that this machine has.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    backends: Vec<String>,
    /// Precisions: f32, f16, bf16. Default: f32, and on flex all.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    dtypes: Vec<Precision>,
    /// Kernel fusion: on, off, or both. Flex has none.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "on,off")]
    fusion: Vec<Switch>,
    /// Folder of fixtures with a manifest.json. Default: those in the repository.
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// Only the cases whose name contains this.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Not the demo, and of the fixtures only the first file of each kind: minutes less on a software
    /// device.
    #[arg(long)]
    quick: bool,
    /// Where report.json and report.html go.
    #[arg(long, value_name = "DIR", default_value = "target/conformance/report")]
    report: PathBuf,
    /// Backends that must run: a skip is a failure.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    require: Vec<String>,
    /// Seconds that a target may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 1200, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// Targets that run at the same time. Default: two, or one on a single processor.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Only show what there is: backends, adapters, memory, precisions, attention.
    #[arg(long)]
    list: bool,
    /// Plant every known fault, one after the other, and see that the suite finds it.
    #[arg(long, conflicts_with_all = ["list", "quick"])]
    self_test: bool,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

impl Arguments {
    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// Runs the command.
///
/// # Errors
/// If an argument is wrong, the suite does not compile anywhere, or nothing can be written.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = crate::repository::root()?;
    let fixtures = arguments.fixtures.clone().unwrap_or_else(|| root.join("tests/fixtures"));
    // A wrong folder is refused before minutes of compiling.
    let manifest = tests::Manifest::open(&fixtures)?;
    drop(manifest);
    let fixtures =
        fixtures.canonicalize().with_context(|| format!("cannot find {}", fixtures.display()))?;
    if arguments.self_test {
        return self_test::run(&root, &fixtures, arguments);
    }
    let plan = Plan::new(arguments)?;
    prepare(&arguments.report)?;
    let suites = Suites::build(&root, &plan)?;
    if arguments.list {
        return list::run(&plan, &suites, &fixtures);
    }
    let report = check(&plan, &suites, &fixtures, arguments)?;
    write(&report, &arguments.report)?;
    Terminal::summary(&report, &arguments.report)?;
    Ok(if report.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs all targets and compares them.
fn check(
    plan: &Plan,
    suites: &Suites,
    fixtures: &Path,
    arguments: &Arguments,
) -> Result<ConformanceReport> {
    let started = Instant::now();
    let mut report = ConformanceReport {
        started: machine::now(),
        command: machine::command_line(),
        machine: machine::machine(),
        versions: machine::versions(),
        ..ConformanceReport::default()
    };
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let terminal = Terminal::new(plan);
    // Every target reads a checkpoint of this process, which reads theirs in the comparisons.
    let checkpoint = scratch.path().join("checkpoint");
    write_own_checkpoint(&checkpoint)?;
    let run = |planned: &Planned| {
        let end = match (&planned.skip, suites.of(planned.target.backend)) {
            (Some(reason), _) => RowEnd::Skipped { reason: reason.clone() },
            (None, Suite::NotBuilt(reason)) => RowEnd::NotBuilt { reason: reason.clone() },
            (None, Suite::Built(program)) => {
                let child = Child {
                    program,
                    target: planned.target,
                    fixtures,
                    folder: &scratch.path().join(planned.target.to_string()),
                    filter: arguments.filter.as_deref(),
                    quick: arguments.quick,
                    checkpoint: Some(("flex", &checkpoint)),
                    timeout: arguments.timeout(),
                };
                return child.run(planned.required, &terminal);
            }
        };
        let row = Row {
            target: planned.target.to_string(),
            end,
            required: planned.required,
            device: None,
            outcomes: Vec::new(),
            seconds: 0.0,
            log: String::new(),
        };
        terminal.finished(&row);
        row
    };
    let jobs = arguments.jobs.map_or_else(default_jobs, usize::from);
    report.rows = plan::in_parallel(&plan.targets, jobs, Planned::cost, run);
    report.comparisons = comparisons::compare(&report.rows, scratch.path());
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// A checkpoint written on the processor.
fn write_own_checkpoint(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut ignore = |_: &tests::Outcome| {};
    let mut recorder = tests::Recorder::new(None, &mut ignore);
    write_checkpoint::<Flex>(folder, &FlexDevice, &mut recorder);
    match recorder.into_report().failures().next() {
        Some(outcome) => bail!("cannot write a checkpoint: {outcome}"),
        None => Ok(()),
    }
}

fn default_jobs() -> usize {
    // Compiling kernels keeps one processor busy, a software device the others.
    std::thread::available_parallelism().map_or(1, |count| count.get().min(2))
}

/// The folder of the report, writable, before anything expensive happens.
fn prepare(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("--report {}: cannot make this folder", folder.display()))?;
    tempfile::tempfile_in(folder)
        .with_context(|| format!("--report {}: cannot write there", folder.display()))?;
    Ok(())
}

/// Writes `report.json` and `report.html`, each at once.
fn write(report: &ConformanceReport, folder: &Path) -> Result<()> {
    let json = serde_json::to_vec_pretty(report)?;
    let page = html::page(report).into_bytes();
    for (name, bytes) in [("report.json", json), ("report.html", page)] {
        let path = folder.join(name);
        pixelflow::durable::write_bytes(&path, &bytes)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

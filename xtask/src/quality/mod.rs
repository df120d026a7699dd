//! `cargo xtask quality`: measures the shipped models and writes QUALITY.md.
//!
//! A [`measurement`] is a command line of `infer`; a [`record`] keeps what it said; a [`page`] is made of all
//! records. What is recorded already, by the same command line of the same model, is not measured again.

mod clothes;
mod measurement;
mod page;
mod record;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use pixelflow::durable;
use pixelflow_host::output::{note, say};

use self::measurement::Sizes;
use self::record::Records;
use crate::ablation::Runs;
use crate::repository;

/// The page, in the repository's folder.
const PAGE: &str = "QUALITY.md";

/// Measures the shipped models, and writes QUALITY.md and docs/quality.
///
/// Takes hours on two cores; killed, it goes on where it was. Nothing else should run beside it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Images of each repeat.
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..))]
    images: u32,
    /// Repeats, each with a seed of its own.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// The folder with the four .gz files of Fashion-MNIST. Without it, what is recorded of its model is kept.
    #[arg(long, value_name = "FOLDER")]
    fashion_mnist: Option<PathBuf>,
    /// Measure these alone, by name, and keep the other records.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// The `infer` to measure with; without it, it is built from this repository.
    #[arg(long, value_name = "PROGRAM")]
    infer: Option<PathBuf>,
    /// Print the command lines, and which of them are recorded, and stop.
    #[arg(long)]
    dry_run: bool,
}

/// Measures what is not recorded yet, and writes the page.
///
/// # Errors
/// If a measurement fails, or something cannot be written; what was measured before is kept.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let root = repository::root()?;
    if let Some(data) = arguments.fashion_mnist.as_ref().filter(|_| !arguments.dry_run) {
        clothes::unpack(data, &root)?;
    }
    let sizes = Sizes { images: arguments.images, repeats: arguments.repeats };
    let plan = measurement::plan(sizes);
    measurement::check_names(&arguments.only, &plan)?;
    let mut records = Records::open(&root)?;
    for measurement in &plan {
        let is_wanted = arguments.only.is_empty() || arguments.only.contains(&measurement.name);
        let is_there = records.has(measurement)?;
        let lacks_data = measurement.needs_clothes
            && arguments.fashion_mnist.is_none()
            && !clothes::is_unpacked(&root);
        let state = match (is_wanted, is_there, lacks_data) {
            (false, ..) => "left as it is",
            (true, true, _) => "recorded already",
            (true, false, true) => "skipped: it needs --fashion-mnist FOLDER",
            (true, false, false) => "to measure",
        };
        note(format_args!("{}: {state}: {}", measurement.name, measurement.command()));
        if is_wanted && !is_there && !lacks_data && !arguments.dry_run {
            records.measure(measurement, arguments.infer.as_deref())?;
        }
    }
    if !arguments.dry_run {
        write_page(&root)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of what is recorded.
///
/// # Errors
/// If a record cannot be read, or the page cannot be written.
pub fn write_page(root: &Path) -> Result<()> {
    // The plan's sizes are those of measurements to come: the page has the recorded commands.
    let plan = measurement::plan(Sizes { images: 0, repeats: 0 });
    let page = page::page(&plan, &Records::open(root)?, &Runs::open(root)?);
    let path = root.join(PAGE);
    durable::write_text(&path, &page)
        .with_context(|| format!("cannot write {}", path.display()))?;
    say(path.display())?;
    Ok(())
}

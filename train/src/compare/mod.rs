//! The command `train compare`: several runs beside one another.

mod charts;
mod comparison;
mod meeting;
mod table;

use std::path::Path;
use std::process::ExitCode;

use maud::html;
use pixelflow::durable;
use pixelflow_host::output::{note, print};

use crate::arguments::CompareArguments;
use crate::error::write_error;
use crate::page::page;
use crate::run_folder::RunFolder;
use crate::{Error, Result};
use comparison::Comparison;

/// Compares runs: prints a table or JSON, and writes a page with their curves if one is wanted.
///
/// # Errors
/// [`Error::NotARun`], [`Error::NotComparable`] for a run without metrics, [`Error::OutExists`], and what reading the
/// runs says.
pub fn compare(arguments: &CompareArguments) -> Result<ExitCode> {
    let json = arguments.json.as_deref().filter(|path| *path != Path::new("-"));
    for out in [arguments.out.as_deref(), json].into_iter().flatten() {
        if out.exists() {
            return Err(Error::OutExists { path: out.to_owned() });
        }
    }
    let runs = arguments.runs.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let comparison = Comparison::of(&runs);
    if let Some(out) = &arguments.out {
        write(out, &whole_page(&runs, &comparison))?;
    }
    if arguments.json.is_some() {
        let text = serde_json::to_string_pretty(&comparison).expect("it has a form in JSON");
        match json {
            Some(path) => write(path, &(text + "\n"))?,
            None => print(text)?,
        }
    } else {
        print(table::text(&comparison))?;
    }
    if let Some(out) = &arguments.out {
        note(format_args!("{} has the curves", out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A run that can be compared.
fn read(path: &Path) -> Result<RunFolder> {
    let run = RunFolder::read(path)?;
    if run.records.is_empty() {
        let reason = "it has no metrics yet; let it take some steps (log.every says how many)";
        return Err(Error::NotComparable { path: path.to_owned(), reason });
    }
    Ok(run)
}

fn write(path: &Path, text: &str) -> Result<()> {
    durable::write_bytes(path, text.as_bytes()).map_err(write_error(path))
}

fn whole_page(runs: &[RunFolder], comparison: &Comparison) -> String {
    let summary = html! {
        p { (runs.len()) " runs" }
        @if !comparison.notes.is_empty() {
            ul.notices { @for note in &comparison.notes { li.warning { (note) } } }
        }
    };
    let content = html! {
        section { h2 { "Numbers" } (table::numbers(comparison)) }
        section {
            h2 { "Validation loss at equal steps and images" }
            (table::meetings(comparison))
        }
        section {
            h2 { "Curves" }
            div.charts { @for chart in charts::charts(runs, comparison) { (chart.figure()) } }
        }
        section { h2 { "Settings that differ" } (table::settings(comparison)) }
    };
    let names: Vec<&str> = comparison.runs.iter().map(|run| run.name.as_str()).collect();
    page(&names.join(", "), "PixelFlow training runs", &summary, &content)
}

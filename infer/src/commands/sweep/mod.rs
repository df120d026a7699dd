//! `infer sweep`: measures many sampler settings, and says which draw best for how many network calls.

mod measurer;
mod plan;

use std::path::{Path, PathBuf};

use pixelflow_host::output::note;

use self::measurer::Measurer;
use self::plan::Plan;
use crate::arguments::SweepArguments;
use crate::error::{read_error, write_error};
use crate::guide::refuse_idle_guide;
use crate::made_folders::MadeFolders;
use crate::shard::{Shard, ShardArgument};
use crate::sweep::grid::PlannedCell;
use crate::sweep::ledger::Ledger;
use crate::sweep::record::{RECORD_FILE, SweepRecord};
use crate::sweep::report::{SweepReport, candidates_of};
use crate::{Error, Result};

/// Folder of sweeps whose place is not given.
const SWEEPS: &str = "sweeps";
/// Names of the ledgers: of the grid's cells, and of those that are measured again.
const LEDGERS: [&str; 2] = ["cells", "confirmed"];

/// Measures; gives what is printed, or nothing if Ctrl-C stopped it.
///
/// # Errors
/// What is wrong with the arguments, the models, the reference or the folder, before anything is computed;
/// [`Error::OtherSettings`] for a folder of another sweep; what drawing and writing say.
pub fn sweep(arguments: &SweepArguments) -> Result<Option<String>> {
    if let Some(folder) = &arguments.report {
        return report(folder).map(Some);
    }
    let plan = Plan::new(arguments)?;
    if arguments.dry_run {
        return Ok(Some(plan.text()));
    }
    let shard = ShardArgument::find(arguments.shard)?;
    let guided = plan.grid.cells.iter().map(|planned| &planned.cell.sampler);
    refuse_idle_guide(&arguments.guide, guided)?;
    let setup = plan.setup()?;
    let (folder, _made) = folder(arguments)?;
    let known = SweepRecord::read(&folder)?;
    let Some(mut measurer) = Measurer::begin(&plan, setup, known.as_ref(), &folder)? else {
        return Ok(None);
    };
    measurer.record.claim(&folder)?;
    let mut ledger = Ledger::open(&folder, LEDGERS[0], shard)?;
    let _own = ledger.hold()?;
    let own = plan.grid.cells.iter().enumerate().filter(|(place, _)| shard.holds(*place));
    let own: Vec<&PlannedCell> = own.map(|(_, cell)| cell).collect();
    note(format_args!("{}\n{}", plan.cost(&own), folder.display()));
    let seeds = plan.seeds(0..arguments.repeats);
    let all = own.len();
    if !measurer.measure(&own, &seeds, &mut ledger)? {
        let done =
            own.iter().filter(|planned| ledger.find(&planned.cell, &seeds).is_some()).count();
        note(format_args!(
            "{done} of {all} cells are measured; the same command with --out {} goes on",
            folder.display()
        ));
        return Ok(None);
    }
    // Other parts have gone on meanwhile.
    let mut ledger = Ledger::open(&folder, LEDGERS[0], Shard::WHOLE)?;
    let is_missing = |planned: &&PlannedCell| ledger.find(&planned.cell, &seeds).is_none();
    let missing = plan.grid.cells.iter().filter(is_missing).count();
    if missing > 0 {
        return Ok(Some(format!(
            "part {shard}: {all} cells are measured, and {missing} of other parts are missing; when they are there, \
             run any part again, or `infer sweep --report {}`",
            folder.display()
        )));
    }
    let mut confirmed = Ledger::open(&folder, LEDGERS[1], Shard::WHOLE)?;
    // A sweep that is not shared out holds that of the cells already.
    let whole = if shard == Shard::WHOLE { None } else { Some(ledger.hold()) };
    if let Some(Err(Error::Argument { .. })) = whole {
        return Ok(Some(format!(
            "part {shard}: {all} cells are measured; another process makes the report in {}",
            folder.display()
        )));
    }
    let _whole = whole.transpose()?;
    ledger.write_whole()?;
    if arguments.confirm > 0 && !confirm(&mut measurer, &plan, &ledger, &mut confirmed)? {
        note(format_args!(
            "all cells are measured, and the best are not measured again; the same command with --out {} goes on",
            folder.display()
        ));
        return Ok(None);
    }
    let left_out = plan.grid.left_out_lines();
    let report =
        SweepReport { record: &measurer.record, cells: &ledger, confirmed: &confirmed, left_out };
    let table = report.write(&folder)?;
    Ok(Some(format!("{table}\n\n{}", folder.display())))
}

/// Measures the best cells again, the model's own settings first; false after Ctrl-C.
fn confirm(
    measurer: &mut Measurer<'_>,
    plan: &Plan<'_>,
    cells: &Ledger,
    confirmed: &mut Ledger,
) -> Result<bool> {
    let arguments = plan.arguments;
    let seeds = plan.seeds(arguments.repeats..arguments.repeats + arguments.confirm);
    // What an adaptive solver's own settings take is known when they are measured: then there may be one more.
    for round in 0..2 {
        let candidates = candidates_of(&measurer.record, cells, confirmed);
        let is_new = |planned: &PlannedCell| confirmed.find(&planned.cell, &seeds).is_none();
        let planned: Vec<PlannedCell> = candidates
            .into_iter()
            .filter_map(|of| plan.planned(of.cell))
            .filter(|planned| round == 0 || is_new(planned))
            .collect();
        if !measurer.measure(&planned.iter().collect::<Vec<_>>(), &seeds, confirmed)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes the report of what is measured in a folder.
fn report(folder: &Path) -> Result<String> {
    let Some(record) = SweepRecord::read(folder)? else {
        return Err(Error::Argument {
            argument: "--report",
            value: folder.display().to_string(),
            reason: format!("it has no {RECORD_FILE}; give the folder of a sweep"),
        });
    };
    let [cells, confirmed] = LEDGERS.map(|name| Ledger::open(folder, name, Shard::WHOLE));
    let (mut cells, confirmed) = (cells?, confirmed?);
    if cells.cells().is_empty() {
        return Err(Error::Argument {
            argument: "--report",
            value: folder.display().to_string(),
            reason: "no cell of it is measured yet".to_owned(),
        });
    }
    match cells.hold() {
        Ok(_whole) => cells.write_whole()?,
        // Another process is at work: a report of what there is does not touch its file.
        Err(_) => cells.sort(),
    }
    let report =
        SweepReport { record: &record, cells: &cells, confirmed: &confirmed, left_out: Vec::new() };
    let table = report.write(folder)?;
    Ok(format!("{table}\n\n{}", folder.display()))
}

/// The folder of the sweep, made if it is missing; it goes again if it stays empty.
fn folder(arguments: &SweepArguments) -> Result<(PathBuf, MadeFolders)> {
    let Some(folder) = &arguments.out else {
        let parent = Path::new(SWEEPS);
        let (made, folder) =
            MadeFolders::make_next(parent, "sweep-").map_err(write_error(parent))?;
        return Ok((folder, made));
    };
    let made = MadeFolders::make(folder).map_err(write_error(folder))?;
    tempfile::tempfile_in(folder).map_err(write_error(folder))?;
    // What is hidden is our own, of a part that begins at this moment or was killed.
    let is_shown = |name: std::ffi::OsString| !name.as_encoded_bytes().starts_with(b".");
    let entries = folder.read_dir().map_err(read_error(folder))?;
    let is_in_use = entries.flatten().any(|entry| is_shown(entry.file_name()));
    if is_in_use && !folder.join(RECORD_FILE).exists() {
        return Err(Error::Argument {
            argument: "--out",
            value: folder.display().to_string(),
            reason: "it holds files that are no sweep; give an empty or new folder".to_owned(),
        });
    }
    Ok((folder.clone(), made))
}

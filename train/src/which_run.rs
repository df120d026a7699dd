//! The run that `--resume` names, and the newest one.

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::{Path, PathBuf};

use pixelflow_host::output::note;

use crate::checkpoint::{STATE, State, Store, modified};
use crate::error::read_error;
use crate::session::{CONFIG, RUNS};
use crate::{Error, Result};

/// The run that `--resume` names, and its checkpoint if it names one.
///
/// # Errors
/// [`Error::NothingToResume`] or [`Error::Read`].
pub fn which_run(argument: &Path) -> Result<(PathBuf, Option<PathBuf>)> {
    if argument == Path::new("auto") {
        return Ok((newest_run()?, None));
    }
    if !argument.join(STATE).is_file() {
        return Ok((argument.to_owned(), None));
    }
    let checkpoint = std::path::absolute(argument).map_err(read_error(argument))?;
    // RUN/checkpoints/step-N, or one that was set aside: RUN/checkpoints/set-aside-1/step-N.
    let folders = || checkpoint.ancestors().skip(2).take(2);
    let run = folders().find(|folder| folder.join(CONFIG).is_file()).or(folders().next());
    Ok((run.unwrap_or(argument).to_owned(), Some(checkpoint)))
}

/// Says what has the name of a newer checkpoint than those of a run, and is none.
///
/// # Errors
/// [`Error::Read`] if the run's checkpoints cannot be listed.
pub fn name_passed_over(store: &Store) -> Result<()> {
    for path in store.passed_over()? {
        note(format_args!("note: {} is passed over: {}", path.display(), no_state()));
    }
    Ok(())
}

fn no_state() -> String {
    format!("it has no {STATE}")
}

/// The run under `runs/` that was saved last. What is newer and cannot be gone on from is named.
fn newest_run() -> Result<PathBuf> {
    let runs = Path::new(RUNS);
    let nothing = || Error::NothingToResume { path: runs.to_owned() };
    let entries = match fs::read_dir(runs) {
        Err(error) if error.kind() == NotFound => return Err(nothing()),
        other => other.map_err(read_error(runs))?,
    };
    let (mut saved, mut passed) = (Vec::new(), Vec::new());
    for entry in entries {
        let run = entry.map_err(read_error(runs))?.path();
        let store = Store::of_run(&run);
        for path in store.passed_over().unwrap_or_default() {
            passed.push((path, no_state()));
        }
        match store.newest() {
            Ok(Some(newest)) => match State::read(&newest) {
                Ok(state) => saved.push((state.recency(&newest, &store), run)),
                Err(error) => passed.push((newest, error.to_string())),
            },
            Ok(None) if !run.join(CONFIG).is_file() => {}
            Ok(None) => passed.push((run, "it has no checkpoint".to_owned())),
            Err(error) => passed.push((run, error.to_string())),
        }
    }
    let newest = saved.into_iter().max();
    for (path, reason) in passed {
        // What the run itself has is named when it is opened.
        let is_newer = newest.as_ref().is_none_or(|((saved_at, _), run)| {
            !path.starts_with(run) && modified(&path) > Some(*saved_at)
        });
        if is_newer {
            note(format_args!("note: {} is passed over: {reason}", path.display()));
        }
    }
    newest.map(|(_, run)| run).ok_or_else(nothing)
}

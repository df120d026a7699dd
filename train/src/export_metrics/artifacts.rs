//! The files of a run that are copied with its metrics.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::error::{read_error, write_error};
use crate::metrics::EventTimes;
use crate::recording::{LOSS_CURVE, PREVIEWS};
use crate::report::{REPORT, step_of};
use crate::session::CONFIG;

/// A file that belongs to a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    /// Its place in the run's folder, with `/`.
    pub name: String,
    /// Where it is.
    path: PathBuf,
    /// Of a preview: the steps taken, and when it was recorded, if that is known.
    pub preview: Option<(u64, Option<u64>)>,
}

impl Artifact {
    /// Copies it into a folder, under its name.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn copy_to(&self, folder: &Path) -> Result<()> {
        let to = folder.join(&self.name);
        let parent = to.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(write_error(parent))?;
        fs::copy(&self.path, &to).map(drop).map_err(write_error(&to))
    }
}

/// Settings, report, curve and previews of the run in a folder, as far as they are there.
///
/// # Errors
/// [`crate::Error::Read`].
pub(super) fn artifacts(run: &Path, events: &EventTimes) -> Result<Vec<Artifact>> {
    let of_run = |name: &str| {
        let path = run.join(name);
        path.is_file().then(|| Artifact { name: name.to_owned(), path, preview: None })
    };
    let mut found: Vec<Artifact> =
        [CONFIG, REPORT, LOSS_CURVE].into_iter().filter_map(of_run).collect();
    let folder = run.join(PREVIEWS);
    if folder.is_dir() {
        let mut previews = Vec::new();
        for entry in fs::read_dir(&folder).map_err(read_error(&folder))? {
            let path = entry.map_err(read_error(&folder))?.path();
            if let Some(step) = step_of(&path).filter(|_| path.is_file()) {
                let name = format!("{PREVIEWS}/step-{step:08}.png");
                let preview = Some((step, events.of(step, "preview")));
                previews.push(Artifact { name, path, preview });
            }
        }
        previews.sort_by_key(|artifact| artifact.preview);
        found.extend(previews);
    }
    Ok(found)
}

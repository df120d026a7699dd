//! The checkpoints of a run as folders.

use std::fs;
use std::io;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};

use pixelflow::weights::{WeightsError, checkpoint_name, checkpoint_steps};

use crate::Result;
use crate::config::{Cadence, CheckpointConfig};
use crate::error::write_error;

/// Folders that are being written or removed; nobody reads them.
const HIDDEN: &str = ".partial-";

/// The folder that holds a run's checkpoints.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The checkpoints of the run in `run`.
    pub fn of_run(run: &Path) -> Self {
        Self { folder: run.join("checkpoints") }
    }

    /// Where the checkpoint of `step` is, or will be.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(checkpoint_name(step))
    }

    /// Steps of all checkpoints, ascending.
    ///
    /// # Errors
    /// [`crate::Error::Model`] if the folder exists and cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>> {
        match checkpoint_steps(&self.folder) {
            Err(WeightsError::Open { source, .. })
                if matches!(source.kind(), NotFound | NotADirectory) =>
            {
                Ok(Vec::new())
            }
            other => Ok(other.map_err(pixelflow::Error::from)?),
        }
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Model`] if the folder exists and cannot be read.
    pub fn newest(&self) -> Result<Option<PathBuf>> {
        Ok(self.steps()?.last().map(|step| self.path(*step)))
    }

    /// An empty hidden folder for the checkpoint of `step`.
    pub(super) fn begin(&self, step: u64) -> io::Result<PathBuf> {
        let folder = self.folder.join(format!("{HIDDEN}{step:08}"));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Makes a hidden folder, whose files are durable, the checkpoint of `step`.
    pub(super) fn publish(&self, hidden: &Path, step: u64) -> io::Result<()> {
        let path = self.path(step);
        sync_folder(hidden)?;
        if path.exists() {
            self.remove(&path)?;
        }
        fs::rename(hidden, &path)?;
        sync_folder(&self.folder)
    }

    /// Removes what a killed program left half-written.
    ///
    /// # Errors
    /// [`crate::Error::Write`] if it cannot be removed.
    pub fn clean(&self) -> Result<()> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Ok(());
        };
        for entry in entries.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(HIDDEN) {
                fs::remove_dir_all(entry.path()).map_err(write_error(&entry.path()))?;
            }
        }
        Ok(())
    }

    /// Removes all but the newest checkpoints and the milestones.
    ///
    /// # Errors
    /// [`crate::Error::Read`] or [`crate::Error::Write`].
    pub fn prune(&self, config: &CheckpointConfig) -> Result<()> {
        for step in surplus(&self.steps()?, config.keep_last, config.milestone_every) {
            let path = self.path(step);
            self.remove(&path).map_err(write_error(&path))?;
        }
        Ok(())
    }

    /// Removes a checkpoint so that no half of it is ever seen under its name.
    fn remove(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hidden = self.folder.join(format!("{HIDDEN}old-{name}"));
        fs::rename(path, &hidden)?;
        fs::remove_dir_all(hidden)
    }
}

/// The steps to remove: neither among the last `keep_last` nor milestones.
fn surplus(steps: &[u64], keep_last: usize, milestones: Cadence) -> Vec<u64> {
    let old = &steps[..steps.len().saturating_sub(keep_last)];
    old.iter().copied().filter(|step| !milestones.is_due(*step)).collect()
}

/// Makes renames inside a folder durable; not every system can, or needs to.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_and_the_milestones_stay() {
        let steps = [100, 200, 250, 300, 400, 500];
        assert_eq!(surplus(&steps, 2, Cadence::every(200)), [100, 250, 300]);
        assert_eq!(surplus(&steps, 2, Cadence::NEVER), [100, 200, 250, 300]);
        assert_eq!(surplus(&steps, 9, Cadence::NEVER), [0; 0]);
    }

    #[test]
    fn a_checkpoint_appears_at_once_and_leftovers_go() {
        let run = tempfile::tempdir().unwrap();
        let store = Store::of_run(run.path());
        assert_eq!(store.newest().unwrap(), None);
        let hidden = store.begin(7).unwrap();
        fs::write(hidden.join("state.json"), "{}").unwrap();
        assert_eq!(store.steps().unwrap(), [0; 0]);
        store.publish(&hidden, 7).unwrap();
        let abandoned = store.begin(8).unwrap();
        assert_eq!(store.newest().unwrap(), Some(store.path(7)));
        store.clean().unwrap();
        assert!(!abandoned.exists() && store.path(7).join("state.json").exists());
    }

    #[test]
    fn a_checkpoint_of_the_same_step_is_replaced() {
        let run = tempfile::tempdir().unwrap();
        let store = Store::of_run(run.path());
        for content in ["first", "second"] {
            let hidden = store.begin(3).unwrap();
            fs::write(hidden.join("state.json"), content).unwrap();
            store.publish(&hidden, 3).unwrap();
        }
        let found = fs::read_to_string(store.path(3).join("state.json")).unwrap();
        assert_eq!(found, "second");
    }
}

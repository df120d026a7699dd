//! The checkpoints of a run as folders.

use std::fs;
use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};

use pixelflow::durable;
use pixelflow::weights::{CHECKPOINTS_FOLDER, checkpoint_name, checkpoint_steps};

use super::STATE;
use crate::Result;
use crate::averages::{AVERAGES_FOLDER, SNAPSHOT};
use crate::config::{Cadence, CheckpointConfig};
use crate::error::{read_error, write_error};

/// The folder that holds a run's checkpoints, or snapshots of its averages: a folder for each step.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    /// The file that each of them has.
    marker: &'static str,
}

impl Store {
    /// The checkpoints of the run in `run`.
    pub fn of_run(run: &Path) -> Self {
        Self { folder: run.join(CHECKPOINTS_FOLDER), marker: STATE }
    }

    /// The snapshots of the averages of the run in `run`.
    pub fn of_averages(run: &Path) -> Self {
        Self { folder: run.join(AVERAGES_FOLDER), marker: SNAPSHOT }
    }

    /// The snapshots of the averages of the same run.
    pub fn averages(&self) -> Self {
        Self::of_averages(self.folder.parent().unwrap_or(&self.folder))
    }

    /// Where the checkpoint of `step` is, or will be.
    pub fn path(&self, step: u64) -> PathBuf {
        self.folder.join(checkpoint_name(step))
    }

    /// Name of the run's folder.
    pub fn run_name(&self) -> String {
        let run = std::path::absolute(&self.folder).unwrap_or_default();
        let name = run.parent().and_then(Path::file_name).unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Steps of all checkpoints, ascending; a folder that no run has made is none.
    ///
    /// # Errors
    /// [`crate::Error::Read`] if the folder exists and cannot be read.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let mut steps = self.named()?;
        steps.retain(|step| self.path(*step).join(self.marker).is_file());
        Ok(steps)
    }

    /// Steps of what has a checkpoint's name, ascending.
    fn named(&self) -> Result<Vec<u64>> {
        match checkpoint_steps(&self.folder) {
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(Vec::new()),
            other => other.map_err(read_error(&self.folder)),
        }
    }

    /// What has the name of a newer checkpoint than the newest one, and is none: it has no `state.json`.
    ///
    /// # Errors
    /// [`crate::Error::Read`] if the folder exists and cannot be read.
    pub fn passed_over(&self) -> Result<Vec<PathBuf>> {
        let newest = self.steps()?.last().copied();
        let later = self.named()?.into_iter().filter(|step| Some(*step) > newest);
        Ok(later.map(|step| self.path(step)).collect())
    }

    /// The newest checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Read`] if the folder exists and cannot be read.
    pub fn newest(&self) -> Result<Option<PathBuf>> {
        Ok(self.steps()?.last().map(|step| self.path(*step)))
    }

    /// Removes what a killed program left half-written.
    ///
    /// # Errors
    /// [`crate::Error::Write`] if it cannot be removed.
    pub fn clean(&self) -> Result<()> {
        durable::remove_unfinished(&self.folder).map_err(|(path, error)| write_error(&path)(error))
    }

    /// Moves the checkpoints after `step` into a folder beside them, from which a run goes on only if one
    /// is named, and returns that folder; `None` if there are none.
    ///
    /// # Errors
    /// [`crate::Error::Read`] or [`crate::Error::Write`].
    pub fn set_aside_after(&self, step: u64) -> Result<Option<PathBuf>> {
        let later: Vec<u64> = self.steps()?.into_iter().filter(|&later| later > step).collect();
        self.set_aside(&later)
    }

    /// Moves what has the name of the checkpoint of `step` and is none into such a folder.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn set_aside_foreign(&self, step: u64) -> Result<Option<PathBuf>> {
        let path = self.path(step);
        let is_foreign = path.symlink_metadata().is_ok() && !path.join(self.marker).is_file();
        if is_foreign { self.set_aside(&[step]) } else { Ok(None) }
    }

    /// Whether a checkpoint was set aside: it lies in a folder beside the others.
    pub fn is_aside(&self, checkpoint: &Path) -> bool {
        checkpoint.ancestors().nth(2) == Some(&self.folder)
    }

    /// Moves a checkpoint that was set aside, after `step` steps, back to the others; what is there under
    /// its name is set aside in turn.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn put_back(&self, checkpoint: &Path, step: u64) -> Result<PathBuf> {
        let path = self.path(step);
        if path.symlink_metadata().is_ok() {
            self.set_aside(&[step])?;
        }
        fs::rename(checkpoint, &path).map_err(write_error(checkpoint))?;
        // Only an empty folder goes.
        let _ = checkpoint.parent().map(fs::remove_dir);
        Ok(path)
    }

    fn set_aside(&self, steps: &[u64]) -> Result<Option<PathBuf>> {
        if steps.is_empty() {
            return Ok(None);
        }
        let free = |folder: &PathBuf| !folder.exists();
        let folders = (1_u64..).map(|number| self.folder.join(format!("set-aside-{number}")));
        let aside = folders.into_iter().find(free).expect("numbers do not end");
        fs::create_dir(&aside).map_err(write_error(&aside))?;
        for &step in steps {
            let path = self.path(step);
            let moved = aside.join(checkpoint_name(step));
            fs::rename(&path, moved).map_err(write_error(&path))?;
        }
        Ok(Some(aside))
    }

    /// Removes all but the newest checkpoints and the milestones.
    ///
    /// # Errors
    /// [`crate::Error::Read`] or [`crate::Error::Write`].
    pub fn prune(&self, config: &CheckpointConfig) -> Result<()> {
        for step in surplus(&self.steps()?, config.keep_last, config.milestone_every) {
            let path = self.path(step);
            durable::remove_folder(&path).map_err(write_error(&path))?;
        }
        Ok(())
    }
}

/// The steps to remove: neither among the last `keep_last` nor milestones.
fn surplus(steps: &[u64], keep_last: usize, milestones: Cadence) -> Vec<u64> {
    let old = &steps[..steps.len().saturating_sub(keep_last)];
    old.iter().copied().filter(|step| !milestones.is_due(*step)).collect()
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
}

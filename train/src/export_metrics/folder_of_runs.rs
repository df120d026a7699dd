//! The folder that runs are exported to, one after the other.

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::durable::DurableFolder;

use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// A folder that runs are exported to: empty, or of this program.
#[derive(Debug)]
pub(super) struct FolderOfRuns {
    /// Where it is.
    pub path: PathBuf,
    /// A file in it that this program alone writes.
    pub marker: PathBuf,
}

impl FolderOfRuns {
    /// Whether runs were exported to it before.
    pub fn is_ours(&self) -> bool {
        self.path.join(&self.marker).is_file()
    }

    /// Refuses what somebody else has made.
    ///
    /// # Errors
    /// [`Error::ExportMetrics`], [`Error::Read`].
    pub fn check(&self) -> Result<()> {
        let refused = |reason: &str| {
            Err(Error::ExportMetrics { path: self.path.clone(), reason: reason.to_owned() })
        };
        if !self.path.exists() || self.is_ours() {
            return Ok(());
        }
        if !self.path.is_dir() {
            return refused("it is a file; choose a folder");
        }
        let mut entries = fs::read_dir(&self.path).map_err(read_error(&self.path))?;
        if entries.next().is_none() {
            return Ok(());
        }
        refused(
            "there is something in it that this command has not made for the same program; choose another folder",
        )
    }
}

/// Makes a folder whole or not at all; one of the same name that was there is replaced.
///
/// # Errors
/// What `fill` says, which is given the folder to write to, or [`Error::Write`].
pub(super) fn write_folder(path: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let folder = DurableFolder::create(path).map_err(write_error(path))?;
    fill(folder.unfinished())?;
    folder.replace().map_err(write_error(path))
}

/// Writes a file of such a folder, and the folders that it is in.
///
/// # Errors
/// [`Error::Write`].
pub(super) fn write_file(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    fs::write(path, text).map_err(write_error(path))
}

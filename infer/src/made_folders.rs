//! Folders that are made for files which may never come.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that were made; dropped, those that are still empty are removed again.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    /// Makes a folder, with those that it is in; what was there before stays whatever happens.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made = Self(folder.ancestors().take_while(missing).map(Path::to_owned).collect());
        fs::create_dir_all(folder)?;
        Ok(made)
    }

    /// Makes the first of the folders `PREFIX1`, `PREFIX2`, … in a folder that does not exist: who makes one beside
    /// us takes another.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn make_next(parent: &Path, prefix: &str) -> io::Result<(Self, PathBuf)> {
        let mut made = Self::make(parent)?;
        for number in 1_u64.. {
            let folder = parent.join(format!("{prefix}{number}"));
            match fs::create_dir(&folder) {
                Ok(()) => {
                    made.0.insert(0, folder.clone());
                    return Ok((made, folder));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        for folder in &self.0 {
            // None that has something in it is removed.
            let _ = fs::remove_dir(folder);
        }
    }
}

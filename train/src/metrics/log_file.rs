//! A file that entries are added to, each whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::error::write_error;

/// A file that entries are added to; one that cannot be written leaves nothing behind.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    /// Bytes of whole entries.
    length: u64,
}

impl LogFile {
    /// Opens or makes the file, as `options` say.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn open(path: &Path, options: &mut OpenOptions) -> Result<Self> {
        let opened = options.append(true).open(path);
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        let (length, file) = opened.map_err(write_error(path))?;
        Ok(Self { path: path.to_owned(), file, length })
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`crate::Error::Write`]; the file is as it was.
    pub fn append(&mut self, entry: &[u8]) -> Result<()> {
        let written = self.file.write_all(entry);
        if written.is_ok() {
            self.length += entry.len() as u64;
        } else {
            // Half an entry would make the next one unreadable.
            let _ = self.file.set_len(self.length);
        }
        written.map_err(write_error(&self.path))
    }
}

//! One trainer a run.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::error::write_error;
use crate::{Error, Result};

/// The file that is locked.
const LOCK: &str = "lock";

/// Holds a run's folder until it is dropped, or the program ends in whatever way.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the run in `run`, which exists.
    ///
    /// # Errors
    /// [`Error::RunInUse`] if another program has it, [`Error::Write`] if it cannot be written to,
    /// [`Error::OutExists`] if its lock is somebody else's file.
    pub fn take(run: &Path) -> Result<Self> {
        let path = run.join(LOCK);
        let mut options = OpenOptions::new();
        let open = options.read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(write_error(&path))?;
        let mut process = String::new();
        let read = file.read_to_string(&mut process);
        match file.try_lock() {
            // Somebody else's file is not written over.
            Ok(()) if read.is_err() || !process.bytes().all(|byte| byte.is_ascii_digit()) => {
                return Err(Error::OutExists { path });
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::RunInUse { path: run.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(write_error(&path)(error)),
        }
        // Whom to name to the next one; nothing depends on it.
        let _ = file.set_len(0);
        let _ = file.rewind();
        let _ = write!(file, "{}", std::process::id());
        Ok(Self { _file: file })
    }
}

/// Whether a program trains the run in `run` now; it is only asked.
pub fn is_held(run: &Path) -> bool {
    // A shared lock would be had beside other readers, not beside a trainer.
    File::open(run.join(LOCK))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_trainer_at_a_time() {
        let run = tempfile::tempdir().unwrap();
        let first = RunLock::take(run.path()).unwrap();
        let message = RunLock::take(run.path()).unwrap_err().to_string();
        let process = format!("(process {})", std::process::id());
        assert!(message.contains(&process), "{message}");
        assert!(is_held(run.path()));
        drop(first);
        assert!(!is_held(run.path()));
        RunLock::take(run.path()).unwrap();
        std::fs::write(run.path().join("lock"), "a diary").unwrap();
        let message = RunLock::take(run.path()).unwrap_err().to_string();
        assert!(message.contains("lock exists already"), "{message}");
    }
}

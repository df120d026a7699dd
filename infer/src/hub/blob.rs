//! A file on its way into the cache: locked, continued where it was lost, checked, and named.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use pixelflow::durable;
use pixelflow_host::output::note;
use pixelflow_host::progress::{ProgressBar, bar};
use ureq::http::StatusCode;

use super::announced::{Announced, content_range};
use super::connection::{Connection, Failure};

/// How often a lost connection is taken up again.
const RETRIES: u32 = 4;

/// Why a file is not in the cache.
pub(super) enum Problem {
    /// The server's answer cannot be used.
    Failure(Failure),
    /// It answers with this status.
    Status(StatusCode),
    /// What arrived is not what was announced, and was removed.
    Damaged(String),
    /// The cache cannot be written.
    Cache(io::Error),
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Cache(error)
    }
}

/// A file of a repository.
pub(super) struct RemoteFile<'a> {
    pub connection: &'a Connection<'a>,
    /// Its path at the server.
    pub address: &'a str,
    /// Its name in the repository.
    pub file: &'a str,
    pub announced: &'a Announced,
}

impl RemoteFile<'_> {
    /// Fetches the file into the folder of blobs unless it is there; returns its path.
    ///
    /// Only whoever has the lock touches what is there of it; others wait, however long that takes.
    pub fn fetch(&self, blobs: &Path) -> Result<PathBuf, Problem> {
        fs::create_dir_all(blobs)?;
        let blob = blobs.join(&self.announced.tag);
        let _lock = self.lock(&blob.with_extension("lock"))?;
        let is_there = fs::metadata(&blob).is_ok_and(|found| {
            found.is_file() && self.announced.size.is_none_or(|size| size == found.len())
        });
        if is_there {
            return Ok(blob);
        }
        let part = blob.with_extension("part");
        let mut file =
            OpenOptions::new().create(true).truncate(false).write(true).read(true).open(&part)?;
        self.fetch_into(&mut file)?;
        file.sync_all()?;
        if let Some(reason) = self.announced.damage(&part)? {
            fs::remove_file(&part)?;
            return Err(Problem::Damaged(reason));
        }
        durable::rename(&part, &blob)?;
        Ok(blob)
    }

    fn lock(&self, path: &Path) -> io::Result<File> {
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                note(format_args!("waiting for another program, which is fetching {}", self.file));
                lock.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(lock)
    }

    /// Fetches what is missing, in as many pieces as the connection allows.
    fn fetch_into(&self, file: &mut File) -> Result<(), Problem> {
        let template = "{bar:32} {percent:>3}%  {eta} left  {msg}, {bytes} of {total_bytes}";
        let bar = bar(self.announced.size.unwrap_or(0), template)
            .with_message(format_args!("fetching {}", self.file));
        let mut losses = 0;
        while let Err(problem) = self.fetch_rest(file, &bar) {
            if losses == RETRIES || !matches!(problem, Problem::Failure(Failure::Lost(_))) {
                return Err(problem);
            }
            losses += 1;
            thread::sleep(Duration::from_millis(100 << losses));
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Fetches what is missing, from one answer.
    fn fetch_rest(&self, file: &mut File, bar: &ProgressBar) -> Result<(), Problem> {
        let size = self.announced.size;
        let mut length = file.seek(SeekFrom::End(0))?;
        if size.is_some_and(|size| length > size) {
            length = restart(file)?;
        }
        if size == Some(length) {
            return Ok(());
        }
        let range = (length > 0).then(|| format!("bytes={length}-"));
        let mut answer = self.connection.get(self.address, range.as_deref())?;
        let start = content_range(&answer.headers).and_then(|(start, _)| start);
        match answer.status.as_u16() {
            206 if start.is_none_or(|start| start == length) => {}
            206 => {
                let reason = format!("it sends `{}` from another byte on than asked", self.file);
                return Err(Failure::Odd(reason).into());
            }
            // It sends all of it, whatever part was asked for.
            200 => length = restart(file)?,
            416 if length > 0 => {
                restart(file)?;
                return Err(Failure::Lost("it does not go on with what is there".to_owned()).into());
            }
            408 | 429 | 500.. => {
                return Err(Failure::Lost(format!("it answers {}", answer.status)).into());
            }
            _ => return Err(Problem::Status(answer.status)),
        }
        while let Some(chunk) = answer.body.next()? {
            length += chunk.len() as u64;
            if let Some(size) = size.filter(|size| length > *size) {
                restart(file)?;
                return Err(Problem::Damaged(format!("it goes on after its {size} bytes")));
            }
            file.write_all(&chunk)?;
            bar.set_position(length);
        }
        match size.filter(|size| length < *size) {
            Some(size) => {
                Err(Failure::Lost(format!("it hung up after {length} of {size} bytes")).into())
            }
            None => Ok(()),
        }
    }
}

/// Begins a file anew.
fn restart(file: &mut File) -> io::Result<u64> {
    file.set_len(0)?;
    file.rewind()?;
    Ok(0)
}

/// Gives a blob its name, `file`, in the folder of a commit: a link, or the blob itself where there
/// are no links.
pub(super) fn name_blob(blob: &Path, folder: &Path, file: &str) -> io::Result<()> {
    let path = folder.join(file);
    if path.is_file() {
        return Ok(());
    }
    fs::create_dir_all(durable::folder_of(&path))?;
    // A link to a blob that is gone.
    if path.is_symlink() {
        fs::remove_file(&path)?;
    }
    let up = "../".repeat(2 + file.matches('/').count());
    let tag = blob.file_name().unwrap_or_default();
    let target = PathBuf::from(up).join("blobs").join(tag);
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(target, &path);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_file(target, &path);
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => durable::rename(blob, &path),
        Ok(()) => Ok(()),
    }
}

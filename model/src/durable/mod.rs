//! Files and folders that appear under their names only when they are whole and safe on the disk.
//!
//! A [`DurableFile`] is written under a hidden name beside its place, flushed to the disk and renamed;
//! then its folder is flushed, which has the name. A [`DurableFolder`] is the same for many files. Until
//! that has succeeded, what was there before is as it was.

mod file;
mod folder;

use std::fs;
use std::io;
use std::io::ErrorKind::{AlreadyExists, InvalidInput, PermissionDenied, Unsupported};
use std::path::{Path, PathBuf};

use tempfile::{PathPersistError, TempPath};

pub use file::{DurableFile, check_writable, write, write_bytes, write_text};
pub use folder::{DurableFolder, remove_folder, remove_unfinished};

/// Gives a whole file another name in the same file system, or replaces the file of that name.
///
/// # Errors
/// What the operating system says.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(folder_of(to))
}

/// Gives a whole file another name in the same file system, which no other may have; then `from` is
/// gone.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or what the operating system says.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    name_new(TempPath::try_from_path(from)?, to)?;
    sync_folder(folder_of(to))
}

/// Names a hidden file, unless there is such a file.
fn name_new(hidden: TempPath, path: &Path) -> io::Result<()> {
    match hidden.persist_noclobber(path) {
        Err(PathPersistError { error, path: hidden }) if error.kind() != AlreadyExists => {
            // The file system may know no other way than to take the name first.
            fs::File::create_new(path)?;
            hidden.persist(path).map_err(|error| {
                let _ = fs::remove_file(path);
                error.error
            })
        }
        named => named.map_err(io::Error::from),
    }
}

/// Where a path leads through symbolic links, also if nothing is there.
fn target(path: &Path) -> io::Result<PathBuf> {
    const MOST_LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = folder_of(&target).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("it leads through too many symbolic links"))
}

/// The folder that a path is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a folder durable, where the file system and the folder's permissions allow it: a
/// file that has its name already is no failure.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    match fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => {
            Ok(())
        }
        outcome => outcome,
    }
}

/// Prefix of unfinished files and folders; [`remove_unfinished`] deletes what has it.
const HIDDEN: &str = ".partial-";

/// What the operating system said of a hidden file or folder: `tempfile` adds its path, which means
/// nothing to the user.
pub fn said(error: &io::Error) -> String {
    let said = error.to_string();
    let without_path = said.rsplit_once(" at path \"").filter(|_| error.get_ref().is_some());
    without_path.map_or(said.as_str(), |(said, _)| said).to_owned()
}

/// The same as an error.
fn without_path(error: io::Error) -> io::Error {
    if error.get_ref().is_some() { io::Error::new(error.kind(), said(&error)) } else { error }
}

/// A builder of hidden files and folders with the permissions that the user's umask gives new ones.
fn hidden(prefix: &str, #[allow(unused)] mode: u32) -> tempfile::Builder<'_, 'static> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    builder.prefix(prefix);
    builder
}

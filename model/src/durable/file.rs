//! One file.

use std::fs;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{HIDDEN, folder_of, hidden, sync_folder};

/// A file that is being written; it vanishes unless it is finished.
#[derive(Debug)]
pub struct DurableFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl DurableFile {
    /// Begins the file `path`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        Self::create_in(folder_of(path), path)
    }

    /// Begins the file `path` in a folder that others read meanwhile: until it is whole, it lies in
    /// `scratch`, a folder of the same file system.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create_in(scratch: &Path, path: &Path) -> io::Result<Self> {
        let file = hidden(HIDDEN, 0o666).tempfile_in(scratch)?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Gives the file its name; a file that it replaces hands its permissions on.
    ///
    /// # Errors
    /// What the operating system says; what was there before is as it was.
    pub fn finish(self) -> io::Result<()> {
        let Self { path, file } = self;
        let file = flushed(file, Some(&path))?;
        file.persist(&path)?;
        sync_folder(folder_of(&path))
    }

    /// Gives the file its name unless there is such a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is, or what the operating system says.
    pub fn finish_new(self) -> io::Result<()> {
        let Self { path, file } = self;
        flushed(file, None)?.persist_noclobber(&path)?;
        sync_folder(folder_of(&path))
    }
}

impl Write for DurableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for DurableFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

/// Writes the whole file `path`.
///
/// # Errors
/// What the operating system or `write` says; what was there before is as it was.
pub fn write(
    path: &Path,
    write: impl FnOnce(&mut DurableFile) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = DurableFile::create(path)?;
    write(&mut file)?;
    file.finish()
}

/// Writes the file `path` with these bytes.
///
/// # Errors
/// What the operating system says; what was there before is as it was.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, |file| file.write_all(bytes))
}

/// Writes the file `path` with a text and the end of its last line.
///
/// # Errors
/// What the operating system says; what was there before is as it was.
pub fn write_text(path: &Path, text: &str) -> io::Result<()> {
    write(path, |file| writeln!(file, "{text}"))
}

/// Makes the folder of `path` and checks that a file can be written there.
///
/// # Errors
/// What the operating system says; [`io::ErrorKind::IsADirectory`] if `path` is a folder.
pub fn check_writable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        let reason = "it is a folder; give the path of a file";
        return Err(io::Error::new(io::ErrorKind::IsADirectory, reason));
    }
    fs::create_dir_all(folder_of(path))?;
    tempfile::tempfile_in(folder_of(path))?;
    Ok(())
}

/// The file with all bytes on the disk, and with the permissions of the one that it replaces.
fn flushed(file: BufWriter<NamedTempFile>, replaced: Option<&Path>) -> io::Result<NamedTempFile> {
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    let before = replaced.and_then(|path| fs::metadata(path).ok());
    if let Some(before) = before.filter(|before| cfg!(unix) && before.is_file()) {
        file.as_file().set_permissions(before.permissions())?;
    }
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "before").unwrap();
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let error = write(&path, |_| Err(full())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        write(&path, |file| file.write_all(b"after")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_replaces_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let finish_new = |text: &str| {
            let mut file = DurableFile::create(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.finish_new()
        };
        finish_new("first").unwrap();
        assert_eq!(finish_new("second").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_hands_its_permissions_on() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(&path, "before").unwrap();
        for mode in [0o600, 0o664] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            write(&path, |file| file.write_all(b"after")).unwrap();
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
        }
    }
}

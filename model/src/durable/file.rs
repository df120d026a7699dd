//! One file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::{HIDDEN, folder_of, hidden, name_new, sync_folder, target, without_path};

/// A file that is being written; it vanishes unless it is finished.
#[derive(Debug)]
pub struct DurableFile {
    path: PathBuf,
    file: BufWriter<File>,
    /// Its name until it is whole; none for a device or a pipe, which takes the bytes as they come.
    hidden: Option<TempPath>,
}

impl DurableFile {
    /// Begins the file `path`; a symbolic link stays one, and its target is written.
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
        if is_stream(path) {
            let file = File::options().append(true).open(path)?;
            return Ok(Self { path: path.to_owned(), file: BufWriter::new(file), hidden: None });
        }
        let target = target(path)?;
        let scratch = if target == path { scratch } else { folder_of(&target) };
        let (file, hidden) =
            hidden(HIDDEN, 0o666).tempfile_in(scratch).map_err(without_path)?.into_parts();
        Ok(Self { path: target, file: BufWriter::new(file), hidden: Some(hidden) })
    }

    /// Gives the file its name; a file that it replaces hands its permissions on.
    ///
    /// # Errors
    /// What the operating system says; what was there before is as it was.
    pub fn finish(self) -> io::Result<()> {
        let before = fs::metadata(&self.path).ok();
        self.name(before, |hidden, path| hidden.persist(path).map_err(io::Error::from))
    }

    /// Gives the file its name unless there is such a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is, or what the operating system says.
    pub fn finish_new(self) -> io::Result<()> {
        self.name(None, name_new)
    }

    /// Makes its bytes durable, with the permissions of the file `before`, and names it.
    fn name(
        self,
        before: Option<fs::Metadata>,
        name: impl FnOnce(TempPath, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let Some(hidden) = self.hidden else {
            return Ok(());
        };
        if let Some(before) = before.filter(|before| cfg!(unix) && before.is_file()) {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        // Some systems name no file that is open.
        drop(file);
        name(hidden, &self.path)?;
        sync_folder(folder_of(&self.path))
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

/// Makes the folder of `path` and checks that a file can be written there under its name.
///
/// # Errors
/// What the operating system says; [`io::ErrorKind::IsADirectory`] if `path` is a folder.
pub fn check_writable(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        let reason = "it is a folder; give the path of a file";
        return Err(io::Error::new(io::ErrorKind::IsADirectory, reason));
    }
    if is_stream(path) {
        return Ok(());
    }
    let path = target(path)?;
    fs::create_dir_all(folder_of(&path))?;
    tempfile::tempfile_in(folder_of(&path)).map_err(without_path)?;
    // A name may be too long for the file system.
    fs::symlink_metadata(&path).map(|_| ()).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// Whether a path is a device or a pipe, or leads to what a shell has opened.
fn is_stream(path: &Path) -> bool {
    let opened = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc"];
    opened.iter().any(|start| path.starts_with(start))
        || fs::metadata(path).is_ok_and(|is| !is.is_file() && !is.is_dir())
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
    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_devices_take_what_they_get() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("elsewhere")).unwrap();
        for target in ["there", "dangling"] {
            let link = at(&format!("to-{target}"));
            std::os::unix::fs::symlink(Path::new("elsewhere").join(target), &link).unwrap();
            if target == "there" {
                fs::write(at("elsewhere/there"), "before").unwrap();
            }
            check_writable(&link).unwrap();
            write(&link, |file| file.write_all(b"after")).unwrap();
            assert!(link.is_symlink(), "{target}");
            assert_eq!(fs::read_to_string(at("elsewhere").join(target)).unwrap(), "after");
        }
        std::os::unix::fs::symlink("round", at("round")).unwrap();
        write(&at("round"), |_| Ok(())).unwrap_err();
        std::os::unix::fs::symlink("/dev/full", at("full")).unwrap();
        let error = write(&at("full"), |file| file.write_all(b"after")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(!Path::new("/dev/full").is_file());
        check_writable(&at(&"x".repeat(256))).unwrap_err();
    }
}

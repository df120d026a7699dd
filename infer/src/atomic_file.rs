//! Files that appear under their names only when they are whole.

use std::fs;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// A file being written.
pub trait WriteSeek: Write + Seek {}
impl<T: Write + Seek> WriteSeek for T {}

/// Writes the file `path`; until that has succeeded, what was there before is as it was.
///
/// # Errors
/// What the operating system or `write` says.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> io::Result<()> {
    write_by_way_of(folder_of(path), path, write)
}

/// The same for a file in a folder that others read meanwhile: until it is whole, it lies in `scratch`,
/// a folder of the same file system.
///
/// # Errors
/// What the operating system or `write` says.
pub fn write_by_way_of(
    scratch: &Path,
    path: &Path,
    write: impl FnOnce(&mut dyn WriteSeek) -> io::Result<()>,
) -> io::Result<()> {
    let file = NamedTempFile::new_in(scratch)?;
    let mut file = BufWriter::new(file);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    readable_by_others(file.as_file())?;
    file.persist(path)?;
    Ok(())
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

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Temporary files are for their owner only; results are as readable as any new file.
fn readable_by_others(file: &fs::File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
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
        let error = write_atomically(&path, |_| Err(full())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        write_atomically(&path, |file| file.write_all(b"after")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

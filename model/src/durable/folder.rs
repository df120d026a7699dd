//! A folder of files that belong together.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{HIDDEN, folder_of, hidden, sync_folder, target, without_path};

/// A folder that is being filled; it vanishes unless it is finished.
#[derive(Debug)]
pub struct DurableFolder {
    path: PathBuf,
    hidden: TempDir,
}

impl DurableFolder {
    /// Begins the folder `path`, with those that it is in.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(path: &Path) -> io::Result<Self> {
        let path = target(path)?;
        fs::create_dir_all(folder_of(&path))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // A name that has room for no more letters is cut.
        let name: String = name.chars().take(32).collect();
        let hidden = hidden(&format!("{HIDDEN}{name}-"), 0o777)
            .tempdir_in(folder_of(&path))
            .map_err(without_path)?;
        Ok(Self { path, hidden })
    }

    /// Where its files are to be written.
    pub fn unfinished(&self) -> &Path {
        self.hidden.path()
    }

    /// Gives the folder its name, which no other may have.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn finish(self) -> io::Result<()> {
        sync_all(self.hidden.path())?;
        self.publish()
    }

    /// Gives the folder its name; one that had it before is removed, but not before this one has it.
    ///
    /// # Errors
    /// What the operating system says; then the folder that was there before is there again.
    pub fn replace(self) -> io::Result<()> {
        sync_all(self.hidden.path())?;
        if !self.path.exists() {
            return self.publish();
        }
        let aside =
            hidden(HIDDEN, 0o777).tempdir_in(folder_of(&self.path)).map_err(without_path)?;
        let (path, before) = (self.path.clone(), aside.path().join("replaced"));
        fs::rename(&path, &before)?;
        if let Err(error) = self.publish() {
            // What cannot be put back is kept where it is.
            if fs::rename(&before, &path).is_err() {
                let _ = aside.keep();
            }
            return Err(error);
        }
        aside.close()
    }

    fn publish(self) -> io::Result<()> {
        fs::rename(self.hidden.path(), &self.path)?;
        // It has another name now: there is nothing to remove.
        let _ = self.hidden.keep();
        sync_folder(folder_of(&self.path))
    }
}

/// Removes a folder so that no half of it is ever seen under its name.
///
/// # Errors
/// What the operating system says.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    let hidden = hidden(HIDDEN, 0o777).tempdir_in(folder_of(path)).map_err(without_path)?;
    fs::rename(path, hidden.path().join("removed"))?;
    hidden.close()
}

/// Removes what a program that was killed has left half-written in a folder.
///
/// # Errors
/// What the operating system says, with the path that it says it of.
pub fn remove_unfinished(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(HIDDEN) {
            let path = entry.path();
            let removed =
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| (path, error))?;
        }
    }
    Ok(())
}

/// Makes all files and folders in a folder durable.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else if cfg!(unix) {
            fs::File::open(&path)?.sync_all()?;
        }
    }
    sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(path: &Path, content: &str) -> DurableFolder {
        let folder = DurableFolder::create(path).unwrap();
        fs::create_dir(folder.unfinished().join("inner")).unwrap();
        fs::write(folder.unfinished().join("inner/file"), content).unwrap();
        folder
    }

    fn content(path: &Path) -> String {
        fs::read_to_string(path.join("inner/file")).unwrap()
    }

    #[test]
    fn a_folder_appears_whole_and_replaces_another_only_where_it_may() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let folder = filled(&path, "first");
        assert!(!path.exists(), "it has its name before it is whole");
        folder.finish().unwrap();
        assert_eq!(content(&path), "first");
        filled(&path, "second").finish().unwrap_err();
        assert_eq!(content(&path), "first");
        filled(&path, "third").replace().unwrap();
        assert_eq!(content(&path), "third");
        assert_eq!(fs::read_dir(root.path().join("a")).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn what_was_not_finished_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        drop(filled(&path, "given up"));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        // As if the program had been killed.
        let _ = filled(&path, "killed").hidden.keep();
        filled(&path, "whole").finish().unwrap();
        remove_unfinished(root.path()).unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(content(&path), "whole");
    }

    /// The test's program runs this test once more, with another umask and [`FOLDER`].
    #[cfg(unix)]
    #[test]
    fn new_files_and_folders_have_the_permissions_that_the_umask_gives() {
        use std::os::unix::fs::PermissionsExt;
        use std::process::Command;
        const FOLDER: &str = "PIXELFLOW_TEST_FOLDER";
        if let Some(root) = std::env::var_os(FOLDER).map(PathBuf::from) {
            let folder = DurableFolder::create(&root.join("folder")).unwrap();
            let file = folder.unfinished().join("file");
            crate::durable::write(&file, |_| Ok(())).unwrap();
            return folder.finish().unwrap();
        }
        for (umask, folder, file) in [("027", 0o750, 0o640), ("002", 0o775, 0o664)] {
            let root = tempfile::tempdir().unwrap();
            let name = "durable::folder::tests::\
                        new_files_and_folders_have_the_permissions_that_the_umask_gives";
            let script = format!("umask {umask} && exec \"$0\" --exact {name}");
            let mut child = Command::new("sh");
            child.arg("-c").arg(script).arg(std::env::current_exe().unwrap());
            assert!(child.env(FOLDER, root.path()).output().unwrap().status.success());
            let mode = |path: &str| {
                root.path().join(path).metadata().unwrap().permissions().mode() & 0o777
            };
            assert_eq!((mode("folder"), mode("folder/file")), (folder, file), "umask {umask}");
        }
    }
}

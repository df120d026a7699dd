//! The files shipped with the program: the folder `assets` of the repository.

use std::path::{Path, PathBuf};

/// A shipped file that could not be found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot find assets/{name}, neither here ({}) nor in a folder above; \
     run the program inside its repository, or give the path of your own file",
    from.display()
)]
pub struct MissingAsset {
    /// What was looked for, relative to `assets`.
    pub name: String,
    /// Where the search began.
    pub from: PathBuf,
}

/// Finds `assets/name` in the current folder or the nearest one above it, else above the program.
///
/// # Errors
/// [`MissingAsset`] when there is no such file or folder.
pub fn locate(name: &str) -> Result<PathBuf, MissingAsset> {
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    locate_from(&here, name)
        .or_else(|| locate_from(&program, name))
        .ok_or_else(|| MissingAsset { name: name.to_owned(), from: here })
}

/// `path` itself if it exists; a shipped file if it begins with `assets`; otherwise `path` again.
///
/// This lets a configuration say `assets/demo/heroes.tar` wherever the program is started.
pub fn resolve(path: &Path) -> PathBuf {
    let shipped = || {
        let name = path.strip_prefix("assets").ok()?.to_str()?;
        locate(name).ok()
    };
    if path.exists() { path.to_owned() } else { shipped().unwrap_or_else(|| path.to_owned()) }
}

/// Finds `assets/name` in `start` or the nearest folder above it.
fn locate_from(start: &Path, name: &str) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|folder| folder.join("assets").join(name))
        .find(|candidate| candidate.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_above_wins() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        for folder in [root.path().join("assets"), root.path().join("a/assets"), inner.clone()] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(root.path().join("assets/far.toml"), "").unwrap();
        assert_eq!(locate_from(&inner, "far.toml"), Some(root.path().join("assets/far.toml")));
        std::fs::write(root.path().join("a/assets/far.toml"), "").unwrap();
        assert_eq!(locate_from(&inner, "far.toml"), Some(root.path().join("a/assets/far.toml")));
    }

    #[test]
    fn a_missing_asset_is_named_with_the_place_and_the_way_out() {
        let message = locate("no/such/thing.tar").unwrap_err().to_string();
        assert!(message.starts_with("cannot find assets/no/such/thing.tar, neither here ("));
        assert!(message.contains("give the path of your own file"), "{message}");
    }

    #[test]
    fn paths_that_are_not_shipped_stay_as_they_are() {
        let path = Path::new("elsewhere/data.tar");
        assert_eq!(resolve(path), path);
        let missing = Path::new("assets/no/such/thing.tar");
        assert_eq!(resolve(missing), missing);
    }
}

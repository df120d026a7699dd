//! The files shipped with the program: the folder `assets` of the repository, else the program's own.

mod unpack;

use std::io;
use std::path::{Path, PathBuf};

use crate::cache_folder::cache_folder;

/// A shipped file that could not be found or unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MissingAsset {
    /// No such file is shipped.
    #[error(
        "cannot find assets/{name}, neither here ({}) nor in a folder above, and the program has \
         no such file in it; give the path of your own file",
        from.display()
    )]
    Unknown {
        /// The file's name, relative to `assets`.
        name: String,
        /// Where the search began.
        from: PathBuf,
    },
    /// The system has no cache folder.
    #[error(
        "cannot unpack assets/{name} from the program: the system names no cache folder; \
         set PIXELFLOW_CACHE to a folder"
    )]
    NoCacheFolder {
        /// The file's name, relative to `assets`.
        name: String,
    },
    /// The cache folder cannot be written to.
    #[error(
        "cannot unpack assets/{name} from the program to {}: {source}; make room there, \
         or set PIXELFLOW_CACHE to another folder",
        folder.display()
    )]
    Unpack {
        /// The file's name, relative to `assets`.
        name: String,
        /// The cache folder.
        folder: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// Finds `assets/name` in the current folder or the nearest one above it, else above the program,
/// else unpacks it from the program into the cache folder.
///
/// # Errors
/// [`MissingAsset::Unknown`] when there is no such file or folder, [`MissingAsset::NoCacheFolder`],
/// [`MissingAsset::Unpack`].
pub fn locate(name: &str) -> Result<PathBuf, MissingAsset> {
    let here = std::env::current_dir().unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let near = locate_from(&here, name).or_else(|| locate_from(&program, name));
    if let Some(path) = near {
        return Ok(path);
    }
    let name = name.to_owned();
    if pixelflow_assets::files_of(&name).next().is_none() {
        return Err(MissingAsset::Unknown { name, from: here });
    }
    match cache_folder() {
        None => Err(MissingAsset::NoCacheFolder { name }),
        Some(folder) => unpack::unpacked(&name, &folder).map_err(|source| MissingAsset::Unpack {
            name,
            folder,
            source,
        }),
    }
}

/// `path` itself if it exists; a shipped file if it begins with `assets`; otherwise `path` again.
///
/// This lets a configuration say `assets/demo/heroes.tar` wherever the program is started.
///
/// # Errors
/// [`MissingAsset::NoCacheFolder`], [`MissingAsset::Unpack`].
pub fn resolve(path: &Path) -> Result<PathBuf, MissingAsset> {
    match path.strip_prefix("assets").ok().and_then(Path::to_str) {
        Some(name) if !path.exists() => match locate(name) {
            Err(MissingAsset::Unknown { .. }) => Ok(path.to_owned()),
            located => located,
        },
        _ => Ok(path.to_owned()),
    }
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
        assert_eq!(resolve(path).unwrap(), path);
        let missing = Path::new("assets/no/such/thing.tar");
        assert_eq!(resolve(missing).unwrap(), missing);
    }
}

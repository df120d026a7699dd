//! The repository that this program was built in.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Folders that hold nothing written by hand.
const SKIPPED: [&str; 3] = ["target", "runs", "samples"];

/// The repository's folder.
///
/// # Errors
/// If it has been moved since.
pub fn root() -> Result<PathBuf> {
    match Path::new(env!("CARGO_MANIFEST_DIR")).parent() {
        Some(root) if root.join("tests/Cargo.toml").exists() => Ok(root.to_owned()),
        _ => bail!("the repository that this program was built from is gone"),
    }
}

/// Every file below `root` whose name ends in `.ending`, sorted; none of hidden or built folders.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(root: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(root, ending, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || SKIPPED.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            collect(&path, ending, found)?;
        } else if path.extension().is_some_and(|there| there == ending) {
            found.push(path);
        }
    }
    Ok(())
}

/// A text file's content.
///
/// # Errors
/// If it cannot be read, with its path.
pub fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

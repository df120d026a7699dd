//! `cargo xtask generate`: files of this repository that are made from its code.

mod completions;
mod man;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;
use pixelflow_host::output::say;

use crate::repository;

/// Generated files of a folder: name and content.
pub type Files = BTreeMap<String, String>;

/// A function that makes all files of a folder.
type MakeFiles = fn() -> Result<Files>;

/// A function that makes a file.
type MakePage = fn() -> String;

/// Folders with nothing but generated files.
const FOLDERS: [(&str, MakeFiles); 2] =
    [("docs/man", man::pages), ("docs/completions", completions::scripts)];

/// Single generated files: a line for each.
const PAGES: &[(&str, MakePage)] = &[("docs/settings.md", train::reference_page)];

/// The programs whose command lines are documented.
fn programs() -> [clap::Command; 3] {
    [
        infer::Arguments::command(),
        train::Arguments::command(),
        crate::Arguments::command().name("xtask"),
    ]
}

/// Writes what is not current, and removes what is no longer generated.
///
/// # Errors
/// If a file cannot be written.
pub fn run() -> Result<ExitCode> {
    let root = repository::root()?;
    for (name, content) in differing(&root)? {
        let path = root.join(&name);
        let failed = || format!("cannot write {}", path.display());
        match content {
            Some(content) => {
                std::fs::create_dir_all(path.parent().unwrap_or(&root)).with_context(failed)?;
                std::fs::write(&path, content).with_context(failed)?;
            }
            None => std::fs::remove_file(&path).with_context(failed)?,
        }
        say(name.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Generated files that are not current.
pub fn stale(root: &Path) -> Result<Vec<String>> {
    let stale = differing(root)?.into_keys();
    let line = |path: PathBuf| format!("{}: run `cargo xtask generate`", path.display());
    Ok(stale.map(line).collect())
}

/// Files to be written with their content, and to be removed.
fn differing(root: &Path) -> Result<BTreeMap<PathBuf, Option<String>>> {
    let mut wanted = BTreeMap::new();
    let mut there = BTreeSet::new();
    for (folder, generate) in FOLDERS {
        let folder = PathBuf::from(folder);
        wanted.extend(generate()?.into_iter().map(|(name, text)| (folder.join(name), Some(text))));
        // Before the first run there is no folder.
        for entry in std::fs::read_dir(root.join(&folder)).into_iter().flatten() {
            there.insert(folder.join(entry?.file_name()));
        }
    }
    wanted.extend(PAGES.iter().map(|(path, generate)| (PathBuf::from(path), Some(generate()))));
    let surplus: Vec<_> = there.into_iter().filter(|path| !wanted.contains_key(path)).collect();
    wanted.retain(|path, text| std::fs::read_to_string(root.join(path)).ok() != *text);
    wanted.extend(surplus.into_iter().map(|path| (path, None)));
    Ok(wanted)
}

/// The text files that `write` leaves in a folder.
fn written(write: impl FnOnce(&Path) -> Result<()>) -> Result<Files> {
    let folder = tempfile::tempdir()?;
    write(folder.path())?;
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder.path())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, repository::read(&entry.path())?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_changed_or_surplus_is_stale() {
        let root = tempfile::tempdir().unwrap();
        for (folder, generate) in FOLDERS {
            let folder = root.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            for (name, text) in generate().unwrap() {
                std::fs::write(folder.join(name), text).unwrap();
            }
        }
        for (path, generate) in PAGES {
            std::fs::write(root.path().join(path), generate()).unwrap();
        }
        assert!(stale(root.path()).unwrap().is_empty());
        let man = root.path().join("docs/man");
        std::fs::write(man.join("infer.1"), "changed").unwrap();
        std::fs::remove_file(man.join("train.1")).unwrap();
        std::fs::write(man.join("gone.1"), "surplus").unwrap();
        let names = ["gone.1", "infer.1", "train.1"];
        let expected = names.map(|name| format!("docs/man/{name}: run `cargo xtask generate`"));
        assert_eq!(stale(root.path()).unwrap(), expected);
    }
}

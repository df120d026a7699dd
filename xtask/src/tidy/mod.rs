//! `cargo xtask tidy`: rules about the repository's files that no compiler holds.

mod arrows;
mod features;
mod links;
mod long_files;
mod report_age;
mod vague_names;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use pixelflow_host::output::say;

use crate::{generate, repository};

/// A rule: every violation below a folder, as `FILE: reason`.
type Rule = fn(&Path) -> Result<Vec<String>>;

const RULES: [Rule; 6] = [
    arrows::violations,
    features::violations,
    generate::stale,
    links::violations,
    long_files::violations,
    vague_names::violations,
];

/// Prints what violates the rules, and the age of the conformance report if it has one; exit code 1
/// if anything violates.
///
/// # Errors
/// If a file cannot be read.
pub fn run() -> Result<ExitCode> {
    let root = repository::root()?;
    let mut violations = Vec::new();
    for rule in RULES {
        violations.extend(rule(&root)?);
    }
    for violation in &violations {
        say(violation)?;
    }
    for note in report_age::notes(&root)? {
        say(format_args!("note: {note}"))?;
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A path as messages show it: relative to the repository, with `/`.
fn shown(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.display().to_string().replace(std::path::MAIN_SEPARATOR, "/")
}

#[cfg(test)]
mod planted {
    //! A small repository with a violation in it.

    use std::path::Path;

    use tempfile::TempDir;

    use super::Rule;

    /// The violations of a repository that has these files.
    pub(super) fn violations(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let root = repository(files);
        rule(root.path()).unwrap()
    }

    fn repository(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }
}

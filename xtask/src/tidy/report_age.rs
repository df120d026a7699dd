//! The age of the linked conformance report: whether what it measured has changed since.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

/// The report that the README links to.
const REPORT: &str = "docs/conformance/report.json";

/// What decides the numbers that it shows.
const MEASURED: [&str; 2] = ["model/src/ops", "tests/src/operations"];

/// A note if the report is of an earlier state of the operations; no violation, since a report
/// takes the machine that it was made on, and longer than a commit should wait.
///
/// # Errors
/// If there is no report, or it does not say of which commit it is.
pub fn notes(root: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root.join(REPORT)).context(REPORT)?;
    let report: Value = serde_json::from_str(&text).context(REPORT)?;
    let commit = report.pointer("/versions/commit").and_then(Value::as_str);
    let commit = commit.with_context(|| format!("{REPORT} does not say of which commit it is"))?;
    let known = commit.trim_end_matches("-dirty");
    let output = Command::new("git")
        .args(["log", "--oneline", &format!("{known}..HEAD"), "--"])
        .args(MEASURED)
        .current_dir(root)
        .output();
    let changes = output.ok().filter(|output| output.status.success());
    Ok(changes.map_or_else(
        || vec![format!("{REPORT}: it is of commit {commit}, which this history does not have")],
        |changes| {
            let count = String::from_utf8_lossy(&changes.stdout).lines().count();
            let measured = MEASURED.join(" or ");
            let note = || {
                format!(
                    "{REPORT}: it is of commit {commit}; commits that changed {measured} \
                     since: {count} (`cargo xtask check-backends --report docs/conformance` makes it anew)"
                )
            };
            (count > 0).then(note).into_iter().collect()
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository whose report is of its first commit, and a second commit that changes `file`.
    fn notes_after_a_change_of(file: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
            let mut git = Command::new("git");
            let output = git.args(identity).args(arguments).current_dir(&root).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        git(&["init", "-q"]);
        git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        let first = git(&["rev-parse", "--short", "HEAD"]);
        write(REPORT, &format!(r#"{{"versions": {{"commit": "{first}"}}}}"#));
        write(file, "changed");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "second"]);
        notes(root.path()).unwrap()
    }

    #[test]
    fn a_report_older_than_the_operations_is_noted() {
        let notes = notes_after_a_change_of("model/src/ops/mod.rs");
        assert!(notes[0].contains("tests/src/operations since: 1 ("), "{notes:?}");
        assert!(notes_after_a_change_of("model/src/config.rs").is_empty());
    }
}

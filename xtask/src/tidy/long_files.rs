//! A Rust file of more than 400 lines says at its top why it is so long.

use std::path::Path;

use anyhow::Result;

use super::shown;
use crate::repository::{files, read};

const MOST_LINES: usize = 400;

/// The line that gives the reason, among the first lines of the file.
const REASON: &str = "//! Over 400 lines: ";

/// Lines among which the reason is looked for.
const TOP: usize = 10;

/// Long files without a reason.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for path in files(root, "rs")? {
        let text = read(&path)?;
        let lines = text.lines().count();
        let has_reason = text.lines().take(TOP).any(|line| line.starts_with(REASON));
        if lines > MOST_LINES && !has_reason {
            violations.push(format!(
                "{}: {lines} lines; split the file, or say why not in a line `{REASON}…` at its top",
                shown(root, &path)
            ));
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::super::planted;
    use super::*;

    #[test]
    fn a_long_file_without_a_reason_is_found() {
        let longest = "\n".repeat(MOST_LINES);
        let long = format!("{longest}\n");
        let excused = format!("//! A table.\n//!\n{REASON}one row a case.\n{longest}");
        let late = format!("{longest}{REASON}nobody reads this far\n");
        let files = [
            ("a/longest.rs", longest.as_str()),
            ("a/long.rs", &long),
            ("a/excused.rs", &excused),
            ("late.rs", &late),
            ("target/built.rs", &long),
            ("text.md", &long),
        ];
        let found = planted::violations(violations, &files);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a/long.rs: 401 lines;"), "{found:?}");
        assert!(found[1].starts_with("late.rs: 401 lines;"), "{found:?}");
    }
}

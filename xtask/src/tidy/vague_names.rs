//! No Rust file or folder has a name that says nothing about its content.

use std::path::Path;

use anyhow::Result;

use super::shown;
use crate::repository::files;

const VAGUE: [&str; 8] =
    ["utils", "util", "common", "helpers", "helper", "misc", "pieces", "stuff"];

/// Rust files with a vague name in their path.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    let mut violations = Vec::new();
    for path in files(root, "rs")? {
        let path = shown(root, &path);
        let mut parts = path.trim_end_matches(".rs").split('/');
        if let Some(name) = parts.find(|part| VAGUE.contains(part)) {
            violations.push(format!("{path}: `{name}` says nothing; name it after its concept"));
        }
    }
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::super::planted;
    use super::violations;

    #[test]
    fn vague_files_and_folders_are_found() {
        let names = ["a/utils.rs", "b/common/mod.rs", "c/commons.rs", "d/masterpieces.rs"];
        let found = planted::violations(violations, &names.map(|name| (name, "")));
        let expected = [
            "a/utils.rs: `utils` says nothing; name it after its concept",
            "b/common/mod.rs: `common` says nothing; name it after its concept",
        ];
        assert_eq!(found, expected);
    }
}

//! Arrows between crates run one way: each depends only on those that stand behind it in a list.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::shown;
use crate::repository::read;

/// Folders of the crates: each may depend on those behind it, and is unknown to them.
const ORDER: [&str; 14] = [
    "xtask",
    "tests/fuzz",
    "tests",
    "train",
    "infer",
    "infer/web",
    "infer/host",
    "infer/evaluation",
    "infer/ranks",
    "dataset",
    "model",
    "model/products",
    "assets",
    "tests/programs",
];

/// Dependencies that point forwards in [`ORDER`], and crates that are not in it.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    let workspace = table(&root.join("Cargo.toml"))?;
    let members = workspace["workspace"].get("members").and_then(Value::as_array);
    let mut violations = Vec::new();
    for folder in members.into_iter().flatten().filter_map(Value::as_str) {
        let Some(here) = place(Path::new(folder)) else {
            violations
                .push(format!("{folder}/Cargo.toml: the crate is not in the order of crates"));
            continue;
        };
        let manifest = table(&root.join(folder).join("Cargo.toml"))?;
        for (name, dependency) in dependencies(&manifest) {
            let there = crate_folder(name, dependency, Path::new(folder), &workspace);
            if there.and_then(|there| place(&there)).is_some_and(|there| there <= here) {
                violations.push(format!(
                    "{folder}/Cargo.toml: it depends on {name}; dependencies run {}",
                    ORDER.join(" → ")
                ));
            }
        }
    }
    Ok(violations)
}

/// Position of a crate's folder in [`ORDER`].
fn place(folder: &Path) -> Option<usize> {
    ORDER.iter().position(|known| *known == shown(Path::new(""), folder))
}

/// Everything that a manifest depends on, on any target, in tests or builds too.
fn dependencies(manifest: &Table) -> Vec<(&String, &Value)> {
    let mut found = Vec::new();
    for (key, value) in manifest {
        let Some(table) = value.as_table() else { continue };
        match key.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => found.extend(table),
            "target" => {
                found.extend(table.values().filter_map(Value::as_table).flat_map(dependencies));
            }
            _ => {}
        }
    }
    found
}

/// The folder of a dependency in the repository, if it is a crate of the repository; `from` is the
/// folder of the crate that depends on it.
fn crate_folder(name: &str, dependency: &Value, from: &Path, workspace: &Table) -> Option<PathBuf> {
    let is_inherited = dependency.get("workspace").and_then(Value::as_bool) == Some(true);
    let (dependency, from) = if is_inherited {
        (workspace["workspace"].get("dependencies")?.get(name)?, Path::new(""))
    } else {
        (dependency, from)
    };
    let mut folder = PathBuf::new();
    for part in from.join(dependency.get("path")?.as_str()?).components() {
        match part {
            Component::ParentDir => {
                folder.pop();
            }
            part => folder.push(part),
        }
    }
    Some(folder)
}

fn table(path: &Path) -> Result<Table> {
    read(path)?.parse().with_context(|| format!("{} is no TOML", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::planted;
    use super::violations;

    const WORKSPACE: &str = "\
[workspace]
members = [\"model\", \"infer/host\"]
[workspace.dependencies]
serde = \"1\"
pixelflow-host = { path = \"infer/host\" }
pixelflow = { package = \"burn-pixelflow\", path = \"model\" }
";

    fn with_model(dependencies: &str) -> Vec<String> {
        let files = [
            ("Cargo.toml", WORKSPACE),
            ("infer/host/Cargo.toml", "[dependencies]\npixelflow.workspace = true"),
            ("model/Cargo.toml", dependencies),
        ];
        planted::violations(violations, &files)
    }

    #[test]
    fn a_dependency_against_the_order_is_found_in_every_section() {
        assert!(with_model("[dependencies]\nserde.workspace = true\nlibm = \"1\"").is_empty());
        for section in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            for line in ["pixelflow-host.workspace = true", "x = { path = \"../infer/host\" }"] {
                let found = with_model(&format!("[{section}]\n{line}"));
                assert_eq!(found.len(), 1, "{section} {line}");
                assert!(found[0].starts_with("model/Cargo.toml: it depends on "), "{found:?}");
            }
        }
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        let files = [
            ("Cargo.toml", "[workspace]\nmembers = [\"extra\"]"),
            ("extra/Cargo.toml", "[package]\nname = \"extra\""),
        ];
        let found = planted::violations(violations, &files);
        assert_eq!(found, ["extra/Cargo.toml: the crate is not in the order of crates"]);
    }
}

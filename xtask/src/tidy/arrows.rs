//! Arrows between crates run one way: each depends only on those that stand behind it in a list.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::repository::read;

/// Folders of the crates: each may depend on those behind it, and is unknown to them.
const ORDER: [&str; 8] = ["xtask", "tests", "train", "infer", "host", "dataset", "model", "assets"];

/// Dependencies that point forwards in [`ORDER`], and crates that are not in it.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    let workspace = table(&root.join("Cargo.toml"))?;
    let members = workspace["workspace"].get("members").and_then(Value::as_array);
    let folders = members.into_iter().flatten().filter_map(Value::as_str);
    let mut crates = BTreeMap::new();
    for folder in folders {
        let manifest = table(&root.join(folder).join("Cargo.toml"))?;
        let name = manifest["package"].get("name").and_then(Value::as_str);
        let name = name.with_context(|| format!("{folder} has no package name"))?.to_owned();
        crates.insert(name, (folder, manifest));
    }
    let place = |folder: &str| ORDER.iter().position(|known| *known == folder);
    let mut violations = Vec::new();
    for (folder, manifest) in crates.values() {
        let Some(here) = place(folder) else {
            violations
                .push(format!("{folder}/Cargo.toml: the crate is not in the order of crates"));
            continue;
        };
        for dependency in dependencies(manifest) {
            let there = crates.get(&dependency).and_then(|(folder, _)| place(folder));
            if there.is_some_and(|there| there <= here) {
                violations.push(format!(
                    "{folder}/Cargo.toml: it depends on {dependency}; dependencies run {}",
                    ORDER.join(" → ")
                ));
            }
        }
    }
    Ok(violations)
}

/// Names of all packages that a manifest depends on, on any target, in tests or builds too.
fn dependencies(manifest: &Table) -> Vec<String> {
    let mut names = Vec::new();
    for (key, value) in manifest {
        let Some(table) = value.as_table() else { continue };
        match key.as_str() {
            "dependencies" | "dev-dependencies" | "build-dependencies" => {
                let package = |(key, value): (&String, &Value)| {
                    value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned()
                };
                names.extend(table.iter().map(package));
            }
            "target" => {
                names.extend(table.values().filter_map(Value::as_table).flat_map(dependencies));
            }
            _ => {}
        }
    }
    names
}

fn table(path: &Path) -> Result<Table> {
    read(path)?.parse().with_context(|| format!("{} is no TOML", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::planted;
    use super::violations;

    fn with_model(dependencies: &str) -> Vec<String> {
        let model = format!("[package]\nname = \"pixelflow\"\n{dependencies}");
        let files = [
            ("Cargo.toml", "[workspace]\nmembers = [\"model\", \"infer\"]"),
            ("infer/Cargo.toml", "[package]\nname = \"infer\"\n[dependencies]\npixelflow = \"1\""),
            ("model/Cargo.toml", &model),
        ];
        planted::violations(violations, &files)
    }

    #[test]
    fn a_dependency_against_the_order_is_found_in_every_section() {
        assert!(with_model("[dependencies]\nserde = \"1\"").is_empty());
        for section in ["dependencies", "dev-dependencies", "target.'cfg(unix)'.dependencies"] {
            for line in
                ["infer.workspace = true", "x = { package = \"infer\", path = \"../infer\" }"]
            {
                let found = with_model(&format!("[{section}]\n{line}"));
                assert_eq!(found.len(), 1, "{section} {line}");
                assert!(found[0].starts_with("model/Cargo.toml: it depends on infer"), "{found:?}");
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

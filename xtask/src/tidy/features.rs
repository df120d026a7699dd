//! One set of features for the workspace: what users' commands compile, the tests do not compile again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What users build.
const PROGRAMS: [&str; 3] = ["infer", "train", "xtask"];

/// The features of each package, as commas join them: of one that build scripts use too, there may be several.
type Features = BTreeMap<String, BTreeSet<String>>;

/// Packages that `cargo build -p PROGRAM` compiles with other features than `cargo test --workspace`.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    if !root.join("Cargo.lock").is_file() {
        return Ok(Vec::new());
    }
    let everything = listed(&tree(root, &["--workspace", "--edges", "normal,build,dev"])?);
    let mut violations = Vec::new();
    for program in PROGRAMS {
        let of_program = listed(&tree(root, &["-p", program, "--edges", "normal,build"])?);
        violations.extend(differences(program, &of_program, &everything));
    }
    Ok(violations)
}

/// What `cargo tree` says, a package and its features a line.
fn tree(root: &Path, what: &[&str]) -> Result<String> {
    let form = ["tree", "--locked", "--prefix", "none", "--format", "{p}|{f}"];
    let command = Command::new("cargo").current_dir(root).args(form).args(what).output();
    let output = command.context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The packages of such lines. `NAME VERSION (proc-macro) (PLACE)|FEATURES (*)` is the longest form of one.
fn listed(lines: &str) -> Features {
    let mut all = Features::new();
    for line in lines.lines() {
        let Some((package, features)) = line.split_once('|') else { continue };
        let package = package.split(" (").next().unwrap_or(package).to_owned();
        let features = features.trim_end_matches(" (*)").to_owned();
        all.entry(package).or_default().insert(features);
    }
    all
}

/// The packages of a program that have features which they have nowhere in the workspace.
fn differences(program: &str, of_program: &Features, everything: &Features) -> Vec<String> {
    let mut differences = Vec::new();
    for (package, sets) in of_program {
        let known = everything.get(package);
        for features in sets.iter().filter(|set| known.is_none_or(|known| !known.contains(*set))) {
            let known = known.into_iter().flatten().map(String::as_str);
            differences.push(format!(
                "Cargo.toml: `cargo build -p {program}` compiles {package} with [{features}], \
                 `cargo test --workspace` with [{}]: all that stands on it is compiled twice",
                known.collect::<Vec<_>>().join("] and [")
            ));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_set_of_features_is_found_and_one_of_several_is_not() {
        let everything = listed(
            "syn v3.0.1|full,visit\nserde v1.0.0 (proc-macro)|derive (*)\neither v1.0.0|std\n\
             either v1.0.0|default,std\nmodel v0.1.0 (/a/b)|",
        );
        let of_program = listed(
            "syn v3.0.1|full\neither v1.0.0|std (*)\nmodel v0.1.0 (/a/b)|\nserde v1.0.0|derive",
        );
        let found = differences("infer", &of_program, &everything);
        let expected = "Cargo.toml: `cargo build -p infer` compiles syn v3.0.1 with [full], `cargo test \
                        --workspace` with [full,visit]: all that stands on it is compiled twice";
        assert_eq!(found, [expected]);
    }
}

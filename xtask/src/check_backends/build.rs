//! Compiling the suite: once for each set of features.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use pixelflow_host::device::DeviceKind;
use pixelflow_host::output::note;
use serde_json::Value;

use super::Plan;
use crate::cargo::cargo;

/// The compiled programs of a run.
#[derive(Debug)]
pub struct Suites {
    suites: Vec<(Vec<DeviceKind>, Suite)>,
}

/// A program, or why there is none.
#[derive(Debug)]
pub enum Suite {
    /// The program.
    Built(PathBuf),
    /// What the compiler said.
    NotBuilt(String),
}

impl Suites {
    /// Compiles what the plan needs.
    ///
    /// # Errors
    /// If nothing at all compiles.
    pub fn build(root: &Path, plan: &Plan) -> Result<Self> {
        let mut suites = Vec::new();
        for kinds in sets(&plan.backends()) {
            let features: Vec<&str> = kinds.iter().map(|kind| kind.feature()).collect();
            let suite = match build(root, &features) {
                Ok(program) => Suite::Built(program),
                Err(error) => Suite::NotBuilt(format!("{error:#}")),
            };
            suites.push((kinds, suite));
        }
        let reasons: Vec<&str> = suites
            .iter()
            .filter_map(|(_, suite)| match suite {
                Suite::Built(_) => None,
                Suite::NotBuilt(reason) => Some(reason.as_str()),
            })
            .collect();
        if !suites.is_empty() && reasons.len() == suites.len() {
            bail!("the suite does not compile: {}", reasons.join("; "));
        }
        Ok(Self { suites })
    }

    /// The program for a backend.
    pub fn of(&self, backend: DeviceKind) -> &Suite {
        const NONE: &Suite = &Suite::NotBuilt(String::new());
        self.suites
            .iter()
            .find(|(kinds, _)| kinds.contains(&backend))
            .map_or(NONE, |(_, suite)| suite)
    }
}

/// The backends that can be compiled together: those on wgpu are one backend with a setting each.
fn sets(kinds: &[DeviceKind]) -> Vec<Vec<DeviceKind>> {
    let together = |kind: &DeviceKind| matches!(kind, DeviceKind::Cpu | DeviceKind::Wgpu);
    let (first, others): (Vec<_>, Vec<_>) = kinds.iter().copied().partition(together);
    let others = others.into_iter().map(|kind| vec![kind]);
    [first].into_iter().filter(|set| !set.is_empty()).chain(others).collect()
}

/// Compiles the suite with some features; a copy stays under the features' name.
///
/// # Errors
/// If cargo fails.
pub fn build(root: &Path, features: &[&str]) -> Result<PathBuf> {
    let name = features.join(",");
    note(format_args!("compiling the suite for {name} (minutes, the first time)"));
    let mut child = cargo()
        .current_dir(root)
        .args(["build", "--locked", "--package", "tests"])
        .args(["--bin", "conformance", "--features", &name])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let mut program = None;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            program = executable(&line?).or(program);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("cargo build with the features {name} ended with {status}");
    }
    let program = program.context("cargo built no program `conformance`")?;
    // The next set of features overwrites the original.
    let folder = program.with_file_name("conformance-suites").join(&name);
    std::fs::create_dir_all(&folder)?;
    let copy = folder.join(program.file_name().unwrap_or_default());
    std::fs::copy(&program, &copy)
        .with_context(|| format!("cannot copy {} to {}", program.display(), copy.display()))?;
    Ok(copy)
}

/// The path of the suite's program in one of cargo's messages.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    (message["target"]["name"] == "conformance")
        .then(|| message["executable"].as_str().map(PathBuf::from))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wgpu_backends_are_compiled_apart() {
        use DeviceKind::{Cpu, Cuda, Vulkan, Wgpu};
        let expected = [vec![Cpu, Wgpu], vec![Vulkan], vec![Cuda]];
        assert_eq!(sets(&[Cpu, Wgpu, Vulkan, Cuda]), expected);
        assert_eq!(sets(&[Vulkan]), [vec![Vulkan]]);
        assert!(sets(&[]).is_empty());
    }

    #[test]
    fn the_program_is_found_among_cargo_s_messages() {
        let message = r#"{"reason":"compiler-artifact","target":{"name":"conformance"},
            "executable":"/t/debug/conformance"}"#;
        assert_eq!(executable(message).unwrap(), Path::new("/t/debug/conformance"));
        assert_eq!(executable(r#"{"target":{"name":"tests"}}"#), None);
        assert_eq!(executable("no json"), None);
    }
}

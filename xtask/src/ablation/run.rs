//! Runs of a choice, what is measured of them, and its records.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use pixelflow::durable;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::choice::{BASE, Choice};
use crate::cargo::cargo;
use crate::repository::read;

/// The folder of the records, in the repository's.
pub const FOLDER: &str = "docs/quality/ablation";
/// The records.
const RECORDS: &str = "runs.json";
/// What is trained, in the repository's folder.
const TRAINED: &str = "target/ablation";
/// The recipe that is trained.
const RECIPE: &str = "ablation";
/// The images that what is drawn is compared with.
const REFERENCE: &str = "assets/demo/heroes.tar";
/// What is measured, and how it is drawn.
const MEASURED: [&str; 8] =
    ["--images", "500", "--metrics", "frechet,kernel", "--solver", "ab2", "--steps", "8"];

/// What was measured of a choice with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The choice's name.
    pub choice: String,
    /// What it set.
    pub settings: Vec<String>,
    /// The seed of the weights and the batches.
    pub seed: u64,
    /// FD-EffLite0 of drawn images.
    pub fd: f64,
    /// KID-EffLite0 of drawn images.
    pub kid: f64,
    /// The last validation loss, of the run's own average; not of an average made afterwards.
    pub validation_loss: Option<f64>,
    /// Seconds of training; beside other work they say little.
    pub seconds: Option<f64>,
}

/// The programs that train and measure.
pub(super) struct Programs {
    root: PathBuf,
    train: Option<PathBuf>,
    infer: Option<PathBuf>,
}

impl Programs {
    /// These, or the repository's own.
    ///
    /// # Errors
    /// If a path has no absolute form.
    pub(super) fn new(root: &Path, train: Option<&Path>, infer: Option<&Path>) -> Result<Self> {
        let absolute = |program: Option<&Path>| program.map(std::path::absolute).transpose();
        Ok(Self { root: root.to_owned(), train: absolute(train)?, infer: absolute(infer)? })
    }

    fn call(&self, package: &str, arguments: &[&str]) -> Result<()> {
        let given = if package == "train" { &self.train } else { &self.infer };
        let mut command = if let Some(program) = given {
            Command::new(program)
        } else {
            let mut cargo = cargo();
            cargo.args(["run", "--quiet", "-p", package, "--locked", "--"]);
            cargo
        };
        let status = command.current_dir(&self.root).args(arguments).status()?;
        if !status.success() {
            bail!("`{package} {}` ended with {status}", arguments.join(" "));
        }
        Ok(())
    }
}

/// All records.
#[derive(Debug)]
pub struct Runs {
    root: PathBuf,
    measured: Vec<Measured>,
}

impl Runs {
    /// Reads what is recorded.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub fn open(root: &Path) -> Result<Self> {
        let path = root.join(FOLDER).join(RECORDS);
        let measured = if path.is_file() {
            serde_json::from_str(&read(&path)?).with_context(|| {
                format!("{} is no record; remove it, and all is done again", path.display())
            })?
        } else {
            Vec::new()
        };
        Ok(Self { root: root.to_owned(), measured })
    }

    /// What is recorded.
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }

    /// Whether a choice was measured with a seed.
    pub(super) fn has(&self, choice: &Choice, seed: u64) -> bool {
        self.measured.iter().any(|measured| {
            measured.choice == choice.name
                && measured.seed == seed
                && measured.settings == choice.settings
        })
    }

    /// Trains a choice with a seed, measures what it draws, and records it.
    ///
    /// # Errors
    /// If a program fails, or the record cannot be written.
    pub(super) fn make(&mut self, programs: &Programs, choice: &Choice, seed: u64) -> Result<()> {
        let trained = format!("{TRAINED}/{}-{seed}", choice.name);
        let result = format!("{trained}.json");
        if !self.root.join(&result).exists() {
            match choice.sigma_rel {
                None => self.train(programs, choice, seed, &trained)?,
                Some(sigma) => self.average(programs, sigma, seed, &trained)?,
            }
            let measure = ["evaluate", "model", REFERENCE, "--device", "cpu", "--model", &trained];
            let measure = [&measure[..], &MEASURED, &["--json", &result]].concat();
            programs.call("infer", &measure)?;
        }
        let result: Value = serde_json::from_str(&read(&self.root.join(&result))?)?;
        let metric = |name: &str| {
            let value = result["metrics"][name]["value"].as_f64();
            value.with_context(|| format!("{trained}.json has no {name}"))
        };
        let metrics = match choice.sigma_rel {
            None => read(&self.root.join(&trained).join("metrics.jsonl"))?,
            Some(_) => String::new(),
        };
        let measured = Measured {
            choice: choice.name.to_owned(),
            settings: choice.settings.iter().map(|&setting| setting.to_owned()).collect(),
            seed,
            fd: metric("fd_efflite0")?,
            kid: metric("kid_efflite0")?,
            validation_loss: last(&metrics, "validation", "loss"),
            seconds: last(&metrics, "training", "seconds"),
        };
        self.measured.retain(|old| old.choice != choice.name || old.seed != seed);
        self.measured.push(measured);
        self.write()
    }

    /// Begins the run, or goes on with it.
    fn train(&self, programs: &Programs, choice: &Choice, seed: u64, out: &str) -> Result<()> {
        let seed = format!("train.seed={seed}");
        let is_begun = self.root.join(out).join("config.toml").exists();
        let begin =
            if is_begun { vec!["--resume", out] } else { vec!["--recipe", RECIPE, "--out", out] };
        let settings = [&[seed.as_str()], choice.settings].concat();
        let settings = settings.iter().flat_map(|&setting| ["--set", setting]);
        let arguments = ["--device", "cpu"].into_iter().chain(begin).chain(settings);
        programs.call("train", &arguments.collect::<Vec<_>>())
    }

    /// Makes an average of the snapshots of the run of the recipe as it is.
    fn average(&self, programs: &Programs, sigma: f64, seed: u64, out: &str) -> Result<()> {
        if self.root.join(out).exists() {
            return Ok(());
        }
        let base = format!("{TRAINED}/{BASE}-{seed}");
        programs.call("train", &["ema", "--sigma-rel", &sigma.to_string(), &base, out])
    }

    fn write(&self) -> Result<()> {
        let folder = self.root.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(RECORDS);
        let text = serde_json::to_string_pretty(&self.measured)? + "\n";
        durable::write_text(&path, &text)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A field of the last record of a kind.
fn last(metrics: &str, kind: &str, field: &str) -> Option<f64> {
    let mut records = metrics.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records.rfind(|record| record["kind"] == kind)?[field].as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_record_of_a_kind_counts() {
        let lines = "{\"kind\":\"validation\",\"loss\":1.0}\n{\"kind\":\"validation\",\"loss\":0.5}\n\
                     {\"kind\":\"training\",\"loss\":2.0}\n";
        assert_eq!(last(lines, "validation", "loss"), Some(0.5));
        assert_eq!(last(lines, "preview", "loss"), None);
    }
}

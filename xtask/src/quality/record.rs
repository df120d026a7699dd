//! Records: what `infer` said of a measurement, kept in docs/quality.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use pixelflow::durable;
use pixelflow::weights::{
    DESCRIPTION_FILE, TEXT_ENCODER_FOLDER, TOKENIZER_FILE, WEIGHTS_FILE, file_hash,
};
use pixelflow_host::output::note;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::measurement::Measurement;
use crate::cargo::cargo;

/// The folder of the records, in the repository's.
pub const FOLDER: &str = "docs/quality";

/// A measurement that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The command line.
    pub command: String,
    /// Hash of the model's files, its own sampler settings among them; none of real images.
    pub model: Option<String>,
    /// What `--json` wrote.
    pub result: Value,
}

/// All records, by the names of their measurements.
pub struct Records {
    root: PathBuf,
    records: BTreeMap<String, Record>,
}

impl Records {
    /// Reads what is recorded.
    ///
    /// # Errors
    /// If a record cannot be read.
    pub fn open(root: &Path) -> Result<Self> {
        let mut records = BTreeMap::new();
        let folder = root.join(FOLDER);
        std::fs::create_dir_all(&folder)?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let text = crate::repository::read(&path)?;
            let record = serde_json::from_str(&text).with_context(|| {
                format!("{} is no record; remove it, and it is measured again", path.display())
            })?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            records.insert(name, record);
        }
        Ok(Self { root: root.to_owned(), records })
    }

    /// The record of a measurement.
    pub fn get(&self, name: &str) -> Option<&Record> {
        self.records.get(name)
    }

    /// Whether a measurement was made by the same command line of the same model.
    ///
    /// # Errors
    /// If its model cannot be read.
    pub fn has(&self, measurement: &Measurement) -> Result<bool> {
        let Some(record) = self.get(&measurement.name) else { return Ok(false) };
        Ok(record.command == measurement.command() && record.model == self.model(measurement)?)
    }

    /// Calls `infer`, the one at hand or the repository's own, and keeps what it says.
    ///
    /// # Errors
    /// If it fails.
    pub fn measure(&mut self, measurement: &Measurement, infer: Option<&Path>) -> Result<()> {
        let result = self.root.join("target/quality/result.json");
        std::fs::create_dir_all(self.root.join("target/quality"))?;
        if let Some(folder) = measurement.folder() {
            self.remove_outdated(measurement, &folder)?;
        }
        let mut command = if let Some(program) = infer {
            Command::new(std::path::absolute(program)?)
        } else {
            let mut cargo = cargo();
            cargo.args(["run", "--quiet", "-p", "infer", "--locked", "--"]);
            cargo
        };
        command.current_dir(&self.root).args(&measurement.arguments);
        let is_sweep = measurement.folder().is_some();
        if !is_sweep {
            command.arg("--json").arg(&result);
        }
        let status = command.status()?;
        if !status.success() {
            bail!("{}: `{}` ended with {status}", measurement.name, measurement.command());
        }
        let record = Record {
            command: measurement.command(),
            model: self.model(measurement)?,
            result: if is_sweep {
                Value::Null
            } else {
                let text = crate::repository::read(&result)?;
                serde_json::from_str(&in_the_repository(&text, &self.root))?
            },
        };
        let path = self.root.join(FOLDER).join(format!("{}.json", measurement.name));
        let text = serde_json::to_string_pretty(&record)? + "\n";
        durable::write_text(&path, &text)
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.records.insert(measurement.name.clone(), record);
        Ok(())
    }

    /// A sweep of another model cannot be gone on with.
    fn remove_outdated(&self, measurement: &Measurement, folder: &str) -> Result<()> {
        let path = self.root.join(folder);
        let is_outdated = match self.get(&measurement.name) {
            Some(record) => record.model != self.model(measurement)?,
            None => false,
        };
        if is_outdated && path.is_dir() {
            note(format_args!("{folder}: it is of another model; it is made anew"));
            std::fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// A text of the folder of a sweep.
    pub fn text(&self, folder: &str, name: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(folder).join(name)).ok()
    }

    fn model(&self, measurement: &Measurement) -> Result<Option<String>> {
        let Some(folder) = measurement.model.map(|model| self.root.join(model)) else {
            return Ok(None);
        };
        let encoder = folder.join(TEXT_ENCODER_FOLDER);
        let [own, encoders] = [(&folder, WEIGHTS_FILE), (&encoder, TOKENIZER_FILE)]
            .map(|(folder, other)| [folder.join(DESCRIPTION_FILE), folder.join(other)]);
        let files = [own.as_slice(), &encoders, &[encoder.join(WEIGHTS_FILE)]].concat();
        let there: Vec<PathBuf> = files.into_iter().filter(|file| file.exists()).collect();
        Ok(Some(file_hash(&there)?))
    }
}

/// What `infer` said, with the paths of shipped files as the repository has them: where that lies is nobody's
/// business.
fn in_the_repository(text: &str, root: &Path) -> String {
    text.replace(&format!("\"{}/", root.display()), "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_does_not_say_where_the_repository_lies() {
        let said = r#"{"train": "/home/me/it/assets/a.tar", "other": "/home/me/it-2/b.tar"}"#;
        let kept = in_the_repository(said, Path::new("/home/me/it"));
        assert_eq!(kept, r#"{"train": "assets/a.tar", "other": "/home/me/it-2/b.tar"}"#);
    }
}

//! Where a measurement's JSON goes: a file, the standard output, or nowhere.

use std::path::{Path, PathBuf};

use pixelflow::durable;
use serde::Serialize;

use crate::destination::check_file;
use crate::error::write_error;
use crate::json_text::json_text;
use crate::made_folders::MadeFolders;
use crate::measurement::report::Report;
use crate::{Error, Result};

/// A place that was checked before anything is computed.
pub struct JsonOutput {
    path: Option<PathBuf>,
    _made: Option<MadeFolders>,
}

impl JsonOutput {
    /// What `--json` means; `taken` are the files of this call, none of which is written over.
    ///
    /// # Errors
    /// [`Error::Argument`], [`Error::Write`].
    pub fn prepare(path: Option<&Path>, taken: &[&Path]) -> Result<Self> {
        if let Some(path) = path.filter(|path| taken.contains(path)) {
            return Err(Error::Argument {
                argument: "--json",
                value: path.display().to_string(),
                reason: "it is another file of this call; give one of its own".to_owned(),
            });
        }
        let file = path.filter(|path| *path != Path::new("-"));
        let made = file.map(check_file).transpose()?;
        Ok(Self { path: path.map(Path::to_owned), _made: made })
    }

    /// Writes the JSON; gives what is printed: the table, unless the JSON is.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, report: &Report<'_>) -> Result<String> {
        self.write_value(&report.facts(), report.table())
    }

    /// As [`write`](Self::write), of any JSON and the table that says the same.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_value(&self, json: &impl Serialize, table: String) -> Result<String> {
        let Some(path) = &self.path else {
            return Ok(table);
        };
        let text = json_text(json);
        if path == Path::new("-") {
            return Ok(text);
        }
        durable::write_text(path, &(text + "\n")).map_err(write_error(path))?;
        Ok(table)
    }
}

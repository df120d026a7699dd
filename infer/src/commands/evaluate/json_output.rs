//! Where a measurement's JSON goes: a file, the standard output, or nowhere.

use std::path::{Path, PathBuf};

use pixelflow::durable;
use serde_json::Value;

use crate::destination::check_file;
use crate::error::write_error;
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
        self.write_value(&report.json(), report.table())
    }

    /// As [`write`](Self::write), of any JSON and the table that says the same.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_value(&self, json: &Value, table: String) -> Result<String> {
        let Some(path) = &self.path else {
            return Ok(table);
        };
        let text = ascii(json);
        if path == Path::new("-") {
            return Ok(text);
        }
        durable::write_text(path, &(text + "\n")).map_err(write_error(path))?;
        Ok(table)
    }
}

/// JSON without letters that a terminal might take for commands: none but ASCII, the others by number.
fn ascii(json: &Value) -> String {
    let mut units = [0; 2];
    format!("{json:#}").chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii() && letter != '\x7f' {
            text.push(letter);
        } else {
            let units = letter.encode_utf16(&mut units);
            text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_means_the_same() {
        let json = serde_json::json!({ "ü\u{202e}": ["🐉\x7f\n", 0.1] });
        let text = ascii(&json);
        assert!(text.is_ascii() && text.contains(r"\u202e") && text.contains(r"\ud83d\udc09"));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json);
    }
}

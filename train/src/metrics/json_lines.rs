//! Metrics as JSON lines.

use std::fs::{self, OpenOptions};
use std::path::Path;

use pixelflow::durable;
use pixelflow::excerpt::reason_excerpt;

use super::Record;
use super::log_file::LogFile;
use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// Appends records to `metrics.jsonl`, one line each.
#[derive(Debug)]
pub struct JsonLines(LogFile);

impl JsonLines {
    /// Opens the file for a run that goes on.
    ///
    /// What an earlier session recorded and is not `past` will happen again: those lines go, and so does
    /// a last line that a killed program has not finished.
    ///
    /// # Errors
    /// [`Error::DamagedMetrics`] for any other line that is no record, [`Error::Read`] or
    /// [`Error::Write`].
    pub fn open(path: &Path, past: impl Fn(&Record) -> bool) -> Result<Self> {
        let records = Self::read(path)?;
        let kept = records.iter().filter(|record| past(record));
        let lines: String = kept.map(line).collect();
        if path.is_file() {
            durable::write_bytes(path, lines.as_bytes()).map_err(write_error(path))?;
        }
        Ok(Self(LogFile::open(path, OpenOptions::new().create(true))?))
    }

    /// All whole records of a file; none if there is no file.
    ///
    /// # Errors
    /// [`Error::DamagedMetrics`] for a line before the last that is no record, or [`Error::Read`].
    pub fn read(path: &Path) -> Result<Vec<Record>> {
        if !path.is_file() {
            return Ok(Vec::new()); // Nor does a pipe or a device have any to give.
        }
        let text = fs::read_to_string(path).map_err(read_error(path))?;
        let lines: Vec<&str> = text.lines().collect();
        let mut records = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            match serde_json::from_str(line) {
                Ok(record) => records.push(record),
                Err(_) if index + 1 == lines.len() => {}
                Err(error) => {
                    return Err(Error::DamagedMetrics {
                        path: path.to_owned(),
                        line: index + 1,
                        reason: reason_excerpt(&error.to_string()).into_owned(),
                    });
                }
            }
        }
        Ok(records)
    }

    /// Appends a record.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&mut self, record: &Record) -> Result<()> {
        self.0.append(line(record).as_bytes())
    }
}

fn line(record: &Record) -> String {
    let mut line = serde_json::to_string(record).expect("a record has a form in JSON");
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ValidationRecord;

    fn record(step: u64) -> Record {
        let stage_losses = vec![Some(0.5), None];
        Record::Validation(ValidationRecord { step, images: 4 * step, loss: 0.5, stage_losses })
    }

    #[test]
    fn a_resumed_run_forgets_what_comes_after_its_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut lines = JsonLines::open(&path, |_| true).unwrap();
        for step in 1..=4 {
            lines.append(&record(step)).unwrap();
        }
        // Killed inside a write.
        lines.0.append(br#"{"kind":"validation","st"#).unwrap();
        drop(lines);
        let mut resumed = JsonLines::open(&path, |record| record.step() <= 2).unwrap();
        resumed.append(&record(3)).unwrap();
        assert_eq!(JsonLines::read(&path).unwrap(), [record(1), record(2), record(3)]);
    }

    #[test]
    fn damage_in_the_middle_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        fs::write(&path, format!("{}oops\n{}", line(&record(1)), line(&record(2)))).unwrap();
        let message = JsonLines::read(&path).unwrap_err().to_string();
        assert!(message.contains("metrics.jsonl, line 2: "), "{message}");
    }
}

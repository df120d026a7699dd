//! What a folder of states is of.

use std::io;
use std::ops::Range;
use std::path::Path;

use pixelflow::NumberFormat;
use pixelflow::durable;
use pixelflow::weights::TextDescription;
use serde::{Deserialize, Serialize};

use super::INDEX;
use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// Records of a file of states, at least.
const LEAST_A_FILE: usize = 1000;
/// Files at most: all are open while a run reads them, and systems allow about a thousand.
const MOST_FILES: usize = 256;

/// What a folder of states is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatesIndex {
    /// Records of the data set.
    pub records: usize,
    /// Features of a state.
    pub width: usize,
    /// The text encoder that made them, for the description of models that learn from them.
    pub text: TextDescription,
    /// Format of the encoder's weights, and of the states.
    pub format: NumberFormat,
    /// The encoder's hash.
    pub encoder_hash: String,
    /// Hash of all captions in order.
    pub captions_hash: String,
}

impl StatesIndex {
    /// Reads the index of a folder.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::States`].
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(INDEX);
        let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
        serde_json::from_str(&text).map_err(|error| Error::States {
            path: folder.to_owned(),
            reason: format!("{INDEX}: {error}"),
        })
    }

    /// Writes the index.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(INDEX);
        let text = serde_json::to_string_pretty(self).map_err(io::Error::from);
        text.and_then(|text| durable::write_text(&path, &text)).map_err(write_error(&path))
    }

    /// Number of files.
    pub fn files(&self) -> usize {
        self.records.div_ceil(self.records_a_file())
    }

    /// The file of a record.
    pub fn file_of(&self, record: usize) -> usize {
        record / self.records_a_file()
    }

    /// The records of a file.
    pub fn records_of(&self, file: usize) -> Range<usize> {
        let (first, count) = (file * self.records_a_file(), self.records_a_file());
        first..self.records.min(first + count)
    }

    fn records_a_file(&self) -> usize {
        self.records.div_ceil(MOST_FILES).max(LEAST_A_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_in_one_of_few_files() {
        for records in [1, 999, 1000, 1001, 23_155, 1_281_167, 10_000_000] {
            let index = StatesIndex {
                records,
                width: 8,
                text: TextDescription { encoder: "encoder".to_owned(), max_tokens: 8 },
                format: NumberFormat::F32,
                encoder_hash: String::new(),
                captions_hash: String::new(),
            };
            assert!(index.files() <= MOST_FILES, "{records}");
            let mut next = 0;
            for file in 0..index.files() {
                let of_file = index.records_of(file);
                assert_eq!((of_file.start, index.file_of(next)), (next, file));
                assert!(!of_file.is_empty());
                next = of_file.end;
                assert_eq!(index.file_of(next - 1), file);
            }
            assert_eq!(next, records);
        }
    }
}

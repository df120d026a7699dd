//! What a folder of states is of.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pixelflow::NumberFormat;
use pixelflow::durable;
use pixelflow::weights::{DType, TensorFile, TensorInfo, TextDescription};
use serde::{Deserialize, Serialize};

use super::{INDEX, file_name, tensor_name};
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
            reason: format!("{INDEX}: {error}; remove the folder and encode the captions again"),
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

    /// Opens a file of the folder and checks that it has the states of its records; `None` if there is none.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn open_file(&self, folder: &Path, file: usize) -> Result<Option<TensorFile>, String> {
        let path = folder.join(file_name(file));
        if !path.exists() {
            return Ok(None);
        }
        let states = TensorFile::open(&path).map_err(|error| error.to_string())?;
        let empty = (file == 0).then_some(None);
        for record in empty.into_iter().chain(self.records_of(file).map(Some)) {
            let tensor = tensor_name(record);
            let is_whole =
                states.tensors().get(&tensor).is_some_and(|TensorInfo { shape, dtype }| {
                    let of_width =
                        matches!(shape[..], [tokens, width] if tokens > 0 && width == self.width);
                    of_width && *dtype == states_format(self.format)
                });
            if !is_whole {
                return Err(format!("{} has no states in tensor {tensor}", path.display()));
            }
        }
        Ok(Some(states))
    }

    /// Where the files of the folder are, or will be.
    pub fn paths(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        (0..self.files()).map(|file| folder.join(file_name(file)))
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

/// The format in which states are stored.
pub fn states_format(format: NumberFormat) -> DType {
    match format {
        NumberFormat::F16 => DType::F16,
        NumberFormat::Bf16 => DType::BF16,
        NumberFormat::F32 | NumberFormat::Int8 => DType::F32,
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

//! What a folder of states is of.

use std::path::Path;

use infer::atomic_file::write_atomically;
use pixelflow::weights::TextDescription;
use serde::{Deserialize, Serialize};

use super::INDEX;
use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// Records of a file of states.
pub const RECORDS_A_FILE: usize = 1000;

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
        write_atomically(&path, |file| {
            serde_json::to_writer_pretty(&mut *file, self)?;
            file.write_all(b"\n")
        })
        .map_err(write_error(&path))
    }

    /// Number of files.
    pub fn files(&self) -> usize {
        self.records.div_ceil(RECORDS_A_FILE)
    }
}

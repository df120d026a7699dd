//! The index of weights in several files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::plain_text;
use crate::weights::WeightsError;

/// What every index is called at its end.
const INDEX_SUFFIX: &str = ".safetensors.index.json";

/// Longest index that is read, in bytes; that of a model with thousands of tensors has a megabyte.
const MAX_LENGTH: u64 = 64 << 20;

/// Most files of one model.
const MAX_SHARDS: usize = 4096;

/// Which tensor is in which file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardIndex {
    /// What it says besides; `total_size` in bytes if Hugging Face's tools wrote it.
    #[serde(default)]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// The file of each tensor, a name in the folder of the index.
    pub weight_map: BTreeMap<String, String>,
}

impl ShardIndex {
    /// Whether a file's name is that of an index.
    pub fn is_named(path: &Path) -> bool {
        path.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| name.ends_with(INDEX_SUFFIX))
    }

    /// Reads and checks an index.
    ///
    /// # Errors
    /// [`WeightsError::Open`]; [`WeightsError::Damaged`] if it is no index, or names files outside of
    /// its folder.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let damaged = |reason: String| WeightsError::Damaged { path: path.to_owned(), reason };
        let text = plain_text::read(path, MAX_LENGTH)
            .map_err(|source| WeightsError::Open { path: path.to_owned(), source })?;
        let index: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(format!("it is no index of shards: {error}")))?;
        let shards = index.shards();
        if let Some(shard) = shards.iter().find(|shard| !is_file_name(shard)) {
            return Err(damaged(format!(
                "it names the shard `{}`, which is no name of a .safetensors file beside it",
                shard.escape_debug()
            )));
        }
        if shards.is_empty() || shards.len() > MAX_SHARDS {
            return Err(damaged(format!(
                "it names {} shards, there may be 1 to {MAX_SHARDS}",
                shards.len()
            )));
        }
        Ok(index)
    }

    /// The files it names, each once.
    pub fn shards(&self) -> BTreeSet<&str> {
        self.weight_map.values().map(String::as_str).collect()
    }

    /// Writes the index, replacing the file at once.
    ///
    /// # Errors
    /// [`WeightsError::Write`]; what was there before is as it was.
    ///
    /// # Panics
    /// Never: an index always has a form in JSON.
    #[cfg(feature = "save")]
    pub fn write(&self, path: &Path) -> Result<(), WeightsError> {
        let text = serde_json::to_string_pretty(self).expect("an index has a form in JSON");
        crate::durable::write_text(path, &text)
            .map_err(|source| WeightsError::Write { path: path.to_owned(), source })
    }
}

/// Whether a shard is a file of its folder: nothing that an index says leads out of it.
fn is_file_name(name: &str) -> bool {
    name.ends_with(".safetensors")
        && !name.starts_with('.')
        && !name.contains(['/', '\\', ':'])
        && !name.contains(char::is_control)
}

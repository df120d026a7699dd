//! Reading weights in several files as if they were one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ShardIndex;
use crate::weights::file_kind::FileKind;
use crate::weights::safetensors_file::SafetensorsFile;
use crate::weights::stored_tensor::StoredTensor;
use crate::weights::{TensorInfo, WeightsError};

/// Opened weights in several files.
#[derive(Debug)]
pub(in crate::weights) struct ShardedFile {
    index: PathBuf,
    shards: BTreeMap<String, SafetensorsFile>,
    weight_map: BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorInfo>,
}

impl ShardedFile {
    /// Reads and checks the index, and the headers of all files it names.
    pub(in crate::weights) fn open(path: &Path) -> Result<Self, WeightsError> {
        let index = ShardIndex::read(path)?;
        let mut shards = BTreeMap::new();
        for shard in index.shards() {
            let file = path.with_file_name(shard);
            if !file.is_file() {
                return Err(WeightsError::MissingShard {
                    path: path.to_owned(),
                    shard: shard.to_owned(),
                });
            }
            FileKind::of_file(&file)?;
            shards.insert(shard.to_owned(), SafetensorsFile::open(&file)?);
        }
        let tensors = tensors(&index, &shards)
            .map_err(|reason| WeightsError::Damaged { path: path.to_owned(), reason })?;
        Ok(Self { index: path.to_owned(), shards, weight_map: index.weight_map, tensors })
    }

    pub(in crate::weights) fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    /// Where the files are that the index names.
    pub(in crate::weights) fn shards(&self) -> impl Iterator<Item = PathBuf> {
        let names = self.shards.keys();
        names.map(|shard| self.index.with_file_name(shard))
    }

    /// What the first file says about itself.
    pub(in crate::weights) fn metadata(&self) -> Option<&BTreeMap<String, String>> {
        self.shards.values().next().map(SafetensorsFile::metadata)
    }

    /// A tensor, to be read.
    pub(in crate::weights) fn stored(&self, name: &str) -> Result<StoredTensor<'_>, WeightsError> {
        let shard = self.weight_map.get(name);
        match shard.and_then(|shard| self.shards.get(shard)) {
            Some(shard) => shard.stored(name),
            None => Err(WeightsError::NoTensor { path: self.index.clone(), name: name.to_owned() }),
        }
    }
}

/// All tensors, if the index and the files say the same; else what they contradict each other in.
fn tensors(
    index: &ShardIndex,
    shards: &BTreeMap<String, SafetensorsFile>,
) -> Result<BTreeMap<String, TensorInfo>, String> {
    let mut tensors = BTreeMap::new();
    for (shard, file) in shards {
        for (name, info) in file.tensors() {
            match index.weight_map.get(name) {
                Some(expected) if expected == shard => {
                    tensors.insert(name.clone(), info.clone());
                }
                Some(expected) if shards[expected].tensors().contains_key(name) => {
                    return Err(format!("tensor `{name}` is in both {expected} and {shard}"));
                }
                Some(expected) => {
                    return Err(format!(
                        "tensor `{name}` should be in {expected}, it is in {shard}"
                    ));
                }
                None => return Err(format!("it lacks tensor `{name}` of {shard}")),
            }
        }
    }
    let gone = |(name, _): &(&String, &String)| !tensors.contains_key(*name);
    match index.weight_map.iter().find(gone) {
        Some((name, shard)) => Err(format!("{shard} has no tensor `{name}`, which it names")),
        None => Ok(tensors),
    }
}

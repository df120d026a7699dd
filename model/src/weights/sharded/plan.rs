//! How tensors are spread over files.

use std::collections::BTreeMap;

use super::ShardIndex;
use crate::weights::TensorInfo;

/// One file of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its name.
    pub file: String,
    /// Its tensors, in order.
    pub tensors: Vec<(String, TensorInfo)>,
}

/// Spreads tensors over files of at most `most` bytes of values, in their order, as Hugging Face's
/// tools do; a larger tensor is alone in its file. `stem` is what the names begin with.
///
/// All in one file, which has no number, if they fit.
pub fn plan_shards(stem: &str, tensors: Vec<(String, TensorInfo)>, most: u64) -> Vec<Shard> {
    let mut shards: Vec<Vec<(String, TensorInfo)>> = vec![Vec::new()];
    let mut filled = 0_u64;
    for (name, info) in tensors {
        let bytes = info.size_in_bytes();
        if filled > 0 && filled.saturating_add(bytes) > most {
            shards.push(Vec::new());
            filled = 0;
        }
        filled = filled.saturating_add(bytes);
        if let Some(last) = shards.last_mut() {
            last.push((name, info));
        }
    }
    let count = shards.len();
    let file = |number: usize| match count {
        1 => format!("{stem}.safetensors"),
        _ => format!("{stem}-{number:05}-of-{count:05}.safetensors"),
    };
    let shards = shards.into_iter().enumerate();
    shards.map(|(place, tensors)| Shard { file: file(place + 1), tensors }).collect()
}

impl ShardIndex {
    /// The index of these files.
    pub fn of(shards: &[Shard]) -> Self {
        let mut weight_map = BTreeMap::new();
        let mut bytes = 0;
        for shard in shards {
            for (name, info) in &shard.tensors {
                weight_map.insert(name.clone(), shard.file.clone());
                bytes += info.size_in_bytes();
            }
        }
        let metadata = [("total_size".to_owned(), bytes.into())];
        Self { metadata: metadata.into_iter().collect(), weight_map }
    }
}

//! Weights in several safetensors files, with an index that says which tensor is where: the layout of
//! Hugging Face, `model-00001-of-00003.safetensors` and `model.safetensors.index.json`.

mod index;
mod plan;
mod read;

#[cfg(test)]
mod tests;

pub use index::ShardIndex;
pub use plan::{Shard, plan_shards};
pub(super) use read::ShardedFile;

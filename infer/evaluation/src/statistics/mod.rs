//! Statistics of features: their sums, mean and covariance, the files of them, and the protocols they
//! are made by.

mod exact_sums;
mod merge;
mod moments;
mod npz;
mod origin;
mod protocol;
mod shard;
mod shard_head;
mod statistics_file;

pub use exact_sums::{ExactSums, LARGEST_FEATURE};
pub use merge::merge_shards;
pub use moments::Moments;
pub(crate) use npz::NpzFile;
pub use origin::Origin;
pub use protocol::Protocol;
pub use shard::Shard;
pub use shard_head::{ShardHead, shard_of};
pub use statistics_file::Statistics;

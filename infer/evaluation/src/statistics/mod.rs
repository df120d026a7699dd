//! Statistics of features: their sums, mean and covariance, the files of them, and the protocols they
//! are made by.

mod exact_sums;
mod moments;
mod npz;
mod origin;
mod protocol;
mod shard;
mod statistics_file;

pub use exact_sums::{ExactSums, LARGEST_FEATURE};
pub use moments::Moments;
pub(crate) use npz::NpzFile;
pub use origin::Origin;
pub use protocol::Protocol;
pub use shard::{Shard, merge_shards, shard_of};
pub use statistics_file::Statistics;

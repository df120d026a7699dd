//! Section `[ranks]`.

use super::Setting;
use crate::config::cadence::Cadence;
use crate::config::rule::require;
use crate::config::setting::{section, with_defaults};

/// What carries the messages between ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageEngine {
    /// MPI, all of them.
    #[default]
    Mpi,
    /// NCCL, the long ones, from GPU to GPU; MPI the others.
    Nccl,
}

section! {
    /// Several processes that train together, as mpirun or srun start them (docs/several-machines.md). Each computes
    /// some of the train.gradient_accumulation parts of a batch; their number changes no bit of what is learned.
    struct RanksConfig {
        /// Each rank keeps the moments and the moving average of its share of the parameters alone (ZeRO-1, arXiv
        /// 1910.02054): less memory on each, and as many bytes between them.
        shard_optimizer: bool = false where |c| require(
            !(c.ranks.shard_optimizer && c.lora.is_on()),
            "adapters have hardly any moments; set it to false, or lora.rank to 0",
        );
        /// Steps between two comparisons of the weights of all ranks, which must be the same; 0 for never.
        compare_every: Cadence = 100;
        /// What carries the messages between ranks: "mpi"; or "nccl", which has the long ones travel from GPU to GPU, and
        /// needs a build with --features nccl,cuda. A process that is alone needs neither.
        #[serde(default)] // Runs from before this setting had MPI.
        engine: MessageEngine = "mpi";
    }
}

impl Default for RanksConfig {
    fn default() -> Self {
        with_defaults(Self::SETTINGS)
    }
}

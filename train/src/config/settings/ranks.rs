//! Section `[ranks]`.

use super::Setting;
use crate::config::cadence::Cadence;
use crate::config::rule::require;
use crate::config::setting::{section, with_defaults};

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
    }
}

impl Default for RanksConfig {
    fn default() -> Self {
        with_defaults(Self::SETTINGS)
    }
}

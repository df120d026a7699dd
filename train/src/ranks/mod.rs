//! What the ranks of a job do together in a step of training.
//!
//! The batch is the contract, the number of ranks is not: batch `n` is cut into the same parts whoever computes them,
//! each rank computes some, and their gradients are added in an order that depends on the number of parts alone. So any
//! number of ranks up to that of the parts takes the same step, bit for bit.

mod agreement;
mod bucket;
mod flat_gradients;
mod owners;
mod reduction;
mod sharding;
#[cfg(all(test, feature = "flex"))]
mod tests;
mod tree_sum;

use std::ops::Range;

use burn::module::Module;
use burn::tensor::backend::Backend;
use pixelflow_dataset::loader::Share;

pub use agreement::{Agreed, Signs, agree, gather_records, weights_hash};
pub use owners::Owners;
pub use reduction::{Delivery, gather_losses, sum_over_ranks};
pub use sharding::{gather_moments, gather_squares, spread_parameters};
pub use tree_sum::{Node, TreeSum, most_terms};

/// The place of a process among the ranks of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number.
    pub rank: usize,
    /// How many there are.
    pub ranks: usize,
    /// Whether each has the optimiser's state of some parameters alone.
    pub shards: bool,
}

impl Place {
    /// A process without others.
    pub const ALONE: Self = Self { rank: 0, ranks: 1, shards: false };

    /// Whether it writes what the job makes.
    pub fn leads(self) -> bool {
        self.rank == 0
    }

    /// The parts of a batch that it computes, of so many: as many as others, or one more.
    pub fn share(self, parts: usize) -> Share {
        Share { parts: parts_of(self.rank, self.ranks, parts), of: parts }
    }

    /// Which parameters of a module it has the optimiser's state of.
    pub fn owns<B: Backend, M: Module<B>>(self, module: &M) -> impl Fn(&str) -> bool + use<B, M> {
        let owners = Owners::of_module(module, self.ranks);
        move |name| !self.shards || owners.of(name) == self.rank
    }
}

/// The parts of a batch that a rank computes.
fn parts_of(rank: usize, ranks: usize, parts: usize) -> Range<usize> {
    parts * rank / ranks..parts * (rank + 1) / ranks
}

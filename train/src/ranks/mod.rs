//! What the ranks of a job do together in a step of training.
//!
//! The batch is the contract, the number of ranks is not: batch `n` is cut into the same parts whoever computes them,
//! each rank computes some, and their gradients are added one after the other, as a process alone adds them. So any number
//! of ranks up to that of the parts takes the same step, bit for bit.

mod agreement;
mod bucket;
mod engine;
mod flat_gradients;
mod losses;
mod owners;
mod reduction;
mod sharding;
#[cfg(all(test, feature = "flex"))]
mod tests;

use burn::module::Module;
use burn::tensor::backend::Backend;
use pixelflow_dataset::loader::Share;

pub use agreement::{Signs, agree, any_rank, gather_records, weights_hash};
pub use engine::begin_engine;
pub use losses::gather_losses;
pub use owners::Owners;
pub use reduction::{Delivery, Reduction};
pub use sharding::{gather_moments, gather_squares, spread_parameters};

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

    /// What it computes of a batch in so many parts.
    pub fn share(self, parts: usize) -> Share {
        Share { rank: self.rank, ranks: self.ranks, parts }
    }

    /// Which parameters of a module it has the optimiser's state of.
    pub fn owns<B: Backend, M: Module<B>>(self, module: &M) -> impl Fn(&str) -> bool + use<B, M> {
        let owners = Owners::of_module(module, self.ranks);
        move |name| !self.shards || owners.of(name) == self.rank
    }
}

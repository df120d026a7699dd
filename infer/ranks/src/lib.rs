//! The ranks of a job: processes that compute together, as `mpirun` and `srun` start them.
//!
//! Everything that ranks do together is an [`Exchange`](Job::begin): each gives every other a message, and all do it in
//! the same order. What carries the messages is an [`Engine`]: MPI between processes (feature `mpi`), with NCCL for the
//! long messages of GPUs (feature `nccl`), channels between threads in tests, nothing at all for a process that is alone.

mod alone;
mod engine;
mod error;
mod job;
mod launcher;
#[cfg(feature = "mpi")]
mod mpi;
#[cfg(feature = "nccl")]
mod nccl;
mod threads;
#[cfg(any(test, feature = "nccl"))]
mod two_ways;

pub use engine::{Engine, Messages, Sent};
pub use error::RankError;
pub use job::Job;
pub use launcher::join;
pub use threads::jobs_of_threads;

/// What goes wrong is one of these.
pub type Result<T, E = RankError> = std::result::Result<T, E>;

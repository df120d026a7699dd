//! What can go wrong between ranks.

/// An error of a job of several ranks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    /// A rank gives no sign of life.
    #[error(
        "rank {rank} of the job has not been heard of for {seconds} s: it was stopped, its machine hangs, or the \
         network between is cut"
    )]
    Silent {
        /// Which rank.
        rank: usize,
        /// For how long.
        seconds: u64,
    },
    /// A rank has ended before the others.
    #[error("rank {rank} of the job has failed; its message says why")]
    Failed {
        /// Which rank.
        rank: usize,
    },
    /// What a rank has sent is not what this one awaits.
    #[error(
        "rank {rank} has sent {found} bytes of {what} where {expected} were awaited: all ranks need the same program, \
         settings and data"
    )]
    Mismatch {
        /// Which rank.
        rank: usize,
        /// What it has sent.
        what: &'static str,
        /// How many bytes.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A message is larger than the engine can carry.
    #[error("a message between ranks has {bytes} bytes; at most {most} can be sent")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// The program was started as one of several ranks, and cannot talk to the others.
    #[error(
        "this is one of {ranks} ranks of a job ({variable} is {ranks}), but the program was built without MPI; build it \
         with --features mpi, or start it alone"
    )]
    WithoutMpi {
        /// Ranks of the job.
        ranks: usize,
        /// Which variable says so.
        variable: &'static str,
    },
    /// MPI does not begin.
    #[error("MPI does not start: {reason}")]
    Start {
        /// Why.
        reason: String,
    },
    /// Long messages cannot travel by NCCL.
    #[error(
        "NCCL does not work for rank {rank} of the job: {reason}; NCCL_DEBUG=INFO in the environment says more, and \
         ranks.engine = \"mpi\" does without it"
    )]
    Nccl {
        /// Which rank.
        rank: usize,
        /// What NCCL or CUDA says.
        reason: String,
    },
    /// NCCL is asked for, and the program has none.
    #[error(
        "ranks.engine is \"nccl\", but the program was built without NCCL; build it with --features nccl,cuda, or set \
         ranks.engine to \"mpi\""
    )]
    WithoutNccl,
}

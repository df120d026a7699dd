//! Whether this process is one of several ranks, as what has started it says.

use crate::{Job, RankError, Result};

/// Variables by which launchers say how many ranks there are: Open MPI, MPICH and its kin, Slurm (`srun --mpi=pmix`).
const RANKS: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];

/// The job that this process is a rank of; alone if nothing has started it as one of several.
///
/// A rank that gives no sign of life for `patience` seconds is taken for gone. The program is then told by what it does
/// with the job; if it does nothing in time, the reason is `said` and the job ends.
///
/// # Errors
/// [`RankError::WithoutMpi`] or [`RankError::Start`].
pub fn join(patience: u64, said: fn(&RankError)) -> Result<Job> {
    let started = RANKS.into_iter().find_map(|name| Some((name, several(name)?)));
    started.map_or_else(|| Ok(Job::alone()), |started| begin(patience, started, said))
}

/// How many ranks a variable says there are, if they are several.
fn several(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok().filter(|&ranks| ranks > 1)
}

#[cfg(feature = "mpi")]
fn begin(patience: u64, started: (&'static str, usize), said: fn(&RankError)) -> Result<Job> {
    crate::mpi::begin(std::time::Duration::from_secs(patience), started, said)
}

#[cfg(not(feature = "mpi"))]
fn begin(_: u64, (variable, ranks): (&'static str, usize), _: fn(&RankError)) -> Result<Job> {
    Err(RankError::WithoutMpi { ranks, variable })
}

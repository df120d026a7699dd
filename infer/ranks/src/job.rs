//! A job, seen from one of its ranks.

use crate::alone::Alone;
#[cfg(any(test, feature = "nccl"))]
use crate::two_ways::{Limits, TwoWays, Wire, connect};
use crate::{Engine, Messages, RankError, Result, Sent};

/// One rank of a job, or a process that is alone. Dropped without [`leave`](Self::leave), it ends the whole job.
pub struct Job {
    /// `None` once the rank has left.
    engine: Option<Box<dyn Engine>>,
}

impl Job {
    /// A process that is alone.
    pub fn alone() -> Self {
        Self::by(Box::<Alone>::default())
    }

    /// A rank whose messages this engine carries.
    pub fn by(engine: Box<dyn Engine>) -> Self {
        Self { engine: Some(engine) }
    }

    /// Number of this rank, from 0.
    pub fn rank(&self) -> usize {
        self.engine().rank()
    }

    /// Ranks of the job.
    pub fn ranks(&self) -> usize {
        self.engine().ranks()
    }

    /// Number of this rank among those of the same machine, from 0.
    pub fn rank_here(&self) -> usize {
        self.engine().rank_here()
    }

    /// Whether this rank writes what the job makes, and says what it does: the first one.
    pub fn leads(&self) -> bool {
        self.rank() == 0
    }

    /// Whether there are no other ranks.
    pub fn is_alone(&self) -> bool {
        self.ranks() == 1
    }

    /// Begins an exchange, and returns before it has ended.
    ///
    /// # Errors
    /// [`RankError`] if another rank is gone, or a message is too long.
    ///
    /// # Panics
    /// If there is not one message a rank.
    pub fn begin(&mut self, sent: Sent) -> Result<()> {
        if let Sent::Each(messages) = &sent {
            assert_eq!(messages.len(), self.ranks(), "one message a rank");
        }
        self.engine_mut().begin(sent)
    }

    /// Ends the oldest exchange that was begun: message `r` is from rank `r`.
    ///
    /// # Errors
    /// [`RankError`] if another rank is gone.
    pub fn finish(&mut self) -> Result<Messages> {
        self.engine_mut().finish()
    }

    /// The messages of all ranks, on all ranks.
    ///
    /// # Errors
    /// [`RankError`] if another rank is gone.
    pub fn gather(&mut self, message: Vec<u8>) -> Result<Messages> {
        self.begin(Sent::All(message))?;
        self.finish()
    }

    /// The first rank's message, on all ranks; what the others give is not sent.
    ///
    /// # Errors
    /// [`RankError`] if another rank is gone.
    pub fn broadcast(&mut self, message: Vec<u8>) -> Result<Vec<u8>> {
        self.begin(Sent::All(if self.leads() { message } else { Vec::new() }))?;
        Ok(self.finish()?.swap_remove(0))
    }

    /// Checks that a message of `rank` has as many bytes as it should.
    ///
    /// # Errors
    /// [`RankError::Mismatch`].
    pub fn check_length(
        rank: usize,
        what: &'static str,
        found: usize,
        expected: usize,
    ) -> Result<()> {
        if found == expected {
            return Ok(());
        }
        Err(RankError::Mismatch { rank, what, found, expected })
    }

    /// Has long messages travel between GPUs by NCCL from now on: this rank's is the GPU with this number, of those that
    /// CUDA shows it. All ranks do the same; one that is alone has no messages. If it fails, they travel as before.
    ///
    /// # Errors
    /// [`RankError::Nccl`] on all ranks if one of them has no NCCL, or on one that it does not connect;
    /// [`RankError::WithoutNccl`] without the feature; [`RankError`] if another rank is gone.
    pub fn over_nccl(&mut self, gpu: usize) -> Result<()> {
        if self.is_alone() {
            return Ok(());
        }
        nccl(self, gpu)
    }

    /// Has long messages travel by a wire from now on; all ranks do the same.
    ///
    /// # Errors
    /// As [`over_nccl`](Self::over_nccl).
    #[cfg(any(test, feature = "nccl"))]
    pub(crate) fn over<W: Wire>(
        &mut self,
        open: impl FnOnce() -> Result<W, String> + Send + 'static,
        limits: Limits,
    ) -> Result<()> {
        let wire = connect(self.engine_mut(), open, limits.patience)?;
        let (engine, control) = TwoWays::begin(self.engine(), wire, limits)?;
        if let Some(begun_with) = self.engine.replace(Box::new(engine)) {
            // It has just begun to wait for this.
            let _ = control.send(begun_with);
        }
        Ok(())
    }

    /// Leaves the job; returns when all ranks do.
    pub fn leave(mut self) {
        if let Some(engine) = self.engine.take() {
            engine.leave();
        }
    }

    fn engine(&self) -> &dyn Engine {
        self.engine.as_deref().expect("the rank has not left")
    }

    fn engine_mut(&mut self) -> &mut dyn Engine {
        &mut **self.engine.as_mut().expect("the rank has not left")
    }
}

#[cfg(feature = "nccl")]
fn nccl(job: &mut Job, gpu: usize) -> Result<()> {
    job.over(move || crate::nccl::Gpu::open(gpu), Limits::default())
}

#[cfg(not(feature = "nccl"))]
fn nccl(_: &mut Job, _: usize) -> Result<()> {
    Err(RankError::WithoutNccl)
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            engine.fail();
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "rank {} of {}", self.rank(), self.ranks())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs_of_threads;

    /// What all ranks of a job of threads make.
    fn on_all<T: Send>(ranks: usize, work: impl Fn(&mut Job) -> T + Sync) -> Vec<T> {
        let work = &work;
        std::thread::scope(|scope| {
            let start = |mut job: Job| {
                scope.spawn(move || {
                    let made = work(&mut job);
                    job.leave();
                    made
                })
            };
            let threads: Vec<_> = jobs_of_threads(ranks).into_iter().map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[test]
    fn every_rank_gets_what_each_has_for_it() {
        let exchanged = on_all(3, |job| {
            let rank = job.rank() as u8;
            // Two at once: they end in the order in which they were begun.
            job.begin(Sent::Each((0..3).map(|to| vec![rank, to]).collect())).unwrap();
            job.begin(Sent::All(vec![10 + rank])).unwrap();
            (job.finish().unwrap(), job.finish().unwrap())
        });
        for (to, (first, second)) in exchanged.into_iter().enumerate() {
            assert_eq!(first, (0..3).map(|from| vec![from, to as u8]).collect::<Vec<_>>());
            assert_eq!(second, [[10], [11], [12]]);
        }
    }

    #[test]
    fn the_first_rank_tells_all() {
        let told = on_all(3, |job| job.broadcast(vec![job.rank() as u8 + 7]).unwrap());
        assert_eq!(told, [[7], [7], [7]]);
    }

    #[test]
    fn who_waits_for_a_rank_that_is_gone_is_told() {
        let mut jobs = jobs_of_threads(2);
        drop(jobs.pop());
        assert_eq!(jobs[0].gather(vec![1]), Err(RankError::Failed { rank: 1 }));
    }

    #[test]
    fn one_that_is_alone_needs_no_nccl() {
        assert_eq!(Job::alone().over_nccl(0), Ok(()));
    }

    #[cfg(not(feature = "nccl"))]
    #[test]
    fn without_nccl_the_ranks_are_told_so() {
        assert_eq!(jobs_of_threads(2)[0].over_nccl(0), Err(RankError::WithoutNccl));
    }
}

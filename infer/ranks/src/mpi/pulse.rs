//! The signs of life of ranks.
//!
//! Each rank gives the first one a sign every second, and the first gives one to each: a rank whose process was stopped,
//! whose machine hangs, or that the network no longer reaches is missed. A process that computes is not: the thread that
//! talks to MPI gives the sign.

use std::time::{Duration, Instant};

use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Source};

use crate::{RankError, Result};

/// The tag of these messages.
const TAG: i32 = 1;
/// How often a sign is given.
const EVERY: Duration = Duration::from_secs(1);
/// The sign itself.
const ALIVE: u8 = 1;
/// That a rank ends because of an error.
const FAILED: u8 = 2;

/// When other ranks were heard of.
pub(super) struct Pulse {
    patience: Duration,
    /// Other ranks that this one looks after, and when each was heard of.
    heard: Vec<(usize, Instant)>,
    given: Option<Instant>,
    /// When this rank has looked last.
    looked: Instant,
}

impl Pulse {
    /// Looks after the others from now on.
    pub(super) fn new(patience: Duration, rank: usize, ranks: usize) -> Self {
        let now = Instant::now();
        let others = if rank == 0 { 1..ranks } else { 0..1 };
        Self {
            patience,
            heard: others.map(|other| (other, now)).collect(),
            given: None,
            looked: now,
        }
    }

    /// Gives a sign, if it is time, and takes those of the others.
    ///
    /// # Errors
    /// [`RankError::Silent`] and [`RankError::Failed`].
    pub(super) fn beat(&mut self, world: &SimpleCommunicator) -> Result<()> {
        let now = Instant::now();
        self.forgive(now);
        self.take(world, now)?;
        if self.given.is_none_or(|given| now - given >= EVERY) {
            self.given = Some(now);
            self.send(world, ALIVE);
        }
        match self.heard.iter().find(|(_, heard)| now - *heard > self.patience) {
            Some(&(rank, heard)) => {
                Err(RankError::Silent { rank, seconds: (now - heard).as_secs() })
            }
            None => Ok(()),
        }
    }

    /// Tells the others that this rank ends because of an error.
    pub(super) fn tell_failure(&self, world: &SimpleCommunicator) {
        self.send(world, FAILED);
    }

    /// Takes the signs that are still there, when all ranks leave.
    pub(super) fn drain(&mut self, world: &SimpleCommunicator) {
        // A rank that has failed in its last moment has said so by itself.
        let _ = self.take(world, Instant::now());
    }

    /// Who was stopped itself cannot know what the others have done in that time.
    fn forgive(&mut self, now: Instant) {
        if now - self.looked > self.patience / 2 {
            self.heard.iter_mut().for_each(|(_, heard)| *heard = now);
        }
        self.looked = now;
    }

    fn take(&mut self, world: &SimpleCommunicator, now: Instant) -> Result<()> {
        let any = world.any_process();
        while let Some(status) = any.immediate_probe_with_tag(TAG) {
            let process = world.process_at_rank(status.source_rank());
            let (sign, _) = process.receive_with_tag::<u8>(TAG);
            let rank = usize::try_from(status.source_rank()).unwrap_or_default();
            if sign == FAILED {
                return Err(RankError::Failed { rank });
            }
            if let Some((_, heard)) = self.heard.iter_mut().find(|(other, _)| *other == rank) {
                *heard = now;
            }
        }
        Ok(())
    }

    /// One byte: it leaves at once, whether or not the other takes it.
    fn send(&self, world: &SimpleCommunicator, sign: u8) {
        for &(rank, _) in &self.heard {
            world.process_at_rank(rank as i32).send_with_tag(&sign, TAG);
        }
    }
}

//! Ranks that are threads of one process, for tests of what ranks do together.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use crate::{Engine, Job, Messages, RankError, Result, Sent};

/// Jobs for as many threads, one for each of `ranks`.
pub fn jobs_of_threads(ranks: usize) -> Vec<Job> {
    let mut senders: Vec<Vec<Sender<Vec<u8>>>> = (0..ranks).map(|_| Vec::new()).collect();
    let mut engines = Vec::new();
    for rank in 0..ranks {
        let mut receivers = Vec::new();
        for sender in &mut senders {
            let (to, from) = channel();
            sender.push(to);
            receivers.push(Incoming { receiver: from, early: VecDeque::new() });
        }
        engines.push(Threads { rank, to: Vec::new(), from: receivers, own: VecDeque::new() });
    }
    let with_senders = engines.into_iter().zip(senders);
    with_senders.map(|(engine, to)| Job::by(Box::new(Threads { to, ..engine }))).collect()
}

/// The engine of one thread.
struct Threads {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Incoming>,
    own: VecDeque<Vec<u8>>,
}

/// What comes from one rank.
struct Incoming {
    receiver: Receiver<Vec<u8>>,
    /// Messages that were found when it was only looked after.
    early: VecDeque<Vec<u8>>,
}

impl Engine for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn ranks(&self) -> usize {
        self.to.len()
    }

    fn begin(&mut self, sent: Sent) -> Result<()> {
        for rank in 0..self.to.len() {
            let message = sent.to(rank).to_vec();
            if rank == self.rank {
                self.own.push_back(message);
            } else {
                self.to[rank].send(message).map_err(|_| RankError::Failed { rank })?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Messages> {
        let receive = |rank: usize| {
            if rank == self.rank {
                return Ok(self.own.pop_front().expect("an exchange was begun"));
            }
            let Incoming { receiver, early } = &mut self.from[rank];
            let message = early.pop_front().map_or_else(|| receiver.recv(), Ok);
            message.map_err(|_| RankError::Failed { rank })
        };
        (0..self.to.len()).map(receive).collect()
    }

    fn check(&mut self) -> Result<()> {
        for (rank, Incoming { receiver, early }) in self.from.iter_mut().enumerate() {
            match receiver.try_recv() {
                Ok(message) => early.push_back(message),
                Err(TryRecvError::Disconnected) if rank != self.rank => {
                    return Err(RankError::Failed { rank });
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn leave(self: Box<Self>) {}

    fn fail(self: Box<Self>) {}
}

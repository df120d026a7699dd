//! Ranks that are threads of one process, for tests of what ranks do together.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};

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
            receivers.push(from);
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
    from: Vec<Receiver<Vec<u8>>>,
    own: VecDeque<Vec<u8>>,
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
            self.from[rank].recv().map_err(|_| RankError::Failed { rank })
        };
        (0..self.to.len()).map(receive).collect()
    }

    fn leave(self: Box<Self>) {}

    fn fail(self: Box<Self>) {}
}

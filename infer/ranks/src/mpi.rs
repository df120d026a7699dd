//! Ranks that are processes, between which MPI carries the messages.
//!
//! A thread of its own makes all calls of MPI, so that messages travel while the others compute, and so that a rank
//! that computes for minutes still gives its sign of life. All calls return at once: one that waited for a rank that is
//! gone would wait for ever.

mod exchange;
mod pulse;
mod service;

use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use self::service::{Begun, Order, serve};
use crate::{Engine, Job, Messages, RankError, Result, Sent};

/// The longest message: MPI counts bytes in 31 bits.
const LONGEST: usize = i32::MAX as usize;

/// Joins the job that this process is one of `ranks` of, as `variable` says. What ends the job behind the program's back
/// is `said`.
///
/// # Errors
/// [`RankError::Start`].
pub(crate) fn begin(
    patience: Duration,
    (variable, ranks): (&'static str, usize),
    said: fn(&RankError),
) -> Result<Job> {
    let (orders, taken) = channel();
    let (results, exchanged) = channel();
    let (ready, begun) = channel();
    let failed = |reason: String| RankError::Start { reason };
    let work = move || serve(patience, &taken, &results, &ready, said);
    let thread = std::thread::Builder::new().name("ranks".to_owned()).spawn(work);
    let thread = Some(thread.map_err(|error| failed(error.to_string()))?);
    let place = begun.recv().map_err(|_| failed("its library says nothing".to_owned()))??;
    if place.ranks != ranks {
        let found = place.ranks;
        return Err(failed(format!(
            "{variable} says {ranks} ranks, MPI says {found}: start the program by the launcher of the MPI that it was \
             built with, such as mpirun or srun --mpi=pmix"
        )));
    }
    Ok(Job::by(Box::new(Mpi { place, orders, exchanged, thread })))
}

/// The engine that hands messages to the thread that talks to MPI.
struct Mpi {
    place: Begun,
    orders: Sender<Order>,
    exchanged: Receiver<Result<Messages>>,
    thread: Option<JoinHandle<()>>,
}

impl Mpi {
    /// The end of the thread, and of MPI with it.
    fn end(&mut self, order: Order) {
        // A thread that has gone has nothing to end.
        let _ = self.orders.send(order);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Engine for Mpi {
    fn rank(&self) -> usize {
        self.place.rank
    }

    fn ranks(&self) -> usize {
        self.place.ranks
    }

    fn rank_here(&self) -> usize {
        self.place.rank_here
    }

    fn begin(&mut self, sent: Sent) -> Result<()> {
        let longest = (0..self.place.ranks).map(|rank| sent.to(rank).len()).max();
        if let Some(bytes) = longest.filter(|&bytes| bytes > LONGEST) {
            return Err(RankError::TooLong { bytes, most: LONGEST });
        }
        // Why the thread has gone, `finish` says.
        let _ = self.orders.send(Order::Exchange(sent));
        Ok(())
    }

    fn finish(&mut self) -> Result<Messages> {
        let gone = || Err(RankError::Failed { rank: self.place.rank });
        self.exchanged.recv().unwrap_or_else(|_| gone())
    }

    fn check(&mut self) -> Result<()> {
        match self.exchanged.try_recv() {
            // Nothing was asked for: it can only be why the job ends.
            Ok(ending) => ending.map(drop),
            Err(TryRecvError::Empty) => Ok(()),
            Err(TryRecvError::Disconnected) => Err(RankError::Failed { rank: self.place.rank }),
        }
    }

    fn leave(mut self: Box<Self>) {
        self.end(Order::Leave);
    }

    fn fail(mut self: Box<Self>) {
        self.end(Order::Fail);
    }
}

//! Two ways for the messages of a job: short ones take the engine that it has begun with, long ones a [`Wire`].
//!
//! That engine, the *control*, carries first what each rank has for each other: a short message itself, of a long one its
//! length. So all ranks are there when the long ones travel, and a rank that is lost meanwhile is noticed, since the
//! control has its signs of life.
//!
//! As MPI's, this engine has a thread of its own, so that messages travel while the rank computes. The wire has another:
//! its calls may wait for a rank that is gone.

mod connect;
mod exchange;
mod header;
mod service;
#[cfg(test)]
mod tests;
mod wire;
mod wire_thread;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) use self::connect::connect;
use self::service::{Order, serve};
pub(crate) use self::wire::Wire;
#[cfg(feature = "nccl")]
pub(crate) use self::wire_thread::NAME as WIRE_THREAD;
pub(crate) use self::wire_thread::WireThread;
use crate::{Engine, Messages, RankError, Result, Sent};

/// What takes which way, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes from which a message is long. Below, a message costs no more time than the word that it is coming.
    pub(crate) long: usize,
    /// Bytes of a message that travel at once: the wire's buffers are no larger for each rank.
    pub(crate) piece: usize,
    /// How long the wire may take for a piece, or to connect; all ranks are there before it begins.
    pub(crate) patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { long: 64 << 10, piece: 16 << 20, patience: Duration::from_secs(120) }
    }
}

/// The engine that hands messages to the thread that has control and wire.
pub(crate) struct TwoWays {
    place: Place,
    orders: Sender<Order>,
    exchanged: Receiver<Result<Messages>>,
    thread: Option<JoinHandle<()>>,
}

/// The place of a rank in its job, as the control says.
#[derive(Clone, Copy, Debug)]
struct Place {
    rank: usize,
    ranks: usize,
    rank_here: usize,
}

impl TwoWays {
    /// An engine with this wire, and where its control must be sent. It is like `control`, which is only looked at: it is
    /// not lost if there is no thread to be had.
    ///
    /// # Errors
    /// [`RankError::Nccl`].
    pub(crate) fn begin<W: Wire>(
        control: &dyn Engine,
        wire: WireThread<W>,
        limits: Limits,
    ) -> Result<(Self, Sender<Box<dyn Engine>>)> {
        let (rank, ranks, rank_here) = (control.rank(), control.ranks(), control.rank_here());
        let (orders, taken) = channel();
        let (results, exchanged) = channel();
        let (handed, received) = channel::<Box<dyn Engine>>();
        let work = move || {
            if let Ok(control) = received.recv() {
                serve(control, wire, limits, &taken, &results);
            }
        };
        let thread = std::thread::Builder::new().name("two ways".to_owned()).spawn(work);
        let thread = thread.map_err(|error| RankError::Nccl { rank, reason: error.to_string() })?;
        let place = Place { rank, ranks, rank_here };
        Ok((Self { place, orders, exchanged, thread: Some(thread) }, handed))
    }

    /// The end of the thread, and of the control with it.
    fn end(&mut self, order: Order) {
        // A thread that has gone has nothing to end.
        let _ = self.orders.send(order);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Engine for TwoWays {
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
        // Why the thread has gone, `finish` says.
        let _ = self.orders.send(Order::Exchange(sent));
        Ok(())
    }

    fn finish(&mut self) -> Result<Messages> {
        let gone = || Err(RankError::Failed { rank: self.place.rank });
        self.exchanged.recv().unwrap_or_else(|_| gone())
    }

    fn leave(mut self: Box<Self>) {
        self.end(Order::Leave);
    }

    fn fail(mut self: Box<Self>) {
        self.end(Order::Fail);
    }
}

//! The thread that talks to MPI.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use mpi::Threading;
use mpi::topology::{Communicator, SimpleCommunicator};

use super::exchange::exchange;
use super::pulse::Pulse;
use crate::{Messages, RankError, Result, Sent};

/// How long the thread waits for an order before it looks after the signs of life.
const IDLE: Duration = Duration::from_millis(100);
/// How long a program may take to end when a rank is lost: time to save.
const GRACE: Duration = Duration::from_secs(8);
/// Exit code of a job that is ended for all.
const FAILURE: i32 = 1;

/// What the thread is to do.
pub(super) enum Order {
    /// Exchange messages.
    Exchange(Sent),
    /// Leave the job, with all others.
    Leave,
    /// End the job because of an error here.
    Fail,
}

/// What the thread has become a part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    /// Number of this rank.
    pub(super) rank: usize,
    /// Ranks of the job.
    pub(super) ranks: usize,
    /// Number of this rank among those of this machine.
    pub(super) rank_here: usize,
}

/// Begins with MPI, and obeys until it is told to end.
pub(super) fn serve(
    patience: Duration,
    orders: &Receiver<Order>,
    results: &Sender<Result<Messages>>,
    ready: &Sender<Result<Begun>>,
    said: fn(&RankError),
) {
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
        let reason = "it runs already in this process".to_owned();
        let _ = ready.send(Err(RankError::Start { reason }));
        return;
    };
    let world = universe.world();
    let number = |number: i32| usize::try_from(number).unwrap_or_default();
    let here = world.split_shared(world.rank());
    let begun = Begun {
        rank: number(world.rank()),
        ranks: number(world.size()),
        rank_here: number(here.rank()),
    };
    let _ = ready.send(Ok(begun));
    let mut pulse = Pulse::new(patience, begun.rank, begun.ranks);
    let loss = Loss { world: &world, orders, results, said };
    loop {
        match orders.recv_timeout(IDLE) {
            Ok(Order::Exchange(sent)) => {
                let exchanged = exchange(&world, &sent, &mut pulse, &loss);
                let _ = results.send(Ok(exchanged));
            }
            Ok(Order::Leave) => {
                // All are here, and nobody's sign of life is under way to one that has gone.
                exchange(&world, &Sent::All(Vec::new()), &mut pulse, &loss);
                pulse.drain(&world);
                return;
            }
            // Without anybody who could give orders the program has panicked.
            Ok(Order::Fail) | Err(RecvTimeoutError::Disconnected) => fail(&world, &mut pulse),
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = pulse.beat(&world) {
                    loss.end(&error);
                }
            }
        }
    }
}

/// Ends the job because of an error of this rank: the first rank, if it is another, has time to save.
fn fail(world: &SimpleCommunicator, pulse: &mut Pulse) -> ! {
    if world.rank() != 0 {
        pulse.tell_failure(world);
        std::thread::sleep(GRACE);
    }
    world.abort(FAILURE)
}

/// The end of a job that has lost a rank.
pub(super) struct Loss<'a> {
    world: &'a SimpleCommunicator,
    orders: &'a Receiver<Order>,
    results: &'a Sender<Result<Messages>>,
    said: fn(&RankError),
}

impl Loss<'_> {
    /// Ends the job: the program is told, and has time to save.
    pub(super) fn end(&self, error: &RankError) -> ! {
        let _ = self.results.send(Err(error.clone()));
        let since = Instant::now();
        loop {
            match self.orders.recv_timeout(GRACE.saturating_sub(since.elapsed())) {
                Ok(Order::Exchange(_)) => {
                    let _ = self.results.send(Err(error.clone()));
                }
                Ok(Order::Leave | Order::Fail) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    (self.said)(error);
                    break;
                }
            }
        }
        self.world.abort(FAILURE)
    }
}

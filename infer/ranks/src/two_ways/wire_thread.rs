//! The thread that has the wire: what it does may never end, and who waits for it still notices.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Wire;
use crate::{Engine, RankError, Result};

/// Name of the thread.
pub(crate) const NAME: &str = "wire";
/// How often who waits looks whether the other ranks are still there.
const LOOK: Duration = Duration::from_millis(100);

/// Something to do with the wire, which is there once it was opened.
type Task<W> = Box<dyn FnOnce(&mut Option<W>) + Send>;

/// The thread of a wire, seen from who uses it. Dropped, it is left to itself.
pub(crate) struct WireThread<W> {
    rank: usize,
    patience: Duration,
    tasks: Sender<Task<W>>,
    thread: JoinHandle<()>,
}

impl<W: Wire> WireThread<W> {
    /// Starts the thread of a rank's wire, which may take `patience` for a task.
    ///
    /// # Errors
    /// [`RankError::Nccl`].
    pub(super) fn start(rank: usize, patience: Duration) -> Result<Self> {
        let (tasks, taken) = channel::<Task<W>>();
        let work = move || {
            let mut wire = None;
            for task in taken {
                task(&mut wire);
            }
        };
        let thread = std::thread::Builder::new().name(NAME.to_owned()).spawn(work);
        let thread = thread.map_err(|error| RankError::Nccl { rank, reason: error.to_string() })?;
        Ok(Self { rank, patience, tasks, thread })
    }

    /// Does something with the wire, and looks meanwhile whether all ranks are there.
    ///
    /// # Errors
    /// [`RankError::Nccl`] if it fails, panics, or takes too long; what `control` says if a rank is lost.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        control: &mut dyn Engine,
        work: impl FnOnce(&mut Option<W>) -> Result<T, String> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = channel();
        let task = move |wire: &mut Option<W>| {
            let done = catch_unwind(AssertUnwindSafe(|| work(wire)));
            // Who has given up takes no answer.
            let _ = answer.send(done.unwrap_or_else(|panic| Err(words(&*panic))));
        };
        // A thread that has gone drops the task, and its answer with it.
        let _ = self.tasks.send(Box::new(task));
        let since = Instant::now();
        let failed = |reason: String| Err(RankError::Nccl { rank: self.rank, reason });
        loop {
            match answered.recv_timeout(LOOK) {
                Ok(done) => return done.or_else(failed),
                Err(RecvTimeoutError::Timeout) => control.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return failed("its thread has ended".to_owned());
                }
            }
            if since.elapsed() > self.patience {
                let seconds = self.patience.as_secs();
                return failed(format!("it has not answered for {seconds} s"));
            }
        }
    }

    /// Ends the wire; returns when it has ended.
    pub(super) fn end(self) {
        drop(self.tasks);
        // It had nothing more to do: how it has ended is of no use.
        let _ = self.thread.join();
    }
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it gives no reason".to_owned())
}

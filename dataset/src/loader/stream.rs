//! Making batches ahead of the one who needs them.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};

use super::Batch;
use crate::decode::panic_message;
use crate::{Error, Result};

/// Batches in order, made on a background thread; ends after the last step or the first error.
///
/// Dropping it stops the thread.
pub struct BatchStream {
    /// `None` once the stream has ended.
    batches: Option<Receiver<Result<Batch>>>,
    worker: Option<JoinHandle<()>>,
}

impl BatchStream {
    /// Starts making the batches of `steps`, up to `ahead` more than were taken.
    pub(super) fn start(
        steps: impl Iterator<Item = u64> + Send + 'static,
        ahead: usize,
        make: impl Fn(u64) -> Result<Batch> + Send + 'static,
    ) -> Self {
        let (sender, batches) = sync_channel(ahead);
        let work = move || {
            for step in steps {
                let batch = make(step);
                let failed = batch.is_err();
                // Nobody takes it any more: the stream was dropped.
                if sender.send(batch).is_err() || failed {
                    break;
                }
            }
        };
        match thread::Builder::new().name("loader".to_owned()).spawn(work) {
            Ok(worker) => Self { batches: Some(batches), worker: Some(worker) },
            Err(error) => Self::failed(error.to_string()),
        }
    }

    /// A stream of nothing but one error.
    fn failed(reason: String) -> Self {
        let (sender, batches) = sync_channel(1);
        // The receiver is right here and has room for one.
        let _ = sender.send(Err(Error::Background { reason }));
        Self { batches: Some(batches), worker: None }
    }
}

impl Iterator for BatchStream {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Ok(batch) = self.batches.as_ref()?.recv() {
            return Some(batch);
        }
        self.batches = None;
        let panicked = self.worker.take()?.join().err()?;
        let reason = panic_message(&*panicked).to_owned();
        Some(Err(Error::Background { reason }))
    }
}

impl Drop for BatchStream {
    fn drop(&mut self) {
        // Without a receiver the worker stops after the batch it is at.
        self.batches = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

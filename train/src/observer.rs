//! Watching a run: progress, metrics and pictures are observers of the loop, not part of it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Result;
use crate::metrics::Record;
use crate::preview::Preview;

/// Is told what a run does; every method does nothing unless it is overridden.
///
/// What an observer cannot do does not end the run: its errors are counted and named.
pub trait TrainObserver {
    /// The run begins, or goes on.
    ///
    /// # Errors
    /// Whatever keeps it from being recorded.
    fn begun(&mut self) -> Result<()> {
        Ok(())
    }

    /// Means over the steps since the last record, or a validation.
    ///
    /// # Errors
    /// Whatever keeps it from being recorded.
    fn record(&mut self, record: &Record) -> Result<()> {
        let _ = record;
        Ok(())
    }

    /// Images were drawn after `step` steps.
    ///
    /// # Errors
    /// Whatever keeps it from being recorded.
    fn preview(&mut self, step: u64, preview: &Preview) -> Result<()> {
        let _ = (step, preview);
        Ok(())
    }

    /// The state after `step` steps is safe in `checkpoint`.
    ///
    /// # Errors
    /// Whatever keeps it from being recorded.
    fn saved(&mut self, step: u64, checkpoint: &Path) -> Result<()> {
        let _ = (step, checkpoint);
        Ok(())
    }

    /// The run is over, for whatever reason.
    ///
    /// # Errors
    /// Whatever keeps it from being recorded.
    fn ended(&mut self) -> Result<()> {
        Ok(())
    }

    /// Something that the user is to know.
    fn note(&mut self, message: &str) {
        let _ = message;
    }
}

/// Several observers, told one after the other; an error of one is no concern of the others.
pub struct Observers<'a> {
    all: Vec<&'a mut dyn TrainObserver>,
    /// What has failed, and how many times.
    failures: BTreeMap<String, u64>,
}

impl<'a> Observers<'a> {
    /// These observers.
    pub fn new(all: Vec<&'a mut dyn TrainObserver>) -> Self {
        Self { all, failures: BTreeMap::new() }
    }

    /// See [`TrainObserver::begun`].
    pub fn begun(&mut self) {
        self.tell(|observer| observer.begun());
    }

    /// See [`TrainObserver::record`].
    pub fn record(&mut self, record: &Record) {
        self.tell(|observer| observer.record(record));
    }

    /// See [`TrainObserver::preview`].
    pub fn preview(&mut self, step: u64, preview: &Preview) {
        self.tell(|observer| observer.preview(step, preview));
    }

    /// See [`TrainObserver::saved`].
    pub fn saved(&mut self, step: u64, checkpoint: &Path) {
        self.tell(|observer| observer.saved(step, checkpoint));
    }

    /// See [`TrainObserver::ended`]; also says what has failed and how often.
    pub fn ended(&mut self) {
        self.tell(|observer| observer.ended());
        for (failure, times) in std::mem::take(&mut self.failures) {
            if times > 1 {
                self.note(&format!("{failure} ({times} times)"));
            }
        }
    }

    /// See [`TrainObserver::note`].
    pub fn note(&mut self, message: &str) {
        self.all.iter_mut().for_each(|observer| observer.note(message));
    }

    fn tell(&mut self, tell: impl Fn(&mut dyn TrainObserver) -> Result<()>) {
        let failed = self.all.iter_mut().filter_map(|observer| tell(&mut **observer).err());
        let failed: Vec<String> = failed.map(|error| error.to_string()).collect();
        for failure in failed {
            let times = self.failures.entry(failure.clone()).or_default();
            *times += 1;
            if *times == 1 {
                self.note(&format!("{failure}; the run goes on without"));
            }
        }
    }
}

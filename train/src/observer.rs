//! Watching a run: progress, metrics and pictures are observers of the loop, not part of it.

use std::path::Path;

use image::RgbImage;

use crate::Result;
use crate::metrics::Record;

/// Is told what a run does; every method does nothing unless it is overridden.
pub trait TrainObserver {
    /// Means over the steps since the last record, or a validation.
    ///
    /// # Errors
    /// Whatever stops the run.
    fn record(&mut self, record: &Record) -> Result<()> {
        let _ = record;
        Ok(())
    }

    /// A grid of images was drawn after `step` steps.
    ///
    /// # Errors
    /// Whatever stops the run.
    fn preview(&mut self, step: u64, picture: &RgbImage) -> Result<()> {
        let _ = (step, picture);
        Ok(())
    }

    /// The state after `step` steps is safe in `checkpoint`.
    ///
    /// # Errors
    /// Whatever stops the run.
    fn saved(&mut self, step: u64, checkpoint: &Path) -> Result<()> {
        let _ = (step, checkpoint);
        Ok(())
    }
}

/// Several observers, told one after the other.
#[derive(Default)]
pub struct Observers<'a>(pub Vec<&'a mut dyn TrainObserver>);

impl TrainObserver for Observers<'_> {
    fn record(&mut self, record: &Record) -> Result<()> {
        self.0.iter_mut().try_for_each(|observer| observer.record(record))
    }

    fn preview(&mut self, step: u64, picture: &RgbImage) -> Result<()> {
        self.0.iter_mut().try_for_each(|observer| observer.preview(step, picture))
    }

    fn saved(&mut self, step: u64, checkpoint: &Path) -> Result<()> {
        self.0.iter_mut().try_for_each(|observer| observer.saved(step, checkpoint))
    }
}

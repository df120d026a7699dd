//! How far a sweep has come, on the terminal, and how many network calls it has made.

use pixelflow::sampler::StageStart;
use pixelflow_host::progress::{ProgressBar, percent_bar};

use crate::draw::DrawObserver;

/// A bar over the network calls of all cells, as far as they are known beforehand.
#[derive(Debug)]
pub struct SweepProgress {
    bar: ProgressBar,
    cell: String,
    stage: String,
    /// Calls of an image of this cell, as the bar counts them.
    weight: u64,
    calls: u64,
    images: u64,
}

impl SweepProgress {
    /// A bar to so many calls.
    pub fn new(calls: u64) -> Self {
        let (cell, stage) = (String::new(), String::new());
        Self { bar: percent_bar(calls), cell, stage, weight: 0, calls: 0, images: 0 }
    }

    /// Begins a cell, an image of which counts for `weight` calls.
    pub fn begin(&mut self, cell: String, weight: u64) {
        (self.cell, self.weight, self.calls, self.images) = (cell, weight, 0, 0);
    }

    /// Network calls of an image of this cell, the mean of those that are done.
    pub fn mean_calls(&self) -> f64 {
        self.calls as f64 / self.images.max(1) as f64
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl DrawObserver for SweepProgress {
    fn stage_started(&mut self, stage: StageStart) {
        self.stage = format!("{}, stage {} of {}", self.cell, stage.stage + 1, stage.stages);
        self.bar.set_message(self.stage.clone());
    }

    fn step_done(&mut self, step: usize, _time: f64) {
        self.bar.set_message(format!("{}, step {step}", self.stage));
    }

    fn image_done(&mut self, network_calls: usize) {
        self.calls += network_calls as u64;
        self.images += 1;
        self.bar.inc(self.weight);
    }
}

//! How far drawing has come, on the terminal.

use pixelflow::sampler::StageStart;
use pixelflow_host::progress::{ProgressBar, counting_bar, percent_bar};

use crate::draw::DrawObserver;

/// Parts of a stage that the bar can tell apart.
const PARTS: u64 = 1000;

/// A bar over all stages of all batches; it is silent where there is no terminal.
#[derive(Debug)]
pub struct DrawProgress {
    bar: ProgressBar,
    stages: u64,
    /// Parts done before the current stage.
    before: u64,
    stage: String,
    images: usize,
}

impl DrawProgress {
    /// A bar for `batches` batches through `stages` stages.
    pub fn new(batches: usize, stages: usize) -> Self {
        let bar = percent_bar(batches as u64 * stages as u64 * PARTS);
        Self { bar, stages: stages as u64, before: 0, stage: String::new(), images: 0 }
    }

    /// Hides the bar while something else writes to the terminal.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar over images of captions, whatever batches they are drawn in.
#[derive(Debug)]
pub struct CaptionProgress {
    bar: ProgressBar,
    stage: String,
}

impl CaptionProgress {
    /// A bar for so many images.
    pub fn new(images: u64) -> Self {
        Self { bar: counting_bar(images, "drawing"), stage: String::new() }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl DrawObserver for CaptionProgress {
    fn stage_started(&mut self, stage: StageStart) {
        self.stage = format!("drawing, stage {} of {}", stage.stage + 1, stage.stages);
        self.bar.set_message(self.stage.clone());
    }

    fn step_done(&mut self, step: usize, _time: f64) {
        self.bar.set_message(format!("{}, step {step}", self.stage));
    }

    fn batch_done(&mut self, images: usize) {
        self.bar.inc(images as u64);
    }
}

impl DrawObserver for DrawProgress {
    fn stage_started(&mut self, stage: StageStart) {
        let StageStart { stage, stages, height, width, steps } = stage;
        let batches_done = self.before / (self.stages * PARTS) * self.stages * PARTS;
        self.before = batches_done + stage as u64 * PARTS;
        let steps = steps.map_or_else(String::new, |steps| format!(" of {steps}"));
        self.stage = format!("stage {} of {stages}, {height}x{width}, step {{}}{steps}", stage + 1);
        self.bar.set_position(self.before);
    }

    fn step_done(&mut self, step: usize, time: f64) {
        self.bar.set_position(self.before + (time.clamp(0.0, 1.0) * PARTS as f64) as u64);
        let images = format!("; {} images done", self.images);
        let done = if self.images == 0 { "" } else { &images };
        self.bar.set_message(self.stage.replace("{}", &step.to_string()) + done);
    }

    fn batch_done(&mut self, images: usize) {
        self.images += images;
        let batch = self.stages * PARTS;
        self.before = (self.before / batch + 1) * batch;
        self.bar.set_position(self.before);
    }
}

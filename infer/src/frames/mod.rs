//! Frames: what images look like on their way, and who looks at them.
//!
//! After a step, [`Watched`](crate::draw::Watched) gives a [`Frame`] of the first batch to all viewers who want it.
//! The terminal shows it, a strip keeps the ends of the stages, an animation keeps them all.

pub mod animation;
mod sheet;
pub mod strip;
pub mod terminal;
pub mod views;
mod webp;

use image::RgbImage;
use pixelflow::sampler::StepDone;

use crate::Result;
use crate::draw::DrawObserver;
use crate::progress::DrawProgress;

/// Images of a batch that are looked at, at most.
pub const MOST_SHOWN: usize = 16;

/// Images as they are predicted after a step.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The first of the batch, in the sides of the stage.
    pub images: Vec<RgbImage>,
    /// The step.
    pub done: StepDone,
}

/// Somebody who looks at frames.
pub trait FrameViewer {
    /// Whether it wants the frame after this step.
    fn wants(&self, done: &StepDone) -> bool;

    /// Looks at one.
    ///
    /// # Errors
    /// If it cannot show it.
    fn show(&mut self, frame: &Frame) -> Result<()>;

    /// All images are drawn, or as many as there will be.
    ///
    /// # Errors
    /// If it cannot write what it has seen.
    fn finish(&mut self) -> Result<()>;
}

/// A bar, and viewers of the first batch.
pub struct Viewed<'a> {
    progress: &'a mut DrawProgress,
    viewers: Vec<Box<dyn FrameViewer>>,
    is_first_batch: bool,
    /// Why a viewer could not show a frame; it is told when all is drawn.
    failed: Option<crate::Error>,
}

impl<'a> Viewed<'a> {
    /// Viewers beside a bar.
    pub fn new(progress: &'a mut DrawProgress, viewers: Vec<Box<dyn FrameViewer>>) -> Self {
        Self { progress, viewers, is_first_batch: true, failed: None }
    }

    /// Lets the viewers write what they have seen.
    ///
    /// # Errors
    /// The first thing that a viewer could not show or write.
    pub fn finish(self) -> Result<()> {
        let Self { viewers, mut failed, progress, .. } = self;
        progress.finish();
        // One that cannot write keeps no other from it.
        for mut viewer in viewers {
            if let Err(error) = viewer.finish() {
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

impl DrawObserver for Viewed<'_> {
    fn stage_started(&mut self, stage: pixelflow::sampler::StageStart) {
        self.progress.stage_started(stage);
    }

    fn step_done(&mut self, step: usize, time: f64) {
        self.progress.step_done(step, time);
    }

    fn batch_done(&mut self, images: usize) {
        self.is_first_batch = false;
        self.progress.batch_done(images);
    }

    fn wants_frame(&mut self, done: &StepDone) -> bool {
        self.is_first_batch && self.viewers.iter().any(|viewer| viewer.wants(done))
    }

    fn frame(&mut self, frame: &Frame) {
        let Self { progress, viewers, failed, .. } = self;
        progress.suspend(|| {
            for viewer in viewers.iter_mut() {
                if viewer.wants(&frame.done)
                    && let Err(error) = viewer.show(frame)
                {
                    failed.get_or_insert(error);
                }
            }
        });
    }
}

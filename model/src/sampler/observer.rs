//! Watching a run.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// A stage about to be solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageStart {
    /// Which stage.
    pub stage: usize,
    /// Number of stages.
    pub stages: usize,
    /// Height of the images in pixels.
    pub height: usize,
    /// Width of the images in pixels.
    pub width: usize,
    /// Number of steps, where it is known beforehand.
    pub steps: Option<usize>,
}

/// Is told what a run does; every method does nothing unless it is overridden.
pub trait SampleObserver<B: Backend> {
    /// A stage starts; `state` is what it starts from, `[images, channels, height, width]`.
    fn stage_started(&mut self, stage: StageStart, state: &Tensor<B, 4>) {
        let _ = (stage, state);
    }

    /// A step is done and the state is `state`; `time` is the time within the stage of the image
    /// that is furthest behind, 0..1.
    fn step_done(&mut self, stage: usize, step: usize, time: f64, state: &Tensor<B, 4>) {
        let _ = (stage, step, time, state);
    }

    /// A stage is done; its last state is `state`.
    fn stage_finished(&mut self, stage: usize, state: &Tensor<B, 4>) {
        let _ = (stage, state);
    }
}

/// An observer that does nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl<B: Backend> SampleObserver<B> for Silent {}

//! A run through all stages at once, with an observer.

use burn::tensor::Tensor;

use super::{Conditions, Networks, NoiseSource, Progress, SampleObserver, Sampler};
use crate::Result;
use crate::ops::PixelFlowBackend;

/// The images of a run.
#[derive(Clone, Debug)]
pub struct Samples<B: PixelFlowBackend> {
    /// The last state, `[images, channels, height, width]`; pixels are in -1..1.
    pub images: Tensor<B, 4>,
    /// Network evaluations (NFE) of each image in each stage, `[stage][image]`.
    pub evaluations: Vec<Vec<usize>>,
}

impl Sampler {
    /// Draws images of `height` x `width` pixels: all steps of a [`stepper`](Self::stepper).
    ///
    /// # Errors
    /// [`crate::Error::InvalidSize`] for a size that does not fit, [`crate::Error::ClassOutOfRange`]
    /// for a class the model does not have, [`crate::Error::NotFinite`] and
    /// [`crate::Error::SolverStuck`] where the model misbehaves.
    ///
    /// # Panics
    /// If the conditions are of the other kind than the model's.
    pub fn run<B: PixelFlowBackend>(
        &self,
        networks: impl Into<Networks<B>>,
        conditions: &Conditions<B>,
        noise: &dyn NoiseSource,
        size: [usize; 2],
        observer: &mut dyn SampleObserver<B>,
    ) -> Result<Samples<B>> {
        let mut stepper = self.stepper(networks, conditions.clone(), noise, size)?;
        let mut steps = 0;
        while let Some(progress) = stepper.step()? {
            let Some(state) = stepper.carried() else {
                continue;
            };
            match progress {
                Progress::Stage(start) => {
                    steps = 0;
                    observer.stage_started(start, &state);
                }
                Progress::Step(done) => {
                    if done.step > steps {
                        steps = done.step;
                        observer.step_done(done.stage, done.step - 1, done.time, &state);
                    }
                    if done.stage_is_done {
                        observer.stage_finished(done.stage, &state);
                    }
                }
            }
        }
        let images = stepper.state().expect("a cascade has a stage");
        Ok(Samples { images, evaluations: stepper.evaluations() })
    }
}

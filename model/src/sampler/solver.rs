//! The solver of one stage, whatever its kind, one step at a time.

use burn::tensor::Tensor;

use super::dopri5::{Batch, PerImage};
use super::fixed_steps::{FixedSteps, Method};
use super::read_back::read_back;
use super::{GuidedVelocity, Sampler, Tolerance, euler_times};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// A stage on its way from its start to time 1.
#[derive(Debug)]
pub(super) enum Solver<B: PixelFlowBackend> {
    /// All whose times are chosen beforehand.
    Steps(FixedSteps<B>),
    /// Dopri5.
    PerImage(PerImage<B>),
    /// The reference's Dopri5, with the state twice.
    Batch(Batch<B>),
}

impl<B: PixelFlowBackend> Solver<B> {
    /// Begins a stage at time `start` within it.
    pub(super) fn new(sampler: &Sampler, stage: usize, start: f64, state: Tensor<B, 4>) -> Self {
        match (Method::of(sampler.config.solver), sampler.config.reference) {
            (Some(method), _) => {
                Self::Steps(FixedSteps::new(method, &times(sampler, stage), start, state))
            }
            (None, false) => Self::PerImage(PerImage::new(state, tolerance(sampler), start)),
            (None, true) => Self::Batch(Batch::new(state, tolerance(sampler), start, &[1.0])),
        }
    }

    /// Makes one step; every kind waits for its device once at most.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::SolverStuck`], and what the velocity cannot compute.
    pub(super) async fn step(&mut self, velocity: &mut GuidedVelocity<'_, B>) -> Result<()> {
        let (stage, images) = (velocity.stage, velocity.conditions.images());
        match self {
            Self::Steps(solver) => {
                solver.step(velocity)?;
                if solver.done() == solver.steps() {
                    let sum = read_back(solver.state().clone().sum()).await?;
                    if !sum.iter().all(|sum| sum.is_finite()) {
                        return Err(Error::NotFinite { stage });
                    }
                }
                Ok(())
            }
            Self::PerImage(solver) => solver.step(velocity, stage).await,
            Self::Batch(solver) => {
                let span = &velocity.sampler.cascade.stages()[stage];
                let (first, last) = (span.first_timestep(), span.last_timestep());
                let rows: Vec<usize> = (0..images).collect();
                let mut doubled = |times: &[f64], state: Tensor<B, 4>, _: &[usize]| {
                    let timesteps = vec![(last - first) * times[0] + first; images];
                    let half = state.narrow(0, 0, images);
                    Ok(velocity.at_timesteps(&timesteps, half, &rows).repeat_dim(0, 2))
                };
                solver.step(&mut doubled, stage).await
            }
        }
    }

    /// Whether the end of the stage is reached.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Steps(solver) => solver.done() == solver.steps(),
            Self::PerImage(solver) => solver.time() >= 1.0,
            Self::Batch(solver) => solver.is_done(),
        }
    }

    /// The state of all images.
    pub(super) fn state(&self) -> Tensor<B, 4> {
        match self {
            Self::Steps(solver) => solver.state().clone(),
            Self::PerImage(solver) => solver.state(),
            Self::Batch(solver) => solver.state(),
        }
    }

    /// The state that the images head for, `x + (1 - t) v`; `None` before a slope is known.
    pub(super) fn heading(&self) -> Option<Tensor<B, 4>> {
        match self {
            Self::Steps(solver) => solver.heading(),
            Self::PerImage(solver) => solver.heading(),
            Self::Batch(solver) => solver.heading(),
        }
    }

    /// Time within the stage of the image that is furthest behind.
    pub(super) fn time(&self) -> f64 {
        match self {
            Self::Steps(solver) => solver.time(),
            Self::PerImage(solver) => solver.time(),
            Self::Batch(solver) => solver.time(),
        }
    }

    /// The newest slope of all images; `None` before one is known.
    pub(super) fn slope(&self) -> Option<Tensor<B, 4>> {
        match self {
            Self::Steps(solver) => solver.slope().cloned(),
            Self::PerImage(solver) => solver.slope(),
            Self::Batch(solver) => solver.slope().cloned(),
        }
    }

    /// The time within the stage of each of `images` images.
    pub(super) fn times(&self, images: usize) -> Vec<f64> {
        match self {
            Self::PerImage(solver) => solver.times(images),
            Self::Steps(_) | Self::Batch(_) => vec![self.time(); images],
        }
    }

    /// Number of steps so far.
    pub(super) fn steps(&self) -> usize {
        match self {
            Self::Steps(solver) => solver.done(),
            Self::PerImage(solver) => solver.steps(),
            Self::Batch(solver) => solver.steps(),
        }
    }

    /// Number of steps in all, where it is known beforehand.
    pub(super) fn steps_in_all(&self) -> Option<usize> {
        match self {
            Self::Steps(solver) => Some(solver.steps()),
            Self::PerImage(_) | Self::Batch(_) => None,
        }
    }

    /// Network evaluations of each of `images` images in this stage.
    pub(super) fn evaluations(&self, images: usize) -> Vec<usize> {
        match self {
            Self::Steps(solver) => vec![solver.evaluations(); images],
            Self::PerImage(solver) => solver.evaluations(),
            Self::Batch(solver) => vec![solver.evaluations(); images],
        }
    }
}

/// The times of a stage whose steps are chosen beforehand.
pub(super) fn times(sampler: &Sampler, stage: usize) -> Vec<f64> {
    let Sampler { config, cascade, steps } = sampler;
    euler_times(steps[stage], config.shift, cascade.train_timesteps(), config.reference)
}

/// The error bounds of an adaptive solver.
pub(super) fn tolerance(sampler: &Sampler) -> Tolerance {
    Tolerance { relative: sampler.config.rtol, absolute: sampler.config.atol }
}

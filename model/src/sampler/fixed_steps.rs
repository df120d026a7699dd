//! Solvers whose times are chosen beforehand.

use burn::tensor::Tensor;

use super::Velocity;
use super::euler::{Times, euler_step, times_from};
use super::heun::heun_step;
use crate::Result;
use crate::ops::PixelFlowBackend;

/// Order of a method with given times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Euler's method.
    First,
    /// Heun's method.
    Second,
}

/// A stage on its way through given times.
#[derive(Debug)]
pub(super) struct FixedSteps<B: PixelFlowBackend> {
    order: Order,
    times: Times,
    /// Number of steps that are done.
    done: usize,
    state: Tensor<B, 4>,
    /// The newest slope that is known.
    slope: Option<Tensor<B, 4>>,
}

impl<B: PixelFlowBackend> FixedSteps<B> {
    /// Begins at `start` and goes on through all later times; `done` steps of them are done already.
    pub(super) fn new(
        order: Order,
        times: &[f64],
        start: f64,
        done: usize,
        state: Tensor<B, 4>,
    ) -> Self {
        Self { order, times: times_from(times, start), done, state, slope: None }
    }

    /// The times at which the network is asked.
    pub(super) fn asked(&self) -> &[f64] {
        match self.order {
            Order::First => &self.times[..self.steps()],
            Order::Second => &self.times,
        }
    }

    /// Number of steps in all.
    pub(super) fn steps(&self) -> usize {
        self.times.len() - 1
    }

    /// Number of steps that are done.
    pub(super) fn done(&self) -> usize {
        self.done
    }

    /// The time that is reached.
    pub(super) fn time(&self) -> f64 {
        self.times[self.done]
    }

    /// The time that the stage was begun at.
    pub(super) fn start(&self) -> f64 {
        self.times[0]
    }

    /// Network evaluations of each image.
    pub(super) fn evaluations(&self) -> usize {
        match self.order {
            Order::First => self.done,
            Order::Second => 2 * self.done,
        }
    }

    /// The state of all images.
    pub(super) fn state(&self) -> &Tensor<B, 4> {
        &self.state
    }

    /// The state that the images head for, `x + (1 - t) v`; `None` before a slope is known.
    pub(super) fn heading(&self) -> Option<Tensor<B, 4>> {
        let slope = self.slope.clone()?;
        Some(self.state.clone() + slope * (1.0 - self.time()) as f32)
    }

    /// Makes one step.
    ///
    /// # Errors
    /// What the velocity cannot compute.
    pub(super) fn step(&mut self, velocity: &mut impl Velocity<B>) -> Result<()> {
        let rows: Vec<usize> = (0..self.state.dims()[0]).collect();
        let span = [self.times[self.done], self.times[self.done + 1]];
        let state = self.state.clone();
        let [state, slope] = match self.order {
            Order::First => euler_step(velocity, state, span, &rows)?,
            Order::Second => heun_step(velocity, state, span, &rows)?,
        };
        (self.state, self.slope) = (state, Some(slope));
        self.done += 1;
        Ok(())
    }
}

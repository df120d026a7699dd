//! Dopri5 as `torchdiffeq` has it: one step size for the whole batch.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::super::Velocity;
use super::super::read_back::read_back;
use super::tableau::{
    ERROR, MIDDLE, MOST_EVALUATIONS, Tolerance, combine, first_step, mean_squares, over_all, roots,
    slopes, step_factor, trial_step,
};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// The solution at all output times.
#[derive(Clone, Debug)]
pub struct Dopri5<B: PixelFlowBackend> {
    /// The states at the output times.
    pub outputs: Vec<Tensor<B, 4>>,
    /// Network evaluations.
    pub evaluations: usize,
}

/// A solver with one step size for the whole batch; it steps past the last output time and takes the
/// outputs from the quartic interpolant.
///
/// Times are f64, the state and the weights f32; the last two evaluations of a step are at the f32
/// number before its end.
#[derive(Debug)]
pub(in crate::sampler) struct Batch<B: PixelFlowBackend> {
    phase: Phase<B>,
    state: Tensor<B, 4>,
    place: BatchPlace,
    /// Output times, increasing.
    times: Vec<f64>,
    outputs: Vec<Tensor<B, 4>>,
    tolerance: Tolerance,
}

#[derive(Debug)]
enum Phase<B: PixelFlowBackend> {
    Start,
    Trial { slope: Tensor<B, 4>, slope_norm: f64, trial: f64 },
    Steps { slope: Tensor<B, 4> },
}

/// How far a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPlace {
    /// Time within the stage.
    pub time: f64,
    /// Length of the next step.
    pub step: f64,
    /// Network evaluations in this stage.
    pub evaluations: usize,
    /// Steps that were accepted.
    pub accepted: usize,
}

impl<B: PixelFlowBackend> Batch<B> {
    /// Begins at time `start`; `times` are the output times.
    pub(in crate::sampler) fn new(
        state: Tensor<B, 4>,
        tolerance: Tolerance,
        start: f64,
        times: &[f64],
    ) -> Self {
        let place = BatchPlace { time: start, step: 0.0, evaluations: 0, accepted: 0 };
        let (times, outputs) = (times.to_vec(), Vec::new());
        Self { phase: Phase::Start, state, place, times, outputs, tolerance }
    }

    /// Goes on from a place that was saved, with its state and slope, to time 1.
    pub(in crate::sampler) fn at(
        place: BatchPlace,
        [state, slope]: [Tensor<B, 4>; 2],
        tolerance: Tolerance,
    ) -> Self {
        let (times, outputs) = (vec![1.0], Vec::new());
        Self { phase: Phase::Steps { slope }, state, place, times, outputs, tolerance }
    }

    /// The place to be saved, with the slope; `None` before the first step is chosen.
    pub(in crate::sampler) fn place(&self) -> Option<(BatchPlace, Tensor<B, 4>)> {
        match &self.phase {
            Phase::Steps { slope } => Some((self.place, slope.clone())),
            Phase::Start | Phase::Trial { .. } => None,
        }
    }

    /// The last output, once all are there; the state on the way.
    pub(in crate::sampler) fn state(&self) -> Tensor<B, 4> {
        self.outputs.last().filter(|_| self.is_done()).unwrap_or(&self.state).clone()
    }

    /// The state that the batch heads for, `x + (1 - t) v`; `None` before the first slope is known.
    pub(in crate::sampler) fn heading(&self) -> Option<Tensor<B, 4>> {
        let slope = self.slope()?.clone();
        let left = (1.0 - self.place.time).max(0.0) as f32;
        Some(if self.is_done() { self.state() } else { self.state() + slope * left })
    }

    /// The newest slope; `None` before the first is known.
    pub(in crate::sampler) fn slope(&self) -> Option<&Tensor<B, 4>> {
        match &self.phase {
            Phase::Start => None,
            Phase::Trial { slope, .. } | Phase::Steps { slope } => Some(slope),
        }
    }

    /// Whether every output is there.
    pub(in crate::sampler) fn is_done(&self) -> bool {
        self.outputs.len() == self.times.len()
    }

    /// Time within the stage, at most 1.
    pub(in crate::sampler) fn time(&self) -> f64 {
        self.place.time.min(1.0)
    }

    /// Number of accepted steps.
    pub(in crate::sampler) fn steps(&self) -> usize {
        self.place.accepted
    }

    /// Network evaluations.
    pub(in crate::sampler) fn evaluations(&self) -> usize {
        self.place.evaluations
    }

    /// Makes, or tries, one step; the first two choose the first step size.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::SolverStuck`] if the steps become too small, and what the
    /// velocity cannot compute.
    pub(in crate::sampler) async fn step(
        &mut self,
        velocity: &mut impl Velocity<B>,
        stage: usize,
    ) -> Result<()> {
        let count = self.state.dims()[0];
        let rows: Vec<usize> = (0..count).collect();
        let (state, tolerance) = (self.state.clone(), self.tolerance);
        match &self.phase {
            Phase::Start => {
                let slope = velocity.at(&vec![self.place.time; count], state.clone(), &rows)?;
                let magnitude = state.clone().abs();
                let of_state = mean_squares(state, magnitude.clone(), tolerance);
                let of_slope = mean_squares(slope.clone(), magnitude, tolerance);
                let norms = roots(&read_back(Tensor::cat(vec![of_state, of_slope], 0)).await?);
                let (state_norms, slope_norms) = norms.split_at(count);
                let slope_norm = over_all(slope_norms);
                let trial = trial_step(over_all(state_norms), slope_norm);
                self.place.evaluations += 1;
                self.phase = Phase::Trial { slope, slope_norm, trial };
            }
            Phase::Trial { slope, slope_norm, trial } => {
                let length = *trial as f32;
                let there = state.clone() + slope.clone() * length;
                let time = self.place.time + f64::from(length);
                let later = velocity.at(&vec![time; count], there, &rows)?;
                let change = mean_squares(later - slope.clone(), state.abs(), tolerance);
                let change = over_all(&roots(&read_back(change).await?)) / trial;
                self.place.step = first_step(*trial, *slope_norm, change);
                self.place.evaluations += 1;
                self.phase = Phase::Steps { slope: slope.clone() };
            }
            Phase::Steps { slope } => {
                let slope = slope.clone();
                self.advance(velocity, slope, &rows, stage).await?;
            }
        }
        Ok(())
    }

    async fn advance(
        &mut self,
        velocity: &mut impl Velocity<B>,
        slope: Tensor<B, 4>,
        rows: &[usize],
        stage: usize,
    ) -> Result<()> {
        let BatchPlace { time, step, .. } = self.place;
        let end_time = time + step;
        let before_end = f64::from((end_time as f32).next_down());
        let at = |_: usize, node: f64| {
            if node == 1.0 { before_end } else { f64::from((time + node * step) as f32) }
        };
        let (slopes, end) = slopes(velocity, &self.state, slope, &[step], rows, at)?;
        self.place.evaluations += 6;
        let scale = self.state.clone().abs().max_pair(end.clone().abs());
        let errors = mean_squares(combine(&slopes, &ERROR, &[step]), scale, self.tolerance);
        // Whether the state is finite comes along with the errors.
        let sum = end.clone().sum().reshape([1, 1]);
        let mut read = read_back(Tensor::cat(vec![errors, sum], 0)).await?;
        let is_finite = read.pop().is_some_and(f32::is_finite);
        let ratio = over_all(&roots(&read));
        if !(is_finite && ratio.is_finite()) {
            return Err(Error::NotFinite { stage });
        }
        if ratio <= 1.0 {
            while let Some(&output) = self.times.get(self.outputs.len()).filter(|&&t| t <= end_time)
            {
                let share = (output - time) / (end_time - time);
                self.outputs.push(interpolate(&self.state, &end, &slopes, step, share));
            }
            self.place.time = end_time;
            self.place.accepted += 1;
            self.state = end;
            self.phase = Phase::Steps { slope: slopes[6].clone() };
        }
        self.place.step = step * step_factor(ratio);
        let BatchPlace { time: t, step, evaluations, .. } = self.place;
        if !self.is_done() && (step < 1e-9 || evaluations > MOST_EVALUATIONS) {
            return Err(Error::SolverStuck { stage, t, evaluations });
        }
        Ok(())
    }
}

/// Solves from 0 to the last of `outputs`, increasing times after 0, as `torchdiffeq` does.
///
/// # Errors
/// [`Error::NotFinite`], [`Error::SolverStuck`] if the steps become too small, and what the velocity
/// cannot compute.
pub fn dopri5_reference<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: Tensor<B, 4>,
    outputs: &[f64],
    tolerance: Tolerance,
    stage: usize,
) -> Result<Dopri5<B>> {
    let mut solver = Batch::new(state, tolerance, 0.0, outputs);
    while !solver.is_done() {
        burn::tensor::read_sync(solver.step(velocity, stage))?;
    }
    Ok(Dopri5 { evaluations: solver.evaluations(), outputs: solver.outputs })
}

/// The quartic through both ends, both slopes and the middle, at `share` of the step.
fn interpolate<B: PixelFlowBackend>(
    start: &Tensor<B, 4>,
    end: &Tensor<B, 4>,
    slopes: &[Tensor<B, 4>],
    step: f64,
    share: f64,
) -> Tensor<B, 4> {
    let middle = start.clone() + combine(slopes, &MIDDLE, &[step]);
    let h = step as f32;
    let (first, last) = (slopes[0].clone(), slopes[6].clone());
    let quartic = (last.clone() - first.clone()) * (2.0 * h) - (end.clone() + start.clone()) * 8.0
        + middle.clone() * 16.0;
    let cubic =
        (first.clone() * 5.0 - last.clone() * 3.0) * h + start.clone() * 18.0 + end.clone() * 14.0
            - middle.clone() * 32.0;
    let square =
        (last - first.clone() * 4.0) * h - start.clone() * 11.0 - end.clone() * 5.0 + middle * 16.0;
    let x = share as f32;
    // Powers, not Horner's form, as in torchdiffeq.
    start.clone()
        + first * (h * x)
        + square * (x * x)
        + cubic * (x * x * x)
        + quartic * (x * x * x * x)
}

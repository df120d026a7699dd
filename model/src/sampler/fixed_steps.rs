//! Solvers whose times are chosen beforehand.

use burn::tensor::Tensor;

use super::euler::{Times, euler_step, times_from};
use super::heun::heun_step;
use super::multistep::{Sum, adams_bashforth, dpm_solver, unipc_correction};
use super::{SolverKind, Velocity};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// A method with given times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Euler's method.
    Euler,
    /// Heun's method.
    Heun,
    /// Adams and Bashforth's of second order, which starts with a step of Euler's.
    AdamsBashforth2,
    /// Adams and Bashforth's of third order, which starts with a step of Heun's: one of Euler's would
    /// leave the whole stage at second order.
    AdamsBashforth3,
    /// DPM-Solver++ (2M).
    DpmSolver,
    /// UniPC of order two.
    UniPc,
}

/// What a multistep method remembers.
#[derive(Clone, Debug)]
pub(super) struct History<B: PixelFlowBackend> {
    /// Slopes or predictions of the steps before, the newest first.
    pub(super) predictions: Vec<Tensor<B, 4>>,
    /// The state that the newest step was made from, where it will be made again.
    pub(super) before: Option<Tensor<B, 4>>,
}

impl Method {
    /// The method of a kind of solver; `None` for an adaptive one.
    pub(super) fn of(kind: SolverKind) -> Option<Self> {
        match kind {
            SolverKind::Euler => Some(Self::Euler),
            SolverKind::Heun => Some(Self::Heun),
            SolverKind::Ab2 => Some(Self::AdamsBashforth2),
            SolverKind::Ab3 => Some(Self::AdamsBashforth3),
            SolverKind::Dpmpp2m => Some(Self::DpmSolver),
            SolverKind::Unipc => Some(Self::UniPc),
            SolverKind::Dopri5 => None,
        }
    }

    /// Number of predictions that it keeps after `done` steps.
    pub(super) fn kept(self, done: usize) -> usize {
        let most = match self {
            Self::Euler | Self::Heun => 0,
            Self::AdamsBashforth2 | Self::DpmSolver => 1,
            Self::AdamsBashforth3 | Self::UniPc => 2,
        };
        done.min(most)
    }

    /// Whether it keeps the state that its newest step was made from.
    pub(super) fn keeps_state(self, done: usize) -> bool {
        self == Self::UniPc && done > 0
    }

    /// Whether the step after `done` others evaluates the network at its end, too.
    pub(super) fn asks_twice(self, done: usize) -> bool {
        self == Self::Heun || (self == Self::AdamsBashforth3 && done == 0)
    }
}

/// A stage on its way through given times.
#[derive(Debug)]
pub(super) struct FixedSteps<B: PixelFlowBackend> {
    method: Method,
    times: Times,
    /// Number of steps that are done.
    done: usize,
    state: Tensor<B, 4>,
    /// The newest slope that is known.
    slope: Option<Tensor<B, 4>>,
    history: History<B>,
}

impl<B: PixelFlowBackend> FixedSteps<B> {
    /// Begins at `start` and goes on through all later times.
    pub(super) fn new(method: Method, times: &[f64], start: f64, state: Tensor<B, 4>) -> Self {
        let history = History { predictions: Vec::new(), before: None };
        Self { method, times: times_from(times, start), done: 0, state, slope: None, history }
    }

    /// Goes on where `done` steps are done already.
    #[must_use]
    pub(super) fn after(self, done: usize, history: History<B>) -> Self {
        Self { done, history, ..self }
    }

    /// The times at which the network is asked.
    pub(super) fn asked(&self) -> &[f64] {
        let at_the_end = usize::from(self.method.asks_twice(self.steps() - 1));
        &self.times[..self.steps() + at_the_end]
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

    /// What the steps to come need of those before.
    pub(super) fn history(&self) -> &History<B> {
        &self.history
    }

    /// Network evaluations of each image.
    pub(super) fn evaluations(&self) -> usize {
        match self.method {
            Method::Heun => 2 * self.done,
            Method::AdamsBashforth3 => self.done + self.done.min(1),
            _ => self.done,
        }
    }

    /// The state of all images.
    pub(super) fn state(&self) -> &Tensor<B, 4> {
        &self.state
    }

    /// The newest slope; `None` before one is known.
    pub(super) fn slope(&self) -> Option<&Tensor<B, 4>> {
        self.slope.as_ref()
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
        let [end, slope] = match self.method {
            Method::Euler => euler_step(velocity, state, span, &rows)?,
            _ if self.method.asks_twice(self.done) => {
                let [end, first, second] = heun_step(velocity, state, span, &rows)?;
                if self.method == Method::AdamsBashforth3 {
                    self.history.predictions = vec![first];
                }
                [end, second]
            }
            _ => {
                let slope = velocity.at(&vec![span[0]; rows.len()], state.clone(), &rows)?;
                [self.multistep(state, slope.clone(), span), slope]
            }
        };
        (self.state, self.slope) = (end, Some(slope));
        self.done += 1;
        Ok(())
    }

    /// The end of a step from `state` with `slope`, and of what is remembered.
    fn multistep(
        &mut self,
        state: Tensor<B, 4>,
        slope: Tensor<B, 4>,
        [from, to]: [f64; 2],
    ) -> Tensor<B, 4> {
        let by_slopes = matches!(self.method, Method::AdamsBashforth2 | Method::AdamsBashforth3);
        let prediction =
            if by_slopes { slope } else { state.clone() + slope * (1.0 - from) as f32 };
        let History { predictions, before } = &mut self.history;
        predictions.insert(0, prediction);
        let times: Vec<f64> = self.times[..=self.done].iter().rev().copied().collect();
        let times = &times[..predictions.len()];
        let corrected = match before.take() {
            Some(before) => unipc_correction(times).of(before, predictions),
            None => state,
        };
        let sum: Sum = match self.method {
            _ if by_slopes => adams_bashforth(times, to),
            _ => dpm_solver(times, to),
        };
        let end = sum.of(corrected.clone(), predictions);
        predictions.truncate(self.method.kept(self.done + 1));
        if self.method.keeps_state(self.done + 1) {
            *before = Some(corrected);
        }
        end
    }
}

/// The state after each step of a stage that is solved in steps between given `times`, which ascend.
///
/// # Shapes
/// - start and each state: `[rows, channels, height, width]`
///
/// # Errors
/// [`Error::InvalidSampler`] for a solver that chooses its own steps; what the velocity cannot compute.
pub fn solve_in_steps<B: PixelFlowBackend>(
    kind: SolverKind,
    velocity: &mut impl Velocity<B>,
    start: Tensor<B, 4>,
    times: &[f64],
) -> Result<Vec<Tensor<B, 4>>> {
    let method = Method::of(kind).ok_or_else(|| Error::InvalidSampler {
        reason: format!("{kind:?} chooses its own steps"),
    })?;
    let Some(&from) = times.first() else { return Ok(Vec::new()) };
    let mut solver = FixedSteps::new(method, times, from, start);
    let steps = solver.steps();
    let step = |_| solver.step(velocity).map(|()| solver.state.clone());
    (0..steps).map(step).collect()
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::sampler::euler_times;

    /// The error of `x' = 2 cos(2t) x`, whose solution is `exp(sin 2t)`, at the end of a span of time.
    fn error(method: Method, steps: usize, shift: f64, [from, to]: [f64; 2]) -> f64 {
        let mut velocity = |times: &[f64], state: Tensor<Flex, 4>, _: &[usize]| {
            Ok(state * (2.0 * (2.0 * times[0]).cos()) as f32)
        };
        let solution = |t: f64| (2.0 * t).sin().exp();
        let times = euler_times(steps, shift, 1000, false);
        let times: Vec<f64> = times.iter().map(|t| from + (to - from) * t).collect();
        let start = Tensor::full([1, 1, 1, 1], solution(from) as f32, &FlexDevice);
        let mut solver = FixedSteps::new(method, &times, from, start);
        for _ in 0..steps {
            solver.step(&mut velocity).unwrap();
        }
        (f64::from(solver.state.into_scalar()) - solution(to)).abs()
    }

    #[test]
    fn every_method_has_its_order() {
        const WHOLE: [f64; 2] = [0.0, 1.0];
        // Steps in `ln(t / (1 - t))` have no bound at the ends of a stage: over a whole one DPM-Solver++
        // was measured at order 1.5 on this equation.
        const INNER: [f64; 2] = [0.1, 0.9];
        for (method, span, order) in [
            (Method::Euler, WHOLE, 1.0),
            (Method::Heun, WHOLE, 2.0),
            (Method::AdamsBashforth2, WHOLE, 2.0),
            (Method::AdamsBashforth3, WHOLE, 3.0),
            (Method::DpmSolver, INNER, 2.0),
            (Method::UniPc, INNER, 2.0),
        ] {
            for shift in [1.0, 2.0] {
                let errors = [32, 64].map(|steps| error(method, steps, shift, span));
                let measured = (errors[0] / errors[1]).log2();
                println!("{method:?} {span:?} shift {shift}: {errors:?}, order {measured}");
                assert!(measured > order - 0.3, "{method:?}, {span:?}, shift {shift}: {errors:?}");
            }
        }
    }
}

//! Dopri5 with a step size and an error of each image's own.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::super::read_back::read_back;
use super::super::velocity::{column, select};
use super::super::{Rows, Velocity};
use super::tableau::{
    ERROR, MOST_EVALUATIONS, Tolerance, combine, first_step, mean_squares, roots, slopes,
    step_factor, trial_step,
};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// A solver in which an image does not depend on its batch.
///
/// The last step of an image ends at 1 exactly, and images that are done are no longer evaluated.
/// The first two steps only choose the first step size; every step waits for its device once.
#[derive(Debug)]
pub(in crate::sampler) struct PerImage<B: PixelFlowBackend> {
    phase: Phase<B>,
    tolerance: Tolerance,
    start: f64,
    steps: usize,
}

#[derive(Debug)]
enum Phase<B: PixelFlowBackend> {
    /// The state alone.
    Start(Tensor<B, 4>),
    /// The slope at the start, and how long each image's trial step is.
    Trial { state: Tensor<B, 4>, slope: Tensor<B, 4>, slope_norms: Vec<f64>, trials: Vec<f64> },
    /// Every image on its way.
    Rows(Vec<Row<B>>),
}

/// One image on its way from 0 to 1.
#[derive(Debug)]
struct Row<B: PixelFlowBackend> {
    place: ImagePlace,
    state: Tensor<B, 4>,
    slope: Tensor<B, 4>,
}

/// How far an image has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePlace {
    /// Time within the stage.
    pub time: f64,
    /// Length of its next step.
    pub step: f64,
    /// Network evaluations in this stage.
    pub evaluations: usize,
}

impl<B: PixelFlowBackend> PerImage<B> {
    /// Begins at time `start` within the stage.
    pub(in crate::sampler) fn new(state: Tensor<B, 4>, tolerance: Tolerance, start: f64) -> Self {
        Self { phase: Phase::Start(state), tolerance, start, steps: 0 }
    }

    /// Goes on from places that were saved, with the states and slopes of all images.
    pub(in crate::sampler) fn at(
        places: &[ImagePlace],
        [states, slopes]: [Tensor<B, 4>; 2],
        tolerance: Tolerance,
        steps: usize,
    ) -> Self {
        let row = |(index, place): (usize, &ImagePlace)| Row {
            place: *place,
            state: select(&states, &[index]),
            slope: select(&slopes, &[index]),
        };
        let rows = places.iter().enumerate().map(row).collect();
        Self { phase: Phase::Rows(rows), tolerance, start: 0.0, steps }
    }

    /// The places to be saved, with states and slopes; `None` before the first step is chosen.
    pub(in crate::sampler) fn places(&self) -> Option<(Vec<ImagePlace>, Tensor<B, 4>)> {
        match &self.phase {
            Phase::Rows(rows) => {
                Some((rows.iter().map(|row| row.place).collect(), stack(rows, |row| &row.slope)))
            }
            Phase::Start(_) | Phase::Trial { .. } => None,
        }
    }

    /// The state of all images.
    pub(in crate::sampler) fn state(&self) -> Tensor<B, 4> {
        match &self.phase {
            Phase::Start(state) | Phase::Trial { state, .. } => state.clone(),
            Phase::Rows(rows) => stack(rows, |row| &row.state),
        }
    }

    /// The state that the images head for, `x + (1 - t) v`; `None` before the first slope is known.
    pub(in crate::sampler) fn heading(&self) -> Option<Tensor<B, 4>> {
        let slope = self.slope()?;
        let left = self.times(slope.dims()[0]).into_iter().map(|time| (1.0 - time) as f32);
        let left = column(&left.collect::<Vec<_>>(), &slope);
        Some(self.state() + slope * left)
    }

    /// The newest slope of all images; `None` before the first is known.
    pub(in crate::sampler) fn slope(&self) -> Option<Tensor<B, 4>> {
        match &self.phase {
            Phase::Start(_) => None,
            Phase::Trial { slope, .. } => Some(slope.clone()),
            Phase::Rows(rows) => Some(stack(rows, |row| &row.slope)),
        }
    }

    /// The time of each of `images` images.
    pub(in crate::sampler) fn times(&self, images: usize) -> Vec<f64> {
        match &self.phase {
            Phase::Start(_) | Phase::Trial { .. } => vec![self.start; images],
            Phase::Rows(rows) => rows.iter().map(|row| row.place.time).collect(),
        }
    }

    /// The time of the image that is furthest behind.
    pub(in crate::sampler) fn time(&self) -> f64 {
        match &self.phase {
            Phase::Start(_) | Phase::Trial { .. } => self.start,
            Phase::Rows(rows) => rows.iter().map(|row| row.place.time).fold(1.0, f64::min),
        }
    }

    /// Number of steps so far, not counting the two that choose the first step size.
    pub(in crate::sampler) fn steps(&self) -> usize {
        self.steps
    }

    /// Network evaluations of each image.
    pub(in crate::sampler) fn evaluations(&self) -> Vec<usize> {
        match &self.phase {
            Phase::Start(state) => vec![0; state.dims()[0]],
            Phase::Trial { state, .. } => vec![1; state.dims()[0]],
            Phase::Rows(rows) => rows.iter().map(|row| row.place.evaluations).collect(),
        }
    }

    /// Makes one step.
    ///
    /// # Errors
    /// [`Error::NotFinite`], [`Error::SolverStuck`] if an image's steps become too small, and what the
    /// velocity cannot compute.
    pub(in crate::sampler) async fn step(
        &mut self,
        velocity: &mut impl Velocity<B>,
        stage: usize,
    ) -> Result<()> {
        match &mut self.phase {
            Phase::Start(state) => {
                self.phase = open(velocity, state.clone(), self.tolerance, self.start).await?;
            }
            Phase::Trial { state, slope, slope_norms, trials } => {
                let known = (&*state, &*slope, slope_norms.as_slice(), trials.as_slice());
                let rows = try_out(velocity, known, self.tolerance, self.start).await?;
                self.phase = Phase::Rows(rows);
            }
            Phase::Rows(rows) => {
                advance(velocity, rows, self.tolerance, stage).await?;
                self.steps += 1;
            }
        }
        Ok(())
    }
}

/// The slope at the start, and the trial steps that follow from it.
async fn open<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: Tensor<B, 4>,
    tolerance: Tolerance,
    start: f64,
) -> Result<Phase<B>> {
    let all: Vec<usize> = (0..state.dims()[0]).collect();
    let slope = velocity.at(&vec![start; all.len()], state.clone(), &all)?;
    let magnitude = state.clone().abs();
    let of_state = mean_squares(state.clone(), magnitude.clone(), tolerance);
    let of_slope = mean_squares(slope.clone(), magnitude, tolerance);
    let norms = roots(&read_back(Tensor::cat(vec![of_state, of_slope], 0)).await?);
    let (state_norms, slope_norms) = norms.split_at(all.len());
    let trials = state_norms.iter().zip(slope_norms).map(|(&x, &v)| trial_step(x, v)).collect();
    Ok(Phase::Trial { state, slope, slope_norms: slope_norms.to_vec(), trials })
}

/// Every image at the start with its own first step, from the change of slope over the trial step.
async fn try_out<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    (state, slope, slope_norms, trials): (&Tensor<B, 4>, &Tensor<B, 4>, &[f64], &[f64]),
    tolerance: Tolerance,
    start: f64,
) -> Result<Vec<Row<B>>> {
    let all: Vec<usize> = (0..trials.len()).collect();
    let trial = state.clone() + combine(core::slice::from_ref(slope), &[1.0], trials);
    let times: Vec<f64> = trials.iter().map(|trial| start + trial).collect();
    let later = velocity.at(&times, trial, &all)?;
    let change = mean_squares(later - slope.clone(), state.clone().abs(), tolerance);
    let changes = roots(&read_back(change).await?);
    let row = |row: usize| Row {
        place: ImagePlace {
            time: start,
            step: first_step(trials[row], slope_norms[row], changes[row] / trials[row]).min(1.0),
            evaluations: 2,
        },
        state: select(state, &[row]),
        slope: select(slope, &[row]),
    };
    Ok(all.iter().map(|&index| row(index)).collect())
}

/// One step of every image that is not done.
async fn advance<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    rows: &mut [Row<B>],
    tolerance: Tolerance,
    stage: usize,
) -> Result<()> {
    let active: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].place.time < 1.0).collect();
    let gather = |part: fn(&Row<B>) -> &Tensor<B, 4>| {
        Tensor::cat(active.iter().map(|&row| part(&rows[row]).clone()).collect(), 0)
    };
    let (state, slope) = (gather(|row| &row.state), gather(|row| &row.slope));
    // A remainder of less than a step is taken whole, so that no sliver is left.
    let step_of = |&row: &usize| rows[row].place.step.min(1.0 - rows[row].place.time);
    let steps: Vec<f64> = active.iter().map(step_of).collect();
    let at: Rows<'_> = &active;
    let time =
        |place: usize, node: f64| (rows[at[place]].place.time + node * steps[place]).min(1.0);
    let (slopes, end) = slopes(velocity, &state, slope, &steps, &active, time)?;
    let error = combine(&slopes, &ERROR, &steps);
    let errors = mean_squares(error, state.abs().max_pair(end.clone().abs()), tolerance);
    // Whether the state is finite comes along with the errors.
    let sum = end.clone().sum().reshape([1, 1]);
    let mut read = read_back(Tensor::cat(vec![errors, sum], 0)).await?;
    if read.pop().is_none_or(|sum| !sum.is_finite()) {
        return Err(Error::NotFinite { stage });
    }
    let ratios = roots(&read);

    for (place, &index) in active.iter().enumerate() {
        let row = &mut rows[index];
        row.place.evaluations += 6;
        let ratio = ratios[place];
        if ratio <= 1.0 {
            let reaches_end = steps[place] >= 1.0 - row.place.time;
            row.place.time = if reaches_end { 1.0 } else { row.place.time + steps[place] };
            row.state = end.clone().narrow(0, place, 1);
            row.slope = slopes[6].clone().narrow(0, place, 1);
        }
        if !ratio.is_finite() {
            return Err(Error::NotFinite { stage });
        }
        row.place.step = steps[place] * step_factor(ratio);
        let ImagePlace { time: t, step, evaluations } = row.place;
        // The last step is as short as what was left.
        if t < 1.0 && (step < 1e-9 || evaluations > MOST_EVALUATIONS) {
            return Err(Error::SolverStuck { stage, t, evaluations });
        }
    }
    Ok(())
}

fn stack<B: PixelFlowBackend>(rows: &[Row<B>], part: fn(&Row<B>) -> &Tensor<B, 4>) -> Tensor<B, 4> {
    Tensor::cat(rows.iter().map(|row| part(row).clone()).collect(), 0)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{TensorData, read_sync};
    use burn_flex::{Flex, FlexDevice};

    use super::*;

    #[test]
    fn a_sliver_before_the_end_is_a_step_like_any_other() {
        let zeros =
            || Tensor::from_data(TensorData::new(vec![0.0_f32; 4], [1, 1, 2, 2]), &FlexDevice);
        let mut steady = |_: &[f64], state: Tensor<Flex, 4>, _: Rows<'_>| Ok(state.ones_like());
        let tolerance = Tolerance { relative: 1e-3, absolute: 1e-6 };
        for left in [1e-3, 1e-11, f64::EPSILON / 2.0] {
            let place = ImagePlace { time: 1.0 - left, step: 0.1, evaluations: 20 };
            let mut solver = PerImage::at(&[place], [zeros(), zeros()], tolerance, 3);
            let stepped = read_sync(solver.step(&mut steady, 2));
            assert!(stepped.is_ok(), "{left}: {stepped:?}");
            assert_eq!(solver.time(), 1.0);
        }
    }
}

//! Dormand and Prince's fifth-order method with adaptive steps.

use burn::tensor::Tensor;

use super::velocity::{column, select};
use super::{Rows, Velocity};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// Error bounds: a step is accepted if its error is at most `absolute + relative |x|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Relative to the state.
    pub relative: f64,
    /// Absolute.
    pub absolute: f64,
}

/// A solved stage.
#[derive(Clone, Debug)]
pub struct Dopri5<B: PixelFlowBackend> {
    /// The state at the last output time.
    pub state: Tensor<B, 4>,
    /// The states at all output times (only the reference's form has more than one).
    pub outputs: Vec<Tensor<B, 4>>,
    /// Evaluations of each row.
    pub evaluations: Vec<usize>,
}

/// Evaluations after which a row is given up.
const MOST_EVALUATIONS: usize = 10_000;

/// Times of the six evaluations after the first, as shares of the step (Dormand and Prince 1980).
const NODES: [f64; 6] = [1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];

/// Weights of the earlier slopes for each evaluation; the last row is the fifth-order solution.
const WEIGHTS: [&[f64]; 6] = [
    &[1.0 / 5.0],
    &[3.0 / 40.0, 9.0 / 40.0],
    &[44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0],
    &[19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0],
    &[9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0],
    &[35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0],
];

/// Fifth-order minus fourth-order solution, in Shampine's form of the embedded method.
const ERROR: [f64; 7] = [
    35.0 / 384.0 - 1951.0 / 21600.0,
    0.0,
    500.0 / 1113.0 - 22642.0 / 50085.0,
    125.0 / 192.0 - 451.0 / 720.0,
    -2187.0 / 6784.0 + 12231.0 / 42400.0,
    11.0 / 84.0 - 649.0 / 6300.0,
    -1.0 / 60.0,
];

/// Weights of the slopes for the state in the middle of the step (Shampine 1986).
const MIDDLE: [f64; 7] = [
    6_025_192_743.0 / 30_085_553_152.0 / 2.0,
    0.0,
    51_252_292_925.0 / 65_400_821_598.0 / 2.0,
    -2_691_868_925.0 / 45_128_329_728.0 / 2.0,
    187_940_372_067.0 / 1_594_534_317_056.0 / 2.0,
    -1_776_094_331.0 / 19_743_644_256.0 / 2.0,
    11_237_099.0 / 235_043_384.0 / 2.0,
];

/// Factor for the next step from the error ratio of the last (Hairer, Nørsett, Wanner II.4).
///
/// `min(10, max(0.9 / ratio^(1/5), 0.2 if the step was rejected, else 1))`
fn step_factor(ratio: f64) -> f64 {
    if ratio == 0.0 {
        return 10.0;
    }
    let least = if ratio < 1.0 { 1.0 } else { 0.2 };
    (0.9 / ratio.powf(0.2)).max(least).min(10.0)
}

/// The first step from the norms of the state, the slope and the change of slope.
fn first_step(h0: f64, slope: f64, change: f64) -> f64 {
    let h1 = if slope <= 1e-15 && change <= 1e-15 {
        (h0 * 1e-3).max(1e-6)
    } else {
        (0.01 / slope.max(change)).powf(0.2)
    };
    h1.min(100.0 * h0)
}

/// The trial step of the first-step heuristic.
fn trial_step(state: f64, slope: f64) -> f64 {
    if state < 1e-5 || slope < 1e-5 { 1e-6 } else { 0.01 * state / slope }
}

/// `sum_j weights[j] step[row] slopes[j]`.
fn combine<B: PixelFlowBackend>(
    slopes: &[Tensor<B, 4>],
    weights: &[f64],
    steps: &[f64],
) -> Tensor<B, 4> {
    let term = |(slope, &weight): (&Tensor<B, 4>, &f64)| {
        let factors: Vec<f32> = steps.iter().map(|step| (weight * step) as f32).collect();
        match factors.as_slice() {
            [one] => slope.clone() * *one,
            each => slope.clone() * column(each, slope),
        }
    };
    let terms = slopes.iter().zip(weights).filter(|(_, weight)| **weight != 0.0).map(term);
    terms.reduce(|sum, term| sum + term).unwrap_or_else(|| slopes[0].zeros_like())
}

/// Root mean square of `x / (absolute + relative scale)`, of each row.
fn norms<B: PixelFlowBackend>(
    x: Tensor<B, 4>,
    scale: Tensor<B, 4>,
    tolerance: Tolerance,
) -> Vec<f64> {
    let [rows, channels, height, width] = x.dims();
    let ratio = x / (scale * tolerance.relative + tolerance.absolute);
    let squares = (ratio.clone() * ratio).reshape([rows, channels * height * width]);
    let means = squares.mean_dim(1).into_data();
    means.iter::<f64>().map(f64::sqrt).collect()
}

/// The six further slopes of a step and the state at its end.
fn slopes<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: &Tensor<B, 4>,
    first: Tensor<B, 4>,
    steps: &[f64],
    rows: Rows<'_>,
    time: impl Fn(usize, f64) -> f64,
) -> Result<(Vec<Tensor<B, 4>>, Tensor<B, 4>)> {
    let mut slopes = vec![first];
    let mut end = state.clone();
    for (node, weights) in NODES.iter().zip(WEIGHTS) {
        end = state.clone() + combine(&slopes, weights, steps);
        let times: Vec<f64> = (0..rows.len()).map(|place| time(place, *node)).collect();
        slopes.push(velocity.at(&times, end.clone(), rows)?);
    }
    Ok((slopes, end))
}

/// Solves from 0 to 1 with a step size and an error of each row's own.
///
/// An image therefore does not depend on its batch. The last step ends at 1 exactly, and rows that
/// are done are no longer evaluated.
///
/// # Errors
/// [`Error::SolverStuck`] if a row's steps become too small, and what the velocity cannot compute.
pub fn dopri5_per_image<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: Tensor<B, 4>,
    tolerance: Tolerance,
    stage: usize,
    mut done: impl FnMut(usize, f64, &Tensor<B, 4>),
) -> Result<Dopri5<B>> {
    let count = state.dims()[0];
    let all: Vec<usize> = (0..count).collect();
    let mut rows: Vec<Row<B>> = start_rows(velocity, &state, &all, tolerance)?;
    let mut step_count = 0;
    loop {
        let active: Vec<usize> = (0..count).filter(|&row| rows[row].time < 1.0).collect();
        if active.is_empty() {
            break;
        }
        let gather = |part: fn(&Row<B>) -> &Tensor<B, 4>| {
            Tensor::cat(active.iter().map(|&row| part(&rows[row]).clone()).collect(), 0)
        };
        let (state, slope) = (gather(|row| &row.state), gather(|row| &row.slope));
        // A remainder of less than a step is taken whole, so that no sliver is left.
        let step_of = |&row: &usize| rows[row].step.min(1.0 - rows[row].time);
        let steps: Vec<f64> = active.iter().map(step_of).collect();
        let time =
            |place: usize, node: f64| (rows[active[place]].time + node * steps[place]).min(1.0);
        let (slopes, end) = slopes(velocity, &state, slope, &steps, &active, time)?;
        let error = combine(&slopes, &ERROR, &steps);
        let ratios = norms(error, state.abs().max_pair(end.clone().abs()), tolerance);

        for (place, &index) in active.iter().enumerate() {
            let row = &mut rows[index];
            row.evaluations += 6;
            let ratio = ratios[place];
            if ratio <= 1.0 {
                let reaches_end = steps[place] >= 1.0 - row.time;
                row.time = if reaches_end { 1.0 } else { row.time + steps[place] };
                row.state = end.clone().narrow(0, place, 1);
                row.slope = slopes[6].clone().narrow(0, place, 1);
            }
            if !ratio.is_finite() {
                return Err(Error::NotFinite { stage });
            }
            row.step = steps[place] * step_factor(ratio);
            if row.step < 1e-9 || row.evaluations > MOST_EVALUATIONS {
                let (t, evaluations) = (row.time, row.evaluations);
                return Err(Error::SolverStuck { stage, t, evaluations });
            }
        }
        let behind = rows.iter().map(|row| row.time).fold(1.0, f64::min);
        done(step_count, behind, &stack(&rows));
        step_count += 1;
    }
    let state = stack(&rows);
    let evaluations = rows.iter().map(|row| row.evaluations).collect();
    Ok(Dopri5 { outputs: vec![state.clone()], state, evaluations })
}

/// One image on its way from 0 to 1.
struct Row<B: PixelFlowBackend> {
    time: f64,
    step: f64,
    state: Tensor<B, 4>,
    slope: Tensor<B, 4>,
    evaluations: usize,
}

fn stack<B: PixelFlowBackend>(rows: &[Row<B>]) -> Tensor<B, 4> {
    Tensor::cat(rows.iter().map(|row| row.state.clone()).collect(), 0)
}

/// Every row at time 0 with its own first step.
fn start_rows<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: &Tensor<B, 4>,
    all: Rows<'_>,
    tolerance: Tolerance,
) -> Result<Vec<Row<B>>> {
    let slope = velocity.at(&vec![0.0; all.len()], state.clone(), all)?;
    let magnitude = state.clone().abs();
    let state_norms = norms(state.clone(), magnitude.clone(), tolerance);
    let slope_norms = norms(slope.clone(), magnitude.clone(), tolerance);
    let trials: Vec<f64> =
        state_norms.iter().zip(&slope_norms).map(|(&x, &v)| trial_step(x, v)).collect();
    let trial = state.clone() + combine(core::slice::from_ref(&slope), &[1.0], &trials);
    let later = velocity.at(&trials, trial, all)?;
    let changes = norms(later - slope.clone(), magnitude, tolerance);
    let row = |row: usize| Row {
        time: 0.0,
        step: first_step(trials[row], slope_norms[row], changes[row] / trials[row]).min(1.0),
        state: select(state, &[row]),
        slope: select(&slope, &[row]),
        evaluations: 2,
    };
    Ok(all.iter().map(|&index| row(index)).collect())
}

/// Solves as `torchdiffeq` does: one step size for the whole batch, steps past the last output
/// time, outputs from the quartic interpolant.
///
/// `outputs` are increasing times after 0. Times are f64, the state and the weights f32; the last
/// two evaluations of a step are at the f32 number before its end.
///
/// # Errors
/// [`Error::SolverStuck`] if the steps become too small, and what the velocity cannot compute.
pub fn dopri5_reference<B: PixelFlowBackend>(
    velocity: &mut impl Velocity<B>,
    state: Tensor<B, 4>,
    outputs: &[f64],
    tolerance: Tolerance,
    stage: usize,
    mut done: impl FnMut(usize, f64, &Tensor<B, 4>),
) -> Result<Dopri5<B>> {
    let count = state.dims()[0];
    let rows: Vec<usize> = (0..count).collect();
    let whole_norm = |x: Tensor<B, 4>, scale: Tensor<B, 4>| {
        let squares = norms(x, scale, tolerance).into_iter().map(|norm| norm * norm);
        (squares.sum::<f64>() / count as f64).sqrt()
    };

    let mut state = state;
    let mut slope = velocity.at(&vec![0.0; count], state.clone(), &rows)?;
    let magnitude = state.clone().abs();
    let slope_norm = whole_norm(slope.clone(), magnitude.clone());
    let trial_length = trial_step(whole_norm(state.clone(), magnitude.clone()), slope_norm);
    let trial = state.clone() + slope.clone() * trial_length as f32;
    let later = velocity.at(&vec![f64::from(trial_length as f32); count], trial, &rows)?;
    let change = whole_norm(later - slope.clone(), magnitude) / trial_length;
    let mut step = first_step(trial_length, slope_norm, change);

    let (mut time, mut evaluations, mut accepted) = (0.0, 2, 0);
    let mut results = Vec::with_capacity(outputs.len());
    while results.len() < outputs.len() {
        let end_time = time + step;
        let before_end = f64::from((end_time as f32).next_down());
        let at = |_: usize, node: f64| {
            if node == 1.0 { before_end } else { f64::from((time + node * step) as f32) }
        };
        let (slopes, end) = slopes(velocity, &state, slope.clone(), &[step], &rows, at)?;
        evaluations += 6;
        let scale = state.clone().abs().max_pair(end.clone().abs());
        let ratio = whole_norm(combine(&slopes, &ERROR, &[step]), scale);
        if !ratio.is_finite() {
            return Err(Error::NotFinite { stage });
        }
        if ratio <= 1.0 {
            while let Some(&output) = outputs.get(results.len()).filter(|&&t| t <= end_time) {
                let share = (output - time) / (end_time - time);
                results.push(interpolate(&state, &end, &slopes, step, share));
            }
            (time, state, slope) = (end_time, end, slopes[6].clone());
            done(accepted, time.min(1.0), &state);
            accepted += 1;
        }
        step *= step_factor(ratio);
        if step < 1e-9 || evaluations > MOST_EVALUATIONS {
            return Err(Error::SolverStuck { stage, t: time, evaluations });
        }
    }
    let state = results.last().cloned().unwrap_or(state);
    Ok(Dopri5 { state, outputs: results, evaluations: vec![evaluations; count] })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_weights_sums_to_its_node() {
        for (node, weights) in NODES.iter().zip(WEIGHTS) {
            assert!((weights.iter().sum::<f64>() - node).abs() < 1e-14);
        }
        assert!(ERROR.iter().sum::<f64>().abs() < 1e-14);
        assert!((MIDDLE.iter().sum::<f64>() - 0.5).abs() < 1e-10);
    }

    #[test]
    fn the_step_grows_at_most_tenfold_and_shrinks_at_most_fivefold() {
        assert_eq!(step_factor(0.0), 10.0);
        assert_eq!(step_factor(1e-9), 10.0);
        assert_eq!(step_factor(0.99), 1.0);
        assert_eq!(step_factor(1e9), 0.2);
    }
}

//! Steps of the solvers whose times are chosen beforehand, against their textbooks' formulas in f64.

use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{SolverKind, euler_times, solve_in_steps};

use super::download;
use super::ode::Equation;
use crate::{Difference, Limits, Recorded, Recorder, Result, Subject};

/// Steps of the interval.
const STEPS: usize = 12;
/// Warp of the times: no two steps are of one length.
const SHIFT: f64 = 2.0;

/// Solves an equation with every solver, and compares the states after every step.
///
/// The limit is ten times the error of the same formulas with every state and slope in f32.
///
/// # Errors
/// If a solver refuses.
pub(super) fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    equation: &Equation,
    start: &[f64],
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let times = euler_times(STEPS, SHIFT, 1000, false);
    let size = start.len();
    let floats: Vec<f32> = start.iter().map(|&value| value as f32).collect();
    for kind in SolverKind::ALL.into_iter().filter(|kind| *kind != SolverKind::Dopri5) {
        let mut velocity = |times: &[f64], state: Tensor<B, 4>, _: &[usize]| {
            let slope = equation.slope(times[0] as f32, &download(state));
            Ok(Tensor::from_data(TensorData::new(slope, [1, 1, 1, size]), device))
        };
        let start_state =
            Tensor::from_data(TensorData::new(floats.clone(), [1, 1, 1, size]), device);
        let states = solve_in_steps(kind, &mut velocity, start_state, &times)?;
        let found: Vec<f64> = states.into_iter().flat_map(download).collect();
        let doubles = |t: f64, x: &[f64]| equation.slope_in_doubles(t, x);
        let exact = by_the_book(kind, &doubles, start, &times, |value| value);
        let singles = |t: f64, x: &[f64]| {
            equation.slope(t as f32, x).into_iter().map(f64::from).collect::<Vector>()
        };
        let round = |value| f64::from(value as f32);
        let rounded = by_the_book(kind, &singles, start, &times, round);
        let error = Difference::between(&rounded, &exact);
        let recorded = Recorded {
            max_abs: Some(error.max_abs),
            rel_l2: Some(error.rel_l2),
            place: format!("{kind:?} with states and slopes in f32, measured here"),
        };
        let case = subject.case(&format!("steps/{kind:?}").to_lowercase());
        recorder.compare(case, &found, &exact, &Limits::ten_times(&recorded));
    }
    Ok(())
}

type Vector = Vec<f64>;

/// `Σ w x`.
fn sum(terms: &[(f64, &Vector)]) -> Vector {
    let at = |i: usize| terms.iter().filter(|(w, _)| *w != 0.0).map(|(w, x)| w * x[i]).sum();
    (0..terms[0].1.len()).map(at).collect()
}

/// The states after every step, as the methods' papers write them, with `round` for each state.
///
/// Of one component `i` everything is a number; only the components are many.
fn by_the_book(
    kind: SolverKind,
    slope: &dyn Fn(f64, &[f64]) -> Vector,
    start: &[f64],
    times: &[f64],
    round: impl Fn(f64) -> f64,
) -> Vector {
    let rounded = |state: Vector| state.into_iter().map(&round).collect::<Vector>();
    let (mut x, mut states) = (start.to_vec(), Vec::new());
    // Slopes and predictions of the end, the oldest first; the state before, as UniPC corrected it.
    let (mut slopes, mut ends, mut corrected) = (Vec::new(), Vec::new(), start.to_vec());
    for n in 0..times.len() - 1 {
        let (t, to) = (times[n], times[n + 1]);
        let h = to - t;
        let v = slope(t, &x);
        ends.push(sum(&[(1.0, &x), (1.0 - t, &v)]));
        slopes.push(v.clone());
        x = rounded(match kind {
            SolverKind::Heun => heun(slope, &x, &v, t, h),
            SolverKind::Ab3 if n == 0 => heun(slope, &x, &v, t, h),
            SolverKind::Ab2 if n > 0 => {
                let r = h / (t - times[n - 1]);
                sum(&[(1.0, &x), (h * (1.0 + r / 2.0), &v), (-h * r / 2.0, &slopes[n - 1])])
            }
            SolverKind::Ab3 => {
                let nodes: Vec<usize> = (n.saturating_sub(2)..=n).collect();
                let weights = nodes.iter().map(|&j| simpson(times, &nodes, j, t, to));
                let weights: Vector = weights.collect();
                let terms = weights.iter().copied().zip(nodes.iter().map(|&j| &slopes[j]));
                sum(&[(1.0, &x)].into_iter().chain(terms).collect::<Vec<_>>())
            }
            SolverKind::Dpmpp2m => dpm_solver(times, n, &x, &ends),
            SolverKind::Unipc => {
                if n > 0 {
                    corrected = rounded(unipc_corrector(times, n, &corrected, &ends));
                }
                dpm_solver(times, n, &corrected, &ends)
            }
            _ => sum(&[(1.0, &x), (h, &v)]),
        });
        states.extend_from_slice(&x);
    }
    states
}

fn heun(slope: &dyn Fn(f64, &[f64]) -> Vector, x: &Vector, v: &Vector, t: f64, h: f64) -> Vector {
    let second = slope(t + h, &sum(&[(1.0, x), (h, v)]));
    sum(&[(1.0, x), (h / 2.0, v), (h / 2.0, &second)])
}

/// The integral of Lagrange's polynomial of node `j`: Simpson's rule is exact to the third power.
fn simpson(times: &[f64], nodes: &[usize], j: usize, from: f64, to: f64) -> f64 {
    let at = |t: f64| {
        let others = nodes.iter().filter(|&&m| m != j);
        others.map(|&m| (t - times[m]) / (times[j] - times[m])).product::<f64>()
    };
    (to - from) / 6.0 * (at(from) + 4.0 * at(f64::midpoint(from, to)) + at(to))
}

fn lambda(t: f64) -> f64 {
    t.ln() - (1.0 - t).ln()
}

/// Algorithm 2 of arXiv 2211.01095 with `α = t`, `σ = 1 - t`; the last step is of first order.
fn dpm_solver(times: &[f64], n: usize, x: &Vector, ends: &[Vector]) -> Vector {
    let (t, to) = (times[n], times[n + 1]);
    let h = lambda(to) - lambda(t);
    let (ratio, gain) = ((1.0 - to) / (1.0 - t), -to * (-h).exp_m1());
    if n == 0 || to == 1.0 {
        return sum(&[(ratio, x), (gain, &ends[n])]);
    }
    let r = (lambda(t) - lambda(times[n - 1])) / h;
    let end = sum(&[(1.0 + 1.0 / (2.0 * r), &ends[n]), (-1.0 / (2.0 * r), &ends[n - 1])]);
    sum(&[(ratio, x), (gain, &end)])
}

/// The corrector of arXiv 2302.04867, algorithm 1, `B(h) = e^h - 1`: `x` is the state at `times[n - 1]`.
fn unipc_corrector(times: &[f64], n: usize, x: &Vector, ends: &[Vector]) -> Vector {
    let (t, to) = (times[n - 1], times[n]);
    let h = lambda(to) - lambda(t);
    let (ratio, gain) = ((1.0 - to) / (1.0 - t), -to * (-h).exp_m1());
    let new = sum(&[(1.0, &ends[n]), (-1.0, &ends[n - 1])]);
    if n == 1 {
        return sum(&[(ratio, x), (gain, &ends[0]), (gain / 2.0, &new)]);
    }
    let r = (lambda(times[n - 2]) - lambda(t)) / h;
    let old = sum(&[(1.0, &ends[n - 2]), (-1.0, &ends[n - 1])]);
    let b = (-h).exp_m1();
    let phi = b / -h - 1.0;
    let (first, second) = (phi / b, 2.0 * (phi / -h - 0.5) / b);
    // The two conditions of order by Cramer's rule: p + q = first, r p + q = second.
    let (p, q) = ((first - second) / (1.0 - r), (second - r * first) / (1.0 - r));
    // Where r is infinite, p is 0 and q is `first`.
    let (p, q) = if r.is_infinite() { (0.0, first) } else { (p, q) };
    let old_weight = if r.is_infinite() { 0.0 } else { p / r };
    sum(&[(ratio, x), (gain, &ends[n - 1]), (gain * old_weight, &old), (gain * q, &new)])
}

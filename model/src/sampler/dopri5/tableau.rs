//! The coefficients of Dormand and Prince's method, its error and its choice of steps.

use burn::tensor::Tensor;

use super::super::velocity::column;
use super::super::{Rows, Velocity};
use crate::Result;
use crate::ops::PixelFlowBackend;

/// Error bounds: a step is accepted if its error is at most `absolute + relative |x|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Relative to the state.
    pub relative: f64,
    /// Absolute.
    pub absolute: f64,
}

/// Evaluations after which a row is given up.
pub(super) const MOST_EVALUATIONS: usize = 10_000;

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
pub(super) const ERROR: [f64; 7] = [
    35.0 / 384.0 - 1951.0 / 21600.0,
    0.0,
    500.0 / 1113.0 - 22642.0 / 50085.0,
    125.0 / 192.0 - 451.0 / 720.0,
    -2187.0 / 6784.0 + 12231.0 / 42400.0,
    11.0 / 84.0 - 649.0 / 6300.0,
    -1.0 / 60.0,
];

/// Weights of the slopes for the state in the middle of the step (Shampine 1986).
pub(super) const MIDDLE: [f64; 7] = [
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
pub(super) fn step_factor(ratio: f64) -> f64 {
    if ratio == 0.0 {
        return 10.0;
    }
    let least = if ratio < 1.0 { 1.0 } else { 0.2 };
    (0.9 / ratio.powf(0.2)).max(least).min(10.0)
}

/// The first step from the norms of the state, the slope and the change of slope.
pub(super) fn first_step(h0: f64, slope: f64, change: f64) -> f64 {
    let h1 = if slope <= 1e-15 && change <= 1e-15 {
        (h0 * 1e-3).max(1e-6)
    } else {
        (0.01 / slope.max(change)).powf(0.2)
    };
    h1.min(100.0 * h0)
}

/// The trial step of the first-step heuristic.
pub(super) fn trial_step(state: f64, slope: f64) -> f64 {
    if state < 1e-5 || slope < 1e-5 { 1e-6 } else { 0.01 * state / slope }
}

/// `sum_j weights[j] step[row] slopes[j]`.
pub(super) fn combine<B: PixelFlowBackend>(
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

/// Mean square of `x / (absolute + relative scale)` of each row, `[rows, 1]`, on the device.
pub(super) fn mean_squares<B: PixelFlowBackend>(
    x: Tensor<B, 4>,
    scale: Tensor<B, 4>,
    tolerance: Tolerance,
) -> Tensor<B, 2> {
    let [rows, channels, height, width] = x.dims();
    let ratio = x / (scale * tolerance.relative + tolerance.absolute);
    let squares = (ratio.clone() * ratio).reshape([rows, channels * height * width]);
    squares.mean_dim(1)
}

/// Their roots, once they are read.
pub(super) fn roots(mean_squares: &[f32]) -> Vec<f64> {
    mean_squares.iter().map(|&square| f64::from(square).sqrt()).collect()
}

/// The root mean square over all rows, from that of each.
pub(super) fn over_all(norms: &[f64]) -> f64 {
    let squares: f64 = norms.iter().map(|norm| norm * norm).sum();
    (squares / norms.len() as f64).sqrt()
}

/// The six further slopes of a step and the state at its end.
pub(super) fn slopes<B: PixelFlowBackend>(
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

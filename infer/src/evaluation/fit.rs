//! Fitting softmax regressions: Adam on keyed batches, stopped where held-back images get worse.

use std::ops::Range;

use ndarray::{Array2, ArrayViewMut1, ArrayViewMut2, Axis};
use pixelflow::noise::{Key, Purpose};
use rayon::prelude::*;

use super::standardise::Standardise;

/// Rows that are multiplied at once; fixed, so that numbers do not depend on the threads.
pub(super) const ROWS: usize = 64;

/// One training image in so many is held back to see when to stop.
const HELD_BACK: usize = 10;
/// Images of a step.
const BATCH: usize = 256;
/// Steps, at most; half a minute on two cores for 32x32 pixels.
const MAX_STEPS: usize = 2000;
/// Passes without a better loss on the held-back images, of any probe, that end the fit.
const PATIENCE: usize = 6;
/// Of Adam.
const LEARNING_RATE: f32 = 2e-3;
/// Of AdamW: what is taken off each weight, in parts of the learning rate.
const WEIGHT_DECAY: f32 = 0.1;
/// Of the means of gradients and of their squares.
const BETAS: (f32, f32) = (0.9, 0.999);
/// Features whose weights are updated together; fixed, so that numbers do not depend on threads.
const FEATURES: usize = 256;

/// Fits the weights `[features + 1, columns]` of all probes at once: they share nothing but the
/// pixels. Arguments are as in [`Probes::fit`](super::probe::Probes::fit).
pub(super) fn fit(
    pixels: &[u8],
    features: usize,
    targets: &[Vec<Option<usize>>],
    columns: &[Range<usize>],
    mut progress: impl FnMut(f64),
) -> (Standardise, Array2<f32>) {
    let mut records: Vec<usize> = (0..targets[0].len()).collect();
    Key::new(0, 0, Purpose::ExampleOrder).shuffle(&mut records);
    let (held_back, learned) = records.split_at(records.len() / HELD_BACK);
    let standardise = Standardise::of(pixels, features, learned);
    let data = Data { pixels, standardise, targets, columns };
    let mut adam = Adam::new(features + 1, columns.last().map_or(0, |last| last.end));
    let mut best = Best::new(&adam.weights, columns.len());
    let mut learned = learned.to_vec();
    let epochs = MAX_STEPS.div_ceil(learned.len().div_ceil(BATCH));
    for epoch in 1..=epochs {
        Key::new(0, epoch as u64, Purpose::ExampleOrder).shuffle(&mut learned);
        for rows in learned.chunks(BATCH) {
            let inputs = data.standardise.rows(pixels, rows);
            let (residuals, _) = data.residuals(&inputs, rows, &adam.weights);
            adam.step(&inputs, &residuals);
        }
        best.offer(epoch, &data.losses(held_back, &adam.weights), &adam.weights, columns);
        progress(epoch as f64 / epochs as f64);
        if epoch - best.epoch >= PATIENCE {
            break;
        }
    }
    (data.standardise, best.weights)
}

/// What is learned from.
struct Data<'a> {
    pixels: &'a [u8],
    standardise: Standardise,
    targets: &'a [Vec<Option<usize>>],
    columns: &'a [Range<usize>],
}

impl Data<'_> {
    /// Gradients by the scores, `[rows, columns]`, and the sums of the losses of each attribute.
    ///
    /// The loss is the cross entropy, so the gradient is `softmax(scores) - target`.
    fn residuals(
        &self,
        inputs: &Array2<f32>,
        rows: &[usize],
        weights: &Array2<f32>,
    ) -> (Array2<f32>, Vec<f64>) {
        let mut scores = Array2::zeros((rows.len(), weights.ncols()));
        let parts: Vec<_> = scores
            .axis_chunks_iter_mut(Axis(0), ROWS)
            .zip(inputs.axis_chunks_iter(Axis(0), ROWS))
            .zip(rows.chunks(ROWS))
            .collect();
        let losses: Vec<Vec<f64>> = parts
            .into_par_iter()
            .map(|((mut scores, inputs), rows)| {
                ndarray::linalg::general_mat_mul(1.0, &inputs, weights, 0.0, &mut scores);
                let mut losses = vec![0.0; self.columns.len()];
                for (mut scores, &row) in scores.rows_mut().into_iter().zip(rows) {
                    for (attribute, columns) in self.columns.iter().enumerate() {
                        let scores = scores.slice_axis_mut(Axis(0), columns.clone().into());
                        losses[attribute] += residual(scores, self.targets[attribute][row]);
                    }
                }
                losses
            })
            .collect();
        let sum = |attribute| losses.iter().map(|part: &Vec<f64>| part[attribute]).sum();
        (scores, (0..self.columns.len()).map(sum).collect())
    }

    /// Sums of the losses of each attribute over some records.
    fn losses(&self, rows: &[usize], weights: &Array2<f32>) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns.len()];
        for rows in rows.chunks(BATCH) {
            let inputs = self.standardise.rows(self.pixels, rows);
            let (_, losses) = self.residuals(&inputs, rows, weights);
            for (sum, loss) in sums.iter_mut().zip(losses) {
                *sum += loss;
            }
        }
        sums
    }
}

/// Replaces the scores of one attribute by `softmax(scores) - target`; gives `-ln softmax[target]`.
fn residual(mut scores: ArrayViewMut1<'_, f32>, target: Option<usize>) -> f64 {
    let Some(target) = target else {
        scores.fill(0.0);
        return 0.0;
    };
    let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.mapv_inplace(|score| (score - largest).exp());
    let sum = scores.sum();
    scores.mapv_inplace(|score| score / sum);
    let loss = -f64::from(scores[target].max(f32::MIN_POSITIVE)).ln();
    scores[target] -= 1.0;
    loss
}

/// `AdamW` (Loshchilov and Hutter 2019); the bias, the last row, does not decay.
struct Adam {
    weights: Array2<f32>,
    first: Array2<f32>,
    second: Array2<f32>,
    steps: i32,
}

impl Adam {
    fn new(features: usize, columns: usize) -> Self {
        let zeros = Array2::zeros((features, columns));
        Self { weights: zeros.clone(), first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// One step; the gradient is `inputs^T residuals / rows`.
    fn step(&mut self, inputs: &Array2<f32>, residuals: &Array2<f32>) {
        self.steps += 1;
        let bias = inputs.ncols() - 1;
        let scale = 1.0 / inputs.nrows() as f32;
        let corrections = (1.0 - BETAS.0.powi(self.steps), 1.0 - BETAS.1.powi(self.steps));
        let parts: Vec<_> = self
            .weights
            .axis_chunks_iter_mut(Axis(0), FEATURES)
            .zip(self.first.axis_chunks_iter_mut(Axis(0), FEATURES))
            .zip(self.second.axis_chunks_iter_mut(Axis(0), FEATURES))
            .zip(inputs.axis_chunks_iter(Axis(1), FEATURES))
            .enumerate()
            .collect();
        parts.into_par_iter().for_each(|(part, (((weights, first), second), inputs))| {
            let gradient = inputs.t().dot(residuals) * scale;
            let decaying = bias.saturating_sub(part * FEATURES).min(weights.nrows());
            update([weights, first, second], &gradient, decaying, corrections);
        });
    }
}

/// The update of some features' weights, of which the first `decaying` decay.
fn update(
    [mut weights, mut first, mut second]: [ArrayViewMut2<'_, f32>; 3],
    gradient: &Array2<f32>,
    decaying: usize,
    corrections: (f32, f32),
) {
    let rows = weights.rows_mut().into_iter().enumerate();
    let moments = first.rows_mut().into_iter().zip(second.rows_mut());
    for (((row, mut weights), (mut first, mut second)), gradient) in
        rows.zip(moments).zip(gradient.rows())
    {
        let decay = if row < decaying { 1.0 - LEARNING_RATE * WEIGHT_DECAY } else { 1.0 };
        ndarray::Zip::from(&mut weights).and(&mut first).and(&mut second).and(gradient).for_each(
            |weight, first, second, &gradient| {
                *first = BETAS.0 * *first + (1.0 - BETAS.0) * gradient;
                *second = BETAS.1 * *second + (1.0 - BETAS.1) * gradient * gradient;
                let deviation = (*second / corrections.1).sqrt() + 1e-8;
                *weight = *weight * decay - LEARNING_RATE * (*first / corrections.0) / deviation;
            },
        );
    }
}

/// The weights of each probe where its held-back loss was least.
struct Best {
    weights: Array2<f32>,
    losses: Vec<f64>,
    epoch: usize,
}

impl Best {
    fn new(weights: &Array2<f32>, attributes: usize) -> Self {
        Self { weights: weights.clone(), losses: vec![f64::INFINITY; attributes], epoch: 0 }
    }

    fn offer(
        &mut self,
        epoch: usize,
        losses: &[f64],
        weights: &Array2<f32>,
        columns: &[Range<usize>],
    ) {
        for (attribute, (&loss, columns)) in losses.iter().zip(columns).enumerate() {
            if loss < self.losses[attribute] {
                self.losses[attribute] = loss;
                self.epoch = epoch;
                let better = weights.slice_axis(Axis(1), columns.clone().into());
                self.weights.slice_axis_mut(Axis(1), columns.clone().into()).assign(&better);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_residual_is_the_gradient_of_the_loss() {
        let scores = array![0.3_f32, -1.2, 2.0];
        let loss = |scores: &ndarray::Array1<f32>| residual(scores.clone().view_mut(), Some(1));
        let mut gradient = scores.clone();
        residual(gradient.view_mut(), Some(1));
        for column in 0..3 {
            let (mut more, mut less) = (scores.clone(), scores.clone());
            more[column] += 0.01;
            less[column] -= 0.01;
            let slope = (loss(&more) - loss(&less)) / 0.02;
            // Central differences of step 0.01 are off by 0.01^2 / 6 times the third derivative.
            assert!((slope - f64::from(gradient[column])).abs() < 1e-4);
        }
        assert_eq!(residual(gradient.view_mut(), None), 0.0);
        assert_eq!(gradient, array![0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_first_step_of_adam_is_the_learning_rate_against_the_sign() {
        let mut adam = Adam::new(2, 1);
        adam.weights.fill(2.0);
        adam.step(&array![[3.0, 1.0]], &array![[0.5]]);
        let decayed = 2.0 * (1.0 - LEARNING_RATE * WEIGHT_DECAY);
        let expected = array![[decayed - LEARNING_RATE], [2.0 - LEARNING_RATE]];
        let difference = (&adam.weights - &expected).mapv(f32::abs);
        // Four units in the last place of 2.
        assert!(difference.iter().all(|d| *d < 4.0 * 2.4e-7), "{difference}");
    }

    #[test]
    fn each_probe_keeps_the_weights_of_its_best_pass() {
        let columns = [0..1, 1..2];
        let mut best = Best::new(&array![[0.0, 0.0]], 2);
        best.offer(1, &[3.0, 3.0], &array![[1.0, 1.0]], &columns);
        best.offer(2, &[2.0, 4.0], &array![[2.0, 2.0]], &columns);
        best.offer(3, &[5.0, 5.0], &array![[3.0, 3.0]], &columns);
        assert_eq!((best.weights, best.epoch), (array![[2.0, 1.0]], 2));
    }
}

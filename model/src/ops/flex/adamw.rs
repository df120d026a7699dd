//! One step of AdamW and of the moving average in one pass over memory, in place.

use rayon::prelude::*;

use super::rows::{dot, vectorised};
use crate::ops::AdamWStep;

/// Values of one task.
const CHUNK: usize = 16 * 1024;

/// Parameter, first and second moment and moving average, all updated in place.
pub(super) fn adamw(
    [parameter, first, second, average]: [&mut [f32]; 4],
    gradient: &[f32],
    clip: f32,
    step: &AdamWStep,
) {
    let (beta_1, beta_2) = (step.beta_1 as f32, step.beta_2 as f32);
    let (rest_1, rest_2) = ((1.0 - step.beta_1) as f32, (1.0 - step.beta_2) as f32);
    let keep = (1.0 - step.learning_rate * step.weight_decay) as f32;
    let rate = (step.learning_rate / step.correction_1()) as f32;
    let root = (1.0 / step.correction_2().sqrt()) as f32;
    let epsilon = step.epsilon as f32;
    let (decay, rest) = (step.ema_decay as f32, (1.0 - step.ema_decay) as f32);

    let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
    let values = parameter.par_chunks_mut(CHUNK).zip(average.par_chunks_mut(CHUNK));
    let chunks = values.zip(moments).zip(gradient.par_chunks(CHUNK));
    chunks.for_each(|(((parameter, average), (first, second)), gradient)| {
        vectorised(|| {
            let count = gradient.len();
            let (parameter, average) = (&mut parameter[..count], &mut average[..count]);
            let (first, second) = (&mut first[..count], &mut second[..count]);
            for i in 0..count {
                let g = clip * gradient[i];
                let m = beta_1 * first[i] + rest_1 * g;
                let v = beta_2 * second[i] + rest_2 * (g * g);
                let p = keep * parameter[i] - rate * (m / (v.sqrt() * root + epsilon));
                (first[i], second[i], parameter[i]) = (m, v, p);
                average[i] = decay * average[i] + rest * p;
            }
        });
    });
}

/// Sum of squares: each chunk in f32 lanes, the chunks in order in f64.
pub(super) fn squared_norm(x: &[f32]) -> f32 {
    let sums: Vec<f32> = x.par_chunks(CHUNK).map(|x| vectorised(|| dot(x, x))).collect();
    sums.into_iter().map(f64::from).sum::<f64>() as f32
}

//! The optimiser's step.

use pixelflow::ops::AdamWStep;

use crate::operations::Scalar;

/// Parameter, first and second moment, and moving average after a step, for one number of each.
///
/// Decoupled weight decay before the update, the moving average after it. The numbers of the step
/// are computed in f64, whatever the tape's arithmetic.
pub fn adamw<'t>(
    [parameter, first, second, average]: [Scalar<'t>; 4],
    gradient: Scalar<'t>,
    clip: Scalar<'t>,
    step: &AdamWStep,
) -> [Scalar<'t>; 4] {
    let correction = |beta: f64| 1.0 - beta.powi(step.number as i32);
    let gradient = gradient * clip;
    let first = first * step.beta_1 + gradient * (1.0 - step.beta_1);
    let second = second * step.beta_2 + gradient * gradient * (1.0 - step.beta_2);
    let deviation = second.sqrt() / correction(step.beta_2).sqrt() + step.epsilon;
    let decayed = parameter * (1.0 - step.learning_rate * step.weight_decay);
    let size = step.learning_rate / correction(step.beta_1);
    let parameter = decayed - first / deviation * size;
    let average = average * step.ema_decay + parameter * (1.0 - step.ema_decay);
    [parameter, first, second, average]
}

/// Sum of squares.
pub fn squared_norm<'t>(x: &[Scalar<'t>]) -> Scalar<'t> {
    x.iter().map(|&x| x * x).sum()
}

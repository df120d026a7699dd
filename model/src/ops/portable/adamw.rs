//! One step of AdamW and of the moving average, for one parameter.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::ops::AdamWStep;

/// Parameter, first and second moment, and moving average after the step.
pub(in crate::ops) fn adamw<B: Backend>(
    [parameter, first, second, average]: [Tensor<B, 1>; 4],
    gradient: Tensor<B, 1>,
    clip: Tensor<B, 1>,
    step: &AdamWStep,
) -> [Tensor<B, 1>; 4] {
    let gradient = gradient * clip;
    let first = first * step.beta_1 + gradient.clone() * (1.0 - step.beta_1);
    let second = second * step.beta_2 + (gradient.clone() * gradient) * (1.0 - step.beta_2);
    let deviation = second.clone().sqrt() / step.correction_2().sqrt() + step.epsilon;
    let parameter = parameter * (1.0 - step.learning_rate * step.weight_decay)
        - first.clone() / deviation * (step.learning_rate / step.correction_1());
    let average = average * step.ema_decay + parameter.clone() * (1.0 - step.ema_decay);
    [parameter, first, second, average]
}

/// Sum of squares, `[1]`.
pub(in crate::ops) fn squared_norm<B: Backend>(x: Tensor<B, 1>) -> Tensor<B, 1> {
    (x.clone() * x).sum()
}

//! A model that predicts the ends of the stages, beside one of the same weights that predicts the velocity.

use std::iter::repeat_n;

use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{PixelFlow, Prediction};

use super::small_model::{self, TIMES, token_values};
use crate::cases::{download, gradients::by_name};
use crate::operations::reference::LEAST;
use crate::{Limits, Recorder, TEN};

/// Largest relative error of the reference's f32 forward passes.
const FORWARD_ERROR: f64 = 4e-6;
/// Largest relative error of the reference's f32 gradients, of all parameters together.
const GRADIENT_ERROR: f64 = 6e-6;

/// Compares velocity and gradients with what the formula makes of those of the other model.
///
/// `v = (x_pred - x_t) / max(1 - t, 0.05)`, so that the gradient of `c v` is that of `c / max(1 - t, 0.05)` times what is
/// predicted.
pub(super) fn check<A>(device: &A::Device, recorder: &mut Recorder<'_>)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    recorder.attempt("prediction", |recorder| {
        let [plain, of_end] = [Prediction::Velocity, Prediction::End]
            .map(|prediction| small_model::predicting::<A>(prediction, device));
        let (states, shape) = token_values(&plain);
        let values = states.len() / TIMES.len();
        let left: Vec<f64> = TIMES
            .iter()
            .flat_map(|&time| repeat_n((1.0 - f64::from(time)).max(LEAST), values))
            .collect();
        // Whatever numbers: those of the states will do.
        let counts = states.iter().map(|&x| f64::from(x));
        let divided: Vec<f64> =
            counts.clone().zip(&left).map(|(count, left)| count / left).collect();

        let (output, expected_gradients) = computed(&plain, &divided, shape, device);
        let (velocity, gradients) = computed(&of_end, &counts.collect::<Vec<_>>(), shape, device);
        let pairs = output.iter().zip(&states).zip(&left);
        let expected: Vec<f64> =
            pairs.map(|((end, state), left)| (end - f64::from(*state)) / left).collect();
        // Both are f32, each off by its own error.
        let limits = |error, of| {
            Limits::relative(
                2.0 * TEN * error,
                format!("20 x the reference's worst f32 {of} error"),
            )
        };
        let limit = limits(FORWARD_ERROR, "forward");
        recorder.compare("prediction/velocity", &velocity, &expected, &limit);
        let limit = limits(GRADIENT_ERROR, "gradient");
        recorder.compare("prediction/gradients", &gradients, &expected_gradients, &limit);
        Ok(())
    });
}

/// A model's velocity, and the gradients of all parameters of the sum of multiples of it.
fn computed<A>(
    model: &PixelFlow<A>,
    multiples: &[f64],
    shape: [usize; 2],
    device: &A::Device,
) -> (Vec<f64>, Vec<f64>)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let velocity = small_model::velocity(model, device);
    let multiples: Vec<f32> = multiples.iter().map(|&multiple| multiple as f32).collect();
    let multiples = Tensor::<A, 2>::from_data(TensorData::new(multiples, shape), device);
    let loss = (velocity.clone() * multiples).sum();
    let gradients = by_name(model, &GradientsParams::from_grads(loss.backward(), model));
    let gradients = gradients.into_values().flatten().map(f64::from).collect();
    (download(velocity.inner()), gradients)
}

#[cfg(test)]
mod tests {
    use burn::backend::flex::FlexDevice;
    use burn::backend::{Autodiff, Flex};

    use super::*;
    use crate::{Outcome, Verdict};

    #[test]
    fn both_pass_on_the_processor() {
        let mut listener = |_: &Outcome| {};
        let mut recorder = Recorder::new(None, &mut listener);
        check::<Autodiff<Flex>>(&FlexDevice, &mut recorder);
        let report = recorder.into_report();
        let all: Vec<_> = report.outcomes.iter().map(|o| (o.case.as_str(), o.verdict)).collect();
        let passed = ["prediction/velocity", "prediction/gradients"];
        assert_eq!(all, passed.map(|case| (case, Verdict::Passed)));
    }
}

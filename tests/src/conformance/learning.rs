//! The losses of the smoke recipe's first steps: whatever a backend does wrong in a step grows over fifty.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use train::first_losses;

use crate::{Error, Limits, Recorder, TEN};

/// The losses on a processor; `train/tests/golden_curves.rs` records them, and has these settings.
const CURVE: &str = include_str!("../../../train/tests/curves/smoke.json");
/// The recipe with a step as it is in a long run.
const SETTINGS: [&str; 3] = ["train.steps=50", "train.schedule=constant", "train.warmup_steps=10"];
/// The error that rounding to f32 makes in the gradients of the fixture `train_steps`, all together.
const ROUNDING: f64 = 5.72e-6;

/// Compares the losses of fifty steps with those that were recorded.
pub(super) fn check<A>(device: &A::Device, recorder: &mut Recorder<'_>)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    recorder.attempt("learning", |recorder| {
        let problem = |reason: String| Error::Training { reason };
        let expected: Vec<f64> =
            serde_json::from_str(CURVE).map_err(|error| problem(error.to_string()))?;
        let found = first_losses::<A>("smoke", &SETTINGS, device).map_err(problem)?;
        let basis = "10 x the error of the reference's f32 gradients";
        let limit = Limits::relative(TEN * ROUNDING, basis.to_owned());
        recorder.compare("learning/smoke", &found, &expected, &limit);
        Ok(())
    });
}

//! A checkpoint written on one backend and read on another.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{DType, TensorFile, for_each_parameter, load_model, save_model};
use pixelflow::{NumberFormat, PixelFlow};

use super::small_model;
use crate::cases::download;
use crate::{Limits, Outcome, Recorder, Result, TEN};

/// The weights in a target's folder.
const WEIGHTS: &str = "checkpoint.safetensors";
/// What the writer's model made of the batch.
const VELOCITY: &str = "checkpoint-velocity.json";
/// Largest relative error of the reference's f32 forward passes.
const FORWARD_ERROR: f64 = 4e-6;

/// Writes a model to `folder` from this backend and reads it again.
pub fn write_checkpoint<B: PixelFlowBackend>(
    folder: &Path,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) {
    recorder.attempt("checkpoint/written", |recorder| {
        let model = small_model::model::<B>(device);
        let path = folder.join(WEIGHTS);
        save_model(&model, &path, DType::F32, &BTreeMap::new())?;
        let velocity = download(small_model::velocity(&model, device));
        let unwritten = |source| crate::Error::Unreadable { path: folder.join(VELOCITY), source };
        let text = serde_json::to_vec(&velocity).map_err(|e| unwritten(e.into()))?;
        std::fs::write(folder.join(VELOCITY), text).map_err(unwritten)?;
        recorder.push(same_parameters::<B>("checkpoint/written", &model, &path)?);
        Ok(())
    });
}

/// Reads what another target wrote to `folder`: bit for bit, and it draws the same velocity.
pub fn read_checkpoint<B: PixelFlowBackend>(
    writer: &str,
    folder: &Path,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) {
    let case = |part: &str| format!("checkpoint/{writer}/{part}");
    recorder.attempt(&case("read"), |recorder| {
        let path = folder.join(WEIGHTS);
        let file = TensorFile::open(&path)?;
        let model = load_model::<B>(&file, &small_model::config(), NumberFormat::F32, device)?;
        recorder.push(same_parameters(&case("parameters"), &model, &path)?);
        let stored = folder.join(VELOCITY);
        let unreadable = |source| crate::Error::Unreadable { path: stored.clone(), source };
        let text = std::fs::read(&stored).map_err(unreadable)?;
        let expected: Vec<f64> = serde_json::from_slice(&text).map_err(|e| unreadable(e.into()))?;
        let found = download(small_model::velocity(&model, device));
        // Both are f32, each off by its own error.
        let limit = 2.0 * TEN * FORWARD_ERROR;
        let limits = Limits::relative(limit, "20 x the reference's worst f32 forward error");
        recorder.compare(case("velocity"), &found, &expected, &limits);
        Ok(())
    });
}

/// Compares every parameter on the device with the file, bit for bit.
fn same_parameters<B: Backend>(case: &str, model: &PixelFlow<B>, path: &Path) -> Result<Outcome> {
    let file = TensorFile::open(path)?;
    let (mut differing, mut error) = (0, None);
    for_each_parameter(model, |name, _, found| match file.read(name) {
        Ok(stored) => {
            let bits = |(a, b): &(&f32, &f32)| a.to_bits() != b.to_bits();
            differing += found.iter().zip(&stored).filter(bits).count();
            differing += found.len().abs_diff(stored.len());
        }
        Err(problem) => error = Some(problem),
    });
    match error {
        Some(error) => Err(error.into()),
        None => Ok(Outcome::measured(case, "differing", differing as f64, 0.0, "exact")),
    }
}

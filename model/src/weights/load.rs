//! A model from a file, and back; strict.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;

use super::{
    DType, Mismatches, SafetensorsWriter, TensorFile, WeightsError, for_each_parameter, model_of,
    parameter_shapes,
};
use crate::{PixelFlow, PixelFlowConfig, Result};

/// A model with the weights of a file.
///
/// # Errors
/// [`crate::Error::InvalidModel`]; [`WeightsError::Mismatch`] listing every tensor that is
/// missing, surplus or of another shape; [`WeightsError::NotFinite`]; or what went wrong on reading.
pub fn load_model<B: Backend>(
    file: &TensorFile,
    config: &PixelFlowConfig,
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    load_model_in(file, config, burn::tensor::DType::F32, device)
}

/// As [`load_model`], with weights in another format than f32; the model computes in it.
///
/// # Errors
/// As [`load_model`].
pub fn load_model_in<B: Backend>(
    file: &TensorFile,
    config: &PixelFlowConfig,
    dtype: burn::tensor::DType,
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    config.check()?;
    let shapes = parameter_shapes::<B>(config, device);
    let mismatches = compare(&shapes, file);
    let path = || file.path().to_owned();
    if !mismatches.is_empty() {
        return Err(WeightsError::Mismatch {
            path: path(),
            mismatches,
        }
        .into());
    }
    let model = model_of(config, device, |name, _, transposed| {
        file.read_in(name, dtype, transposed)
    })?;
    Ok(model)
}

/// Writes a model's weights as safetensors under the reference's names.
///
/// # Errors
/// [`WeightsError::Write`]; what was there before is as it was.
///
/// # Panics
/// If `dtype` is no float format.
pub fn save_model<B: Backend>(
    model: &PixelFlow<B>,
    path: &Path,
    dtype: DType,
    metadata: &BTreeMap<String, String>,
) -> std::result::Result<(), WeightsError> {
    let mut tensors = Vec::new();
    super::parameters::for_each_shape(model, |name, shape| tensors.push((name.to_owned(), shape)));
    let mut writer = SafetensorsWriter::create(path, &tensors, dtype, metadata)?;
    let mut outcome = Ok(());
    for_each_parameter(model, |name, _, values| {
        if outcome.is_ok() {
            outcome = writer.push(name, &values);
        }
    });
    outcome?;
    writer.finish()
}

/// What does not fit between a model and a file.
fn compare(shapes: &BTreeMap<String, Vec<usize>>, file: &TensorFile) -> Mismatches {
    let mut mismatches = Mismatches::default();
    for (name, shape) in shapes {
        match file.tensors().get(name) {
            None => mismatches.missing.push((name.clone(), shape.clone())),
            Some(info) if info.shape != *shape => {
                mismatches
                    .misshapen
                    .push((name.clone(), shape.clone(), info.shape.clone()));
            }
            Some(_) => {}
        }
    }
    let unknown = |name: &&String| !shapes.contains_key(*name);
    mismatches.surplus = file.tensors().keys().filter(unknown).cloned().collect();
    mismatches
}

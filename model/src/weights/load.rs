//! A model from a file, and back; strict.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::parameters::{for_each_shape, with_parameters};
use super::{DType, Mismatches, SafetensorsWriter, TensorFile, WeightsError, for_each_parameter};
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
    let model = PixelFlow::uninitialised(config, device);
    let names = Names {
        in_file: &str::to_owned,
        ignored: &|_| false,
    };
    Ok(load_into(file, model, &names, |_| dtype)?)
}

/// What the tensors of a file are called.
pub(super) struct Names<'a> {
    /// Name in the file of a parameter of the module.
    pub(super) in_file: &'a dyn Fn(&str) -> String,
    /// Whether a tensor of the file may be there without being a parameter.
    pub(super) ignored: &'a dyn Fn(&str) -> bool,
}

/// The module with the weights of a file, each in a format of its own; strict.
pub(super) fn load_into<B: Backend, M: Module<B>>(
    file: &TensorFile,
    module: M,
    names: &Names<'_>,
    dtype: impl Fn(&str) -> burn::tensor::DType,
) -> std::result::Result<M, WeightsError> {
    let mut shapes = BTreeMap::new();
    for_each_shape(&module, |name, shape| {
        shapes.insert((names.in_file)(name), shape);
    });
    let mut mismatches = compare(&shapes, file);
    mismatches.surplus.retain(|name| !(names.ignored)(name));
    let path = || file.path().to_owned();
    if !mismatches.is_empty() {
        return Err(WeightsError::Mismatch {
            path: path(),
            mismatches,
        });
    }
    with_parameters(module, dtype, |name, _| {
        let name = (names.in_file)(name);
        let values = file.read(&name)?;
        check_finite(&values).map_err(|(count, first)| WeightsError::NotFinite {
            path: path(),
            name,
            count,
            first,
        })?;
        Ok(values)
    })
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
    save_from(model, path, &str::to_owned, dtype, metadata)
}

/// Writes a module's weights as safetensors under the names of `in_file`.
pub(super) fn save_from<B: Backend>(
    module: &impl Module<B>,
    path: &Path,
    in_file: &dyn Fn(&str) -> String,
    dtype: DType,
    metadata: &BTreeMap<String, String>,
) -> std::result::Result<(), WeightsError> {
    let mut tensors = Vec::new();
    for_each_shape(module, |name, shape| tensors.push((in_file(name), shape)));
    let mut writer = SafetensorsWriter::create(path, &tensors, dtype, metadata)?;
    let mut outcome = Ok(());
    for_each_parameter(module, |name, _, values| {
        if outcome.is_ok() {
            outcome = writer.push(&in_file(name), &values);
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

/// How many values are not finite, and where the first is.
fn check_finite(values: &[f32]) -> std::result::Result<(), (usize, usize)> {
    let wrong = |value: &f32| !value.is_finite();
    match values.iter().position(wrong) {
        None => Ok(()),
        Some(first) => Err((values.iter().filter(|value| wrong(value)).count(), first)),
    }
}

//! A model from a file; strict.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::assemble::with_parameters;
use super::assemble_int8::model_in_int8;
use super::int8_file::{is_int8, read_values, scale_name};
use super::parameters::{Form, for_each_form, parameter_forms};
use super::{DType, Mismatches, TensorFile, TensorInfo, WeightsError};
use crate::layers::MatrixFormat;
use crate::{NumberFormat, PixelFlow, PixelFlowConfig, Result};

/// A model with the weights of a file, in a format in which it then computes.
///
/// Matrices that the file has in eight bits stay so. With [`NumberFormat::Int8`] all matrices are
/// rounded to eight bits as they are read: none but the one being read is ever in floats.
///
/// # Errors
/// [`crate::Error::InvalidModel`]; [`WeightsError::Mismatch`] listing every tensor that is
/// missing, surplus or of another shape; [`WeightsError::NotFinite`]; [`WeightsError::Int8`] on a
/// backend that differentiates, for eight bits have no gradients; or what went wrong on reading.
pub fn load_model<B: Backend>(
    file: &TensorFile,
    config: &PixelFlowConfig,
    format: NumberFormat,
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    let dtype = format.dtype();
    if format == NumberFormat::Int8 || is_int8(file) {
        if B::ad_enabled(device) {
            return Err(WeightsError::Int8 { path: file.path().to_owned() }.into());
        }
        config.check_int8()?;
        refuse_mismatches(&parameter_forms::<B>(config, device), file, &|_| false)?;
        return Ok(model_in_int8(config, dtype, device, |name, _| read_values(file, name))?);
    }
    config.check()?;
    let model = PixelFlow::uninitialised(config, MatrixFormat::Float, device);
    let names = Names { in_file: &str::to_owned, ignored: &|_| false };
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
    let mut forms = BTreeMap::new();
    for_each_form(&module, |name, form| {
        forms.insert((names.in_file)(name), form);
    });
    refuse_mismatches(&forms, file, names.ignored)?;
    with_parameters(module, |name, _, transposed| {
        file.read_in(&(names.in_file)(name), dtype(name), transposed)
    })
}

/// Refuses a file whose tensors are not those of a model.
pub(super) fn refuse_mismatches(
    forms: &BTreeMap<String, Form>,
    file: &TensorFile,
    ignored: &dyn Fn(&str) -> bool,
) -> std::result::Result<(), WeightsError> {
    let mut mismatches = compare(forms, file);
    mismatches.surplus.retain(|name| !ignored(name));
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(WeightsError::Mismatch { path: file.path().to_owned(), mismatches })
}

/// The values of a tensor in floats; finite.
pub(super) fn read_checked(
    file: &TensorFile,
    name: &str,
) -> std::result::Result<Vec<f32>, WeightsError> {
    let values = file.read(name)?;
    check_finite(&values).map_err(|(count, first)| WeightsError::NotFinite {
        path: file.path().to_owned(),
        name: name.to_owned(),
        count,
        first,
    })?;
    Ok(values)
}

/// What does not fit between a model and a file.
fn compare(forms: &BTreeMap<String, Form>, file: &TensorFile) -> Mismatches {
    let mut expected = BTreeMap::new();
    for (name, form) in forms {
        let is_int8 = |info: &TensorInfo| info.dtype == DType::I8;
        if form.is_linear_matrix && file.tensors().get(name).is_some_and(is_int8) {
            expected.insert(scale_name(name), vec![form.shape[0]]);
        }
        expected.insert(name.clone(), form.shape.clone());
    }
    let mut mismatches = Mismatches::default();
    for (name, shape) in &expected {
        match file.tensors().get(name) {
            None => mismatches.missing.push((name.clone(), shape.clone())),
            Some(info) if info.shape != *shape => {
                mismatches.misshapen.push((name.clone(), shape.clone(), info.shape.clone()));
            }
            Some(_) => {}
        }
    }
    let unknown = |name: &&String| !expected.contains_key(*name);
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

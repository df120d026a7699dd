//! A model from a file; strict.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::adapted::Adapted;
use super::assemble::with_parameters;
use super::assemble_int8::model_in_int8;
use super::int8_file::{is_int8, scale_name};
use super::parameters::{Form, for_each_form, parameter_forms};
use super::{Adapter, DType, Mismatches, TensorFile, TensorInfo, WeightsError};
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
    load_adapted(file, &[], config, format, device)
}

/// As [`load_model`], with adapters, which change the weights as they are read. `config` is that of the model
/// [with them](Adapter::describe).
///
/// # Errors
/// As [`load_model`]; [`WeightsError::Adapter`] for one that does not fit.
pub fn load_adapted<B: Backend>(
    file: &TensorFile,
    adapters: &[Adapter],
    config: &PixelFlowConfig,
    format: NumberFormat,
    device: &B::Device,
) -> Result<PixelFlow<B>> {
    adapters.iter().try_for_each(|adapter| adapter.check_fits(file))?;
    let adapted = Adapted { file, adapters };
    let is_replaced = |name: &str| adapters.iter().any(|adapter| adapter.replaces(name));
    let dtype = format.dtype();
    if format == NumberFormat::Int8 || is_int8(file) {
        if B::ad_enabled(device) {
            return Err(WeightsError::Int8 { path: file.path().to_owned() }.into());
        }
        config.check_int8()?;
        let mut forms = parameter_forms::<B>(config, device);
        forms.retain(|name, _| !is_replaced(name));
        refuse_mismatches(&forms, file, &is_replaced)?;
        return Ok(model_in_int8(config, dtype, device, |name, _| adapted.read_values(name))?);
    }
    config.check()?;
    let model = PixelFlow::uninitialised(config, MatrixFormat::Float, device);
    let mut forms = BTreeMap::new();
    for_each_form(&model, |name, form| {
        forms.insert(name.to_owned(), form);
    });
    forms.retain(|name, _| !is_replaced(name));
    refuse_mismatches(&forms, file, &is_replaced)?;
    Ok(with_parameters(model, |name, shape, transposed| {
        adapted.read_in(name, shape, dtype, transposed)
    })?)
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

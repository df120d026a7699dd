//! A model written to a file with the matrices of its linear layers in eight bits.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;

use super::int8_file::{read_values, scale_name};
use super::load::refuse_mismatches;
use super::parameters::{Form, for_each_form, for_each_value, parameter_forms};
use super::{DType, SafetensorsWriter, TensorFile, TensorInfo, Values, WeightsError};
use crate::{PixelFlow, PixelFlowConfig, Result};

/// Writes a model's weights with its matrices in eight bits, all else in f32.
///
/// # Errors
/// [`WeightsError::Write`]; what was there before is as it was.
pub fn save_model_int8<B: Backend>(
    model: &PixelFlow<B>,
    path: &Path,
    metadata: &BTreeMap<String, String>,
) -> std::result::Result<(), WeightsError> {
    let mut forms = Vec::new();
    for_each_form(model, |name, form| forms.push((name.to_owned(), form)));
    let mut writer = Int8Writer::create(path, forms, metadata)?;
    let mut outcome = Ok(());
    for_each_value(model, |name, _, values| {
        if outcome.is_ok() {
            outcome = writer.push(name, values);
        }
    });
    outcome?;
    writer.finish()
}

/// Writes the weights of a file with its matrices in eight bits, all else in f32.
///
/// Only one tensor at a time is in memory, and none on `device`, which stands for the backend;
/// `written` is told each that is done.
///
/// # Errors
/// [`WeightsError::Write`] after which what was there before is as it was, and what
/// [`load_model`](super::load_model) says of a file that does not fit.
pub fn convert_to_int8<B: Backend>(
    file: &TensorFile,
    config: &PixelFlowConfig,
    path: &Path,
    metadata: &BTreeMap<String, String>,
    device: &B::Device,
    written: &mut dyn FnMut(&str),
) -> Result<()> {
    config.check_int8()?;
    let forms = parameter_forms::<B>(config, device);
    refuse_mismatches(&forms, file, &|_| false)?;
    let names: Vec<String> = forms.keys().cloned().collect();
    let mut writer = Int8Writer::create(path, forms, metadata)?;
    for name in names {
        writer.push(&name, read_values(file, &name)?)?;
        written(&name);
    }
    Ok(writer.finish()?)
}

/// Writes parameters one after the other, matrices in eight bits.
struct Int8Writer {
    writer: SafetensorsWriter,
    forms: BTreeMap<String, Form>,
}

impl Int8Writer {
    fn create(
        path: &Path,
        forms: impl IntoIterator<Item = (String, Form)>,
        metadata: &BTreeMap<String, String>,
    ) -> std::result::Result<Self, WeightsError> {
        let forms: Vec<(String, Form)> = forms.into_iter().collect();
        let tensors = forms.iter().flat_map(|(name, form)| stored(name, form));
        let tensors: Vec<_> = tensors.collect();
        let writer = SafetensorsWriter::create_as(path, &tensors, metadata)?;
        let forms = forms.into_iter().collect();
        Ok(Self { writer, forms })
    }

    fn push(&mut self, name: &str, values: Values) -> std::result::Result<(), WeightsError> {
        let form = &self.forms[name];
        if !form.is_linear_matrix {
            return self.writer.push(name, &values.into_floats());
        }
        let rows = values.into_int8(&form.shape);
        self.writer.push_bytes(name, bytemuck::cast_slice(&rows.values))?;
        self.writer.push(&scale_name(name), &rows.scales)
    }

    fn finish(self) -> std::result::Result<(), WeightsError> {
        self.writer.finish()
    }
}

/// The tensors of a parameter.
fn stored(name: &str, form: &Form) -> Vec<(String, TensorInfo)> {
    let tensor = |name: String, shape: &[usize], dtype| {
        let shape = shape.to_vec();
        (name, TensorInfo { shape, dtype })
    };
    if form.is_linear_matrix {
        let scale = tensor(scale_name(name), &form.shape[..1], DType::F32);
        vec![tensor(name.to_owned(), &form.shape, DType::I8), scale]
    } else {
        vec![tensor(name.to_owned(), &form.shape, DType::F32)]
    }
}

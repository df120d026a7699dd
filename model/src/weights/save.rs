//! A model written to a file.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::Module;
use burn::tensor::backend::Backend;

use super::parameters::for_each_form;
use super::{DType, SafetensorsWriter, WeightsError, for_each_parameter};
use crate::PixelFlow;

/// Writes a model's weights as safetensors under the reference's names, all in one format; see
/// [`save_model_int8`](super::save_model_int8) for eight bits.
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
) -> Result<(), WeightsError> {
    save_from(model, path, &str::to_owned, dtype, metadata)
}

/// Writes a module's weights as safetensors under the names of `in_file`.
pub(super) fn save_from<B: Backend>(
    module: &impl Module<B>,
    path: &Path,
    in_file: &dyn Fn(&str) -> String,
    dtype: DType,
    metadata: &BTreeMap<String, String>,
) -> Result<(), WeightsError> {
    let mut tensors = Vec::new();
    for_each_form(module, |name, form| {
        tensors.push((in_file(name), form.shape));
    });
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

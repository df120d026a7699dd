//! The weights of a run as a model folder for sharing.

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow::durable::DurableFolder;
use pixelflow::weights::{
    DESCRIPTION_FILE, DType, ModelDescription, SafetensorsWriter, TEXT_ENCODER_FOLDER,
    TOKENIZER_FILE, TensorFile, WEIGHTS_FILE, WeightSet, WeightsError,
};

use crate::arguments::ExportArguments;
use crate::checkpoint::{STATE, Store};
use crate::error::write_error;
use crate::which_run::name_passed_over;
use crate::{Error, Result};

/// Writes the model folder; returns the checkpoint it was made from.
///
/// # Errors
/// [`Error::NotARun`] if there is no checkpoint, [`Error::OutExists`] if the folder exists,
/// [`Error::Weights`] or [`Error::Write`] if a file cannot be read or written.
pub fn export(arguments: &ExportArguments) -> Result<PathBuf> {
    let ExportArguments { run, out, dtype, raw } = arguments;
    let checkpoint = checkpoint_in(run)?;
    if out.exists() {
        return Err(Error::OutExists { path: out.clone() });
    }
    let dtype = dtype.stored();
    let set = if *raw { WeightSet::Model } else { WeightSet::Ema };
    let description = ModelDescription::read(&checkpoint.join(DESCRIPTION_FILE))?;
    let weights = TensorFile::open(&checkpoint.join(set.file_name()))?;

    let folder = DurableFolder::create(out).map_err(write_error(out))?;
    let model = folder.unfinished();
    convert(&weights, &model.join(WEIGHTS_FILE), dtype)?;
    description.write(&model.join(DESCRIPTION_FILE))?;
    export_text_encoder(&checkpoint, model, set, dtype)?;
    folder.finish().map_err(write_error(out))?;
    Ok(checkpoint)
}

/// Writes the text encoder that was trained with the model, if there is one.
fn export_text_encoder(
    checkpoint: &Path,
    model: &Path,
    set: WeightSet,
    dtype: DType,
) -> Result<()> {
    let (from, to) = (checkpoint.join(TEXT_ENCODER_FOLDER), model.join(TEXT_ENCODER_FOLDER));
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir(&to).map_err(write_error(&to))?;
    for name in [DESCRIPTION_FILE, TOKENIZER_FILE] {
        fs::copy(from.join(name), to.join(name)).map_err(write_error(&to.join(name)))?;
    }
    let weights = TensorFile::open(&from.join(set.file_name()))?;
    Ok(convert(&weights, &to.join(WEIGHTS_FILE), dtype)?)
}

/// `path` itself if it is a checkpoint, else the newest one of the run at `path`.
fn checkpoint_in(path: &Path) -> Result<PathBuf> {
    if path.join(STATE).is_file() {
        return Ok(path.to_owned());
    }
    let store = Store::of_run(path);
    name_passed_over(&store)?;
    store.newest()?.ok_or_else(|| Error::NotARun {
        path: path.to_owned(),
        reason: "it has no checkpoint".to_owned(),
    })
}

/// Copies all tensors in another number format, one at a time.
fn convert(weights: &TensorFile, path: &Path, dtype: DType) -> Result<(), WeightsError> {
    let shapes: Vec<_> =
        weights.tensors().iter().map(|(name, info)| (name.clone(), info.shape.clone())).collect();
    let mut writer = SafetensorsWriter::create(path, &shapes, dtype, weights.metadata())?;
    for (name, _) in &shapes {
        writer.push(name, &weights.read(name)?)?;
    }
    writer.finish()
}

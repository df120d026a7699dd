//! `infer merge`: one model of a model and adapters.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pixelflow::NumberFormat;
use pixelflow::durable::DurableFolder;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::ModelFiles;
use pixelflow::weights::{DESCRIPTION_FILE, DType, TEXT_ENCODER_FOLDER, WEIGHTS_FILE, save_model};
use pixelflow_host::device::{OnBackend, select};

use super::named_model;
use crate::arguments::MergeArguments;
use crate::error::write_error;
use crate::model_source::ModelSource;
use crate::{Error, Result};

/// Writes the model; returns a line that says what was done.
///
/// # Errors
/// [`Error::Argument`] without an adapter or where something is already; what is wrong with the model, the adapters or
/// the place to write to. Nothing is left behind then.
pub fn merge(arguments: &MergeArguments) -> Result<String> {
    let MergeArguments { out, model, dtype } = arguments;
    let refused = |argument, value: &Path, reason: &str| {
        let (value, reason) = (value.display().to_string(), reason.to_owned());
        Err(Error::Argument { argument, value, reason })
    };
    if model.adapters.is_empty() {
        return refused("OUT", out, "nothing is to be merged: say which adapters with --lora");
    }
    if out.exists() {
        return refused("OUT", out, "it exists; choose another folder");
    }
    let source = named_model(model, ModelSource::demo)?;
    let files = source.files()?;
    let encoder = files.path().map(|path| path.with_file_name(TEXT_ENCODER_FOLDER));
    let encoder = encoder.filter(|folder| folder.is_dir());
    let folder = DurableFolder::create(out).map_err(write_error(out))?;
    let path = folder.unfinished();
    // Weights are summed on the host; the CPU only holds them.
    select("cpu")?.run(Write { files: &files, path, dtype: stored(*dtype) })?;
    files.description().write(&path.join(DESCRIPTION_FILE))?;
    if let Some(from) = encoder {
        copy_files(&from, &path.join(TEXT_ENCODER_FOLDER))?;
    }
    folder.finish().map_err(write_error(out))?;
    let adapters: Vec<String> =
        files.adapters().iter().map(|a| format!("{} x {}", a.name(), a.scale())).collect();
    Ok(format!("{}: {} with {}", out.display(), source.name(), adapters.join(", ")))
}

/// The format in a file.
fn stored(format: NumberFormat) -> DType {
    format.stored().unwrap_or(DType::F32)
}

/// Copies the files of a folder into a new one.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).map_err(write_error(to))?;
    for entry in fs::read_dir(from).map_err(write_error(from))? {
        let path = entry.map_err(write_error(from))?.path();
        let place = to.join(path.file_name().unwrap_or_default());
        fs::copy(&path, &place).map_err(write_error(&place))?;
    }
    Ok(())
}

/// Reading a model and writing it, on some backend.
struct Write<'a> {
    files: &'a ModelFiles,
    path: &'a Path,
    dtype: DType,
}

impl OnBackend for Write<'_> {
    type Output = Result<()>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let model = self.files.load::<B>(NumberFormat::F32, &device)?;
        Ok(save_model(&model, &self.path.join(WEIGHTS_FILE), self.dtype, &BTreeMap::new())?)
    }
}

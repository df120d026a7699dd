//! What lies where in folders of models, checkpoints and runs.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pixelflow::text::MAX_TOKENS;
use pixelflow::weights::{
    DESCRIPTION_FILE, INDEX_FILE, ModelDescription, ReferenceConfig, TextDescription, WEIGHTS_FILE,
    WeightSet, read_reference_config,
};
use sha2::{Digest, Sha256};

use crate::error::read_error;
use crate::{Error, Result};

/// The averaged weights of a checkpoint.
pub(super) const EMA_FILE: &str = "ema.safetensors";
/// What a checkpoint's folder is called, before its step.
const CHECKPOINT_PREFIX: &str = "step-";
/// What describes a model of the reference.
pub(super) const REFERENCE_DESCRIPTION: &str = "config.yaml";
/// Side of the images of a model that does not say.
const REFERENCE_RESOLUTION: usize = 256;
/// The text encoder of the authors' text model.
const REFERENCE_TEXT_ENCODER: &str = "hf:google/flan-t5-xl";

/// Steps of the checkpoints in a folder, ascending.
///
/// # Errors
/// What the operating system says.
pub fn checkpoint_steps(folder: &Path) -> io::Result<Vec<u64>> {
    let mut steps = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let step = name.to_str().and_then(|name| name.strip_prefix(CHECKPOINT_PREFIX));
        steps.extend(step.and_then(|digits| digits.parse::<u64>().ok()));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// What the folder of the checkpoint of `step` is called.
pub fn checkpoint_name(step: u64) -> String {
    format!("{CHECKPOINT_PREFIX}{step:08}")
}

/// The first 16 hex digits of the SHA-256 of files, one behind the other.
///
/// # Errors
/// [`Error::Read`].
pub fn file_hash(paths: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in paths {
        let mut file = File::open(path).map_err(read_error(path))?;
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(read_error(path)(error)),
            };
            hash.update(&buffer[..count]);
        }
    }
    let digest = hash.finalize();
    let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
    Ok(format!("{first:016x}"))
}

/// The file of weights at a path: itself, or that of a run's, a checkpoint's or a model's folder.
///
/// # Errors
/// [`Error::NotAModel`], [`Error::Read`].
pub fn weights_at(path: &Path, set: WeightSet) -> Result<PathBuf> {
    if !fs::metadata(path).map_err(read_error(path))?.is_dir() {
        return Ok(path.to_owned());
    }
    let checkpoints = path.join("checkpoints");
    let folder = if checkpoints.is_dir() {
        let steps = checkpoint_steps(&checkpoints).map_err(read_error(&checkpoints))?;
        let none = || Error::NotAModel {
            path: path.to_owned(),
            reason: "the run has no checkpoint yet".to_owned(),
        };
        checkpoints.join(checkpoint_name(*steps.last().ok_or_else(none)?))
    } else {
        path.to_owned()
    };
    let averaged = (set == WeightSet::Ema).then_some(EMA_FILE);
    let names = averaged.into_iter().chain([WEIGHTS_FILE, INDEX_FILE]);
    let found = names.map(|name| folder.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| Error::NotAModel {
        path: path.to_owned(),
        reason: format!("the folder has no {WEIGHTS_FILE}"),
    })
}

/// The description beside a file of weights.
///
/// # Errors
/// [`Error::NotAModel`] if there is none, [`Error::Weights`] if it is broken.
pub fn description_beside(weights: &Path) -> Result<ModelDescription> {
    let (native, reference) =
        (weights.with_file_name(DESCRIPTION_FILE), weights.with_file_name(REFERENCE_DESCRIPTION));
    if native.is_file() {
        Ok(ModelDescription::read(&native)?)
    } else if reference.is_file() {
        let ReferenceConfig { model, cascade, resolution } = read_reference_config(&reference)?;
        let resolution = resolution.unwrap_or(REFERENCE_RESOLUTION);
        let text = model.cross_attention_dim.map(|_| TextDescription {
            encoder: REFERENCE_TEXT_ENCODER.to_owned(),
            max_tokens: MAX_TOKENS,
        });
        Ok(ModelDescription { text, model, cascade, resolution, class_names: None, sampler: None })
    } else {
        let reason = format!("there is neither {DESCRIPTION_FILE} nor config.yaml beside it");
        Err(Error::NotAModel { path: weights.to_owned(), reason })
    }
}

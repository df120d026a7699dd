//! The folders of models, checkpoints and runs: what lies in them, and under which names.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{
    DESCRIPTION_FILE, INDEX_FILE, ModelDescription, WEIGHTS_FILE, WeightSet, WeightsError,
};

/// The averaged weights of a checkpoint.
pub const EMA_FILE: &str = "ema.safetensors";
/// The description of a model of the reference.
pub const REFERENCE_DESCRIPTION: &str = "config.yaml";
/// The folder of a run's checkpoints.
pub const CHECKPOINTS: &str = "checkpoints";
/// The name of a checkpoint's folder, before its step.
const CHECKPOINT_PREFIX: &str = "step-";

/// Steps of the checkpoints in a folder, ascending.
///
/// # Errors
/// [`WeightsError::Open`].
pub fn checkpoint_steps(folder: &Path) -> Result<Vec<u64>, WeightsError> {
    let open = |source| WeightsError::Open { path: folder.to_owned(), source };
    let mut steps = Vec::new();
    for entry in fs::read_dir(folder).map_err(open)? {
        let name = entry.map_err(open)?.file_name();
        let step = name.to_str().and_then(|name| name.strip_prefix(CHECKPOINT_PREFIX));
        steps.extend(step.and_then(|digits| digits.parse::<u64>().ok()));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// The name of the folder of the checkpoint of `step`.
pub fn checkpoint_name(step: u64) -> String {
    format!("{CHECKPOINT_PREFIX}{step:08}")
}

/// The file of weights at a path: itself, or that of a run's, a checkpoint's or a model's folder.
///
/// # Errors
/// [`WeightsError::NotAModel`], [`WeightsError::Open`].
pub fn weights_at(path: &Path, set: WeightSet) -> Result<PathBuf, WeightsError> {
    let open = |source| WeightsError::Open { path: path.to_owned(), source };
    if !fs::metadata(path).map_err(open)?.is_dir() {
        return Ok(path.to_owned());
    }
    let not_a_model = |reason: String| WeightsError::NotAModel { path: path.to_owned(), reason };
    let checkpoints = path.join(CHECKPOINTS);
    let folder = if checkpoints.is_dir() {
        let newest = checkpoint_steps(&checkpoints)?.pop();
        let none = || not_a_model("the run has no checkpoint yet".to_owned());
        checkpoints.join(checkpoint_name(newest.ok_or_else(none)?))
    } else {
        path.to_owned()
    };
    let averaged = (set == WeightSet::Ema).then_some(EMA_FILE);
    let names = averaged.into_iter().chain([WEIGHTS_FILE, INDEX_FILE]);
    let found = names.map(|name| folder.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| not_a_model(format!("the folder has no {WEIGHTS_FILE}")))
}

/// The description beside a file of weights.
///
/// # Errors
/// [`WeightsError::NotAModel`] if there is none, [`WeightsError::Config`] if it is broken.
pub fn description_beside(weights: &Path) -> Result<ModelDescription, WeightsError> {
    let native = weights.with_file_name(DESCRIPTION_FILE);
    if native.is_file() {
        return ModelDescription::read(&native);
    }
    #[cfg(feature = "reference-config")]
    {
        let reference = weights.with_file_name(REFERENCE_DESCRIPTION);
        if reference.is_file() {
            return Ok(super::read_reference_config(&reference)?.description());
        }
    }
    let reason =
        format!("there is neither {DESCRIPTION_FILE} nor {REFERENCE_DESCRIPTION} beside it");
    Err(WeightsError::NotAModel { path: weights.to_owned(), reason })
}

/// The name by which a picture remembers weights: that of their folder, behind the run's for a
/// checkpoint; of a file with a name of its own, that.
pub fn name_of(weights: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = name(weights).unwrap_or_default();
    if ![EMA_FILE, WEIGHTS_FILE, INDEX_FILE].contains(&file.as_str()) {
        return file;
    }
    // `model.safetensors` in the current folder has no folder in its path.
    let absolute = std::path::absolute(weights).unwrap_or_else(|_| weights.to_owned());
    let mut folders = absolute.ancestors().skip(1).map(|folder| name(folder).unwrap_or_default());
    let folder = folders.next().unwrap_or_default();
    let (parent, run) = (folders.next().unwrap_or_default(), folders.next().unwrap_or_default());
    match folder.strip_prefix(CHECKPOINT_PREFIX) {
        Some(_) if parent == CHECKPOINTS => format!("{run}/{folder}"),
        _ => folder,
    }
}

/// The first 16 hex digits of the SHA-256 of files, one behind the other.
///
/// # Errors
/// [`WeightsError::Open`].
pub fn hash_of_files(paths: &[PathBuf]) -> Result<String, WeightsError> {
    let mut hash = Sha256::new();
    for path in paths {
        let open = |source| WeightsError::Open { path: path.clone(), source };
        add_content(&mut hash, File::open(path).map_err(open)?).map_err(open)?;
    }
    Ok(first_digits(hash))
}

/// Adds all bytes of a file to a hash.
pub(super) fn add_content(hash: &mut Sha256, mut file: File) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => hash.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The first 16 hex digits of a hash.
pub(super) fn first_digits(hash: Sha256) -> String {
    let digest = hash.finalize();
    format!("{:016x}", u64::from_be_bytes(std::array::from_fn(|byte| digest[byte])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_model_and_not_where_it_lies() {
        for (path, name) in [
            ("/home/me/xl/model.safetensors", "xl"),
            ("/home/me/xl/model.safetensors.index.json", "xl"),
            ("/home/me/weights.pt", "weights.pt"),
            (
                "/home/me/runs/demo-1/checkpoints/step-00000200/ema.safetensors",
                "demo-1/step-00000200",
            ),
        ] {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}

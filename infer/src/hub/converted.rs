//! A `.pt` of the cache as safetensors, converted once.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use pixelflow::durable;
use pixelflow::weights::{TensorFile, WEIGHTS_FILE, WeightSet, file_hash};

use super::{Hub, HubName};
use crate::Result;
use crate::convert::{ConvertProgress, copy_tensors, planned};
use crate::error::{in_place, read_error, write_error};

/// Folder of the converted weights of a repository, beside Hugging Face's own folders.
const FOLDER: &str = "converted";

/// The weights of a PyTorch file of the cache as safetensors: those that were converted before, or
/// else they are now.
///
/// They are kept under the hash that the cache knows the file by, and appear under their name only
/// when they are whole and have been read back.
///
/// # Errors
/// [`crate::Error::Weights`] for what is wrong with the file, [`crate::Error::Write`] for the cache.
pub fn converted(hub: &Hub, name: &HubName, weights: &Path, set: WeightSet) -> Result<PathBuf> {
    let set_name = match set {
        WeightSet::Ema => "ema",
        WeightSet::Model => "model",
    };
    let folder = hub.folder(name).join(FOLDER).join(format!("{}-{set_name}", key(weights)?));
    let path = folder.join(WEIGHTS_FILE);
    if path.is_file() {
        return Ok(path);
    }
    fs::create_dir_all(&folder).map_err(write_error(&folder))?;
    // One program at a time; the lock ends with the program, however that ends.
    let lock = folder.join("lock");
    let lock = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(write_error(&lock))?;
    if !path.is_file() {
        remove_leftovers(&folder).map_err(write_error(&folder))?;
        let file = match set {
            WeightSet::Ema => TensorFile::open(weights)?,
            WeightSet::Model => TensorFile::open_torch(weights, set)?,
        };
        convert(&file, name, &path)?;
    }
    drop(lock);
    Ok(path)
}

/// Converts into a folder of its own beside `path`, reads back, and gives the file its name.
fn convert(file: &TensorFile, name: &HubName, path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".draft").tempdir_in(folder);
    let draft = draft.map_err(write_error(folder))?;
    let metadata = BTreeMap::from([("source".to_owned(), name.to_string())]);
    let tensors = planned(file, None);
    let mut progress = ConvertProgress::new(file, &format!("converting {name}, once"));
    let draft_path = draft.path().join(WEIGHTS_FILE);
    copy_tensors(file, &tensors, &draft_path, &metadata, &mut progress)
        .map_err(|error| in_place(error, draft.path(), folder))?;
    progress.finish();
    durable::rename(&draft_path, path).map_err(write_error(path))
}

/// Removes what a conversion that was killed has left behind.
fn remove_leftovers(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// What a file of the cache is known by: the name of its blob, or else a hash of what is in it.
fn key(weights: &Path) -> Result<String> {
    let real = fs::canonicalize(weights).map_err(read_error(weights))?;
    let is_blob = real.parent().is_some_and(|folder| folder.ends_with("blobs"));
    match real.file_name().and_then(|name| name.to_str()) {
        Some(name) if is_blob => Ok(name.to_owned()),
        _ => Ok(file_hash(&[weights.to_owned()])?),
    }
}

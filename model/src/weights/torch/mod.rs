//! Reading PyTorch's `.pt` files without Python and without running anything.
//!
//! The file is a zip archive ([`archive`]) of a pickle and raw storages. The pickle is interpreted
//! by a machine that can only build data ([`pickle`], [`global`]); what it builds names the
//! tensors ([`state_dict`]), each a window of a storage ([`tensor_view`]). Storages stay on disk
//! until one of their tensors is read.

mod archive;
mod bounded_reader;
mod fault;
mod global;
mod input;
mod opcode;
mod pickle;
mod state_dict;
mod tensor_view;
mod value;

#[cfg(test)]
mod hand_made;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::archive::Archive;
use self::tensor_view::TensorView;
use super::stored_tensor::StoredTensor;
use super::{TensorInfo, WeightSet, WeightsError};

/// Longest pickle in bytes; a training checkpoint of the XL model has about 300 thousand.
const MAX_PICKLE: u64 = 64 << 20;

/// An opened `.pt` file.
#[derive(Debug)]
pub(super) struct TorchFile {
    path: PathBuf,
    archive: Archive,
    big_endian: bool,
    tensors: BTreeMap<String, TensorInfo>,
    views: BTreeMap<String, TensorView>,
}

impl TorchFile {
    /// Reads and checks the description of all tensors, none of their values.
    ///
    /// Of a training checkpoint all sets are there; `set` is the one that will be taken.
    pub(super) fn open(path: &Path, set: WeightSet) -> Result<Self, WeightsError> {
        let archive = Archive::open(path)?;
        let big_endian = is_big_endian(path, &archive)?;
        let bytes = archive.pickle(MAX_PICKLE)?;
        let views = pickle::load(&bytes)
            .and_then(|pickled| state_dict::tensors(&pickled, set))
            .map_err(|fault| fault.in_file(path))?;
        for (name, view) in &views {
            let (storage, wanted) = (entry(view), view.storage_bytes());
            let there = archive.size(&storage)?;
            if wanted.is_none() || there < wanted {
                return Err(WeightsError::Damaged {
                    path: path.to_owned(),
                    reason: format!(
                        "tensor `{name}` needs a storage `{storage}` of {} bytes, there are {}",
                        wanted.map_or("uncountable".to_owned(), |bytes| bytes.to_string()),
                        there.unwrap_or(0)
                    ),
                });
            }
        }
        let tensors = views.iter().map(|(name, view)| (name.clone(), view.info.clone())).collect();
        Ok(Self { path: path.to_owned(), archive, big_endian, tensors, views })
    }

    pub(super) fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    /// A tensor, to be read; what is compressed or not in row-major order is read here.
    pub(super) fn stored(&self, name: &str) -> Result<StoredTensor<'_>, WeightsError> {
        let (Some(info), Some(view)) = (self.tensors.get(name), self.views.get(name)) else {
            return Err(WeightsError::NoTensor { path: self.path.clone(), name: name.to_owned() });
        };
        let (storage, (start, length)) = (entry(view), view.byte_range());
        if view.is_row_major()
            && let Some((start, checksum)) = self.archive.place(&storage, start, length)?
        {
            let file = self.archive.file();
            return Ok(StoredTensor::in_file(info, file, start, checksum, self.big_endian));
        }
        let bytes = self.archive.read(&storage, start, length)?;
        let bytes = if view.is_row_major() { bytes } else { view.gather(&bytes) };
        Ok(StoredTensor::in_memory(info, bytes, self.big_endian))
    }
}

/// The entry of the archive that is a tensor's storage.
fn entry(view: &TensorView) -> String {
    format!("data/{}", view.storage)
}

/// Whether the storages were written by a big-endian machine.
fn is_big_endian(path: &Path, archive: &Archive) -> Result<bool, WeightsError> {
    const NAME: &str = "byteorder";
    // Files from before PyTorch 2.1 do not say.
    let Some(size) = archive.size(NAME)? else {
        return Ok(false);
    };
    match archive.read(NAME, 0, size.min(8))?.as_slice() {
        b"little" => Ok(false),
        b"big" => Ok(true),
        other => Err(WeightsError::Damaged {
            path: path.to_owned(),
            reason: format!("its byte order is `{}`", other.escape_ascii()),
        }),
    }
}

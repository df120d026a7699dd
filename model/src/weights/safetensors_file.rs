//! Reading safetensors, one tensor at a time.
//!
//! The crate `safetensors` wants the whole file in memory, or mapped, which needs `unsafe`; here
//! it parses and checks only the header, and each tensor is read where the header says it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use safetensors::tensor::Metadata;

use super::TensorInfo;
use super::stored_tensor::StoredTensor;
use super::{DType, WeightsError};

/// Longest header that is read, in bytes: as in the safetensors crate.
const MAX_HEADER: u64 = 100_000_000;

/// An opened safetensors file.
#[derive(Debug)]
pub(super) struct SafetensorsFile {
    path: PathBuf,
    source: Source,
    tensors: BTreeMap<String, TensorInfo>,
    /// First byte of each tensor in the file.
    starts: BTreeMap<String, u64>,
    metadata: BTreeMap<String, String>,
}

/// Where the bytes are.
#[derive(Debug)]
enum Source {
    File(File),
    Memory(Arc<[u8]>),
}

impl SafetensorsFile {
    /// Opens a file, reads and checks its header.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let open = |source| WeightsError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(open)?;
        let length = file.metadata().map_err(open)?.len();
        Self::of(path, Source::File(file), length)
    }

    /// Reads and checks the header of a file in memory, which errors call `name`.
    pub(super) fn in_memory(name: &Path, bytes: Arc<[u8]>) -> Result<Self, WeightsError> {
        let length = bytes.len() as u64;
        Self::of(name, Source::Memory(bytes), length)
    }

    fn of(path: &Path, source: Source, length: u64) -> Result<Self, WeightsError> {
        let open = |source| WeightsError::Open { path: path.to_owned(), source };
        let damaged = |reason: String| WeightsError::Damaged { path: path.to_owned(), reason };
        let reader: &mut dyn Read = match &source {
            Source::File(file) => &mut &*file,
            Source::Memory(bytes) => &mut &**bytes,
        };
        if length < 8 {
            return Err(damaged(format!("it has {length} bytes, fewer than the shortest header")));
        }
        let mut first = [0; 8];
        reader.read_exact(&mut first).map_err(open)?;
        let header_length = u64::from_le_bytes(first);
        if header_length > MAX_HEADER || header_length > length - 8 {
            return Err(damaged(format!(
                "its header claims {header_length} bytes, the file has {length}"
            )));
        }
        let mut header = vec![0; header_length as usize];
        reader.read_exact(&mut header).map_err(open)?;
        let header: Metadata = serde_json::from_slice(&header)
            .map_err(|error| damaged(format!("its header is invalid: {error}")))?;

        let data_start = 8 + header_length;
        let claimed = header.data_len() as u64;
        if data_start.checked_add(claimed) != Some(length) {
            return Err(damaged(format!(
                "its header describes {claimed} bytes of tensors, the file has {}",
                length - data_start
            )));
        }
        let mut tensors = BTreeMap::new();
        let mut starts = BTreeMap::new();
        for (name, info) in header.tensors() {
            let Some(dtype) = DType::from_safetensors(info.dtype) else {
                let reason = format!(
                    "tensor `{}` is in {:?}, which is not read; save it anew in Python, with \
                     tensor.to(torch.bfloat16), times its scale if it has one",
                    name.escape_debug(),
                    info.dtype
                );
                return Err(WeightsError::NotWeights { path: path.to_owned(), reason });
            };
            let (start, _) = info.data_offsets;
            starts.insert(name.clone(), data_start + start as u64);
            tensors.insert(name, TensorInfo { shape: info.shape.clone(), dtype });
        }
        let metadata = header.metadata().clone().unwrap_or_default().into_iter().collect();
        Ok(Self { path: path.to_owned(), source, tensors, starts, metadata })
    }

    pub(super) fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    pub(super) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// A tensor, to be read.
    pub(super) fn stored(&self, name: &str) -> Result<StoredTensor<'_>, WeightsError> {
        match (self.tensors.get(name), self.starts.get(name)) {
            (Some(info), Some(start)) => Ok(match &self.source {
                Source::File(file) => StoredTensor::in_file(info, file, *start, None, false),
                Source::Memory(bytes) => {
                    let (start, size) = (*start as usize, info.size_in_bytes() as usize);
                    StoredTensor::in_memory(info, &bytes[start..start + size], false)
                }
            }),
            _ => Err(WeightsError::NoTensor { path: self.path.clone(), name: name.to_owned() }),
        }
    }
}

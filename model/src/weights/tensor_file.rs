//! A file of tensors, whatever its format.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::safetensors_file::SafetensorsFile;
use super::torch::TorchFile;
use super::{DType, WeightsError};

/// Shape and number format of a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its shape, as in the reference.
    pub shape: Vec<usize>,
    /// Its number format.
    pub dtype: DType,
}

/// Which weights of a training checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightSet {
    /// The weights being trained.
    Model,
    /// Their moving average, which images are drawn from.
    Ema,
}

/// An opened file of tensors: only its index is in memory, tensors are read one at a time.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Safetensors(SafetensorsFile),
    Torch(TorchFile),
}

impl TensorFile {
    /// Opens a safetensors file or a PyTorch `.pt`, told apart by their first bytes.
    ///
    /// A PyTorch training checkpoint gives its moving average, if it has one.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files; nothing of the file is ever run.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        Self::open_set(path, None)
    }

    /// Opens a file as [`open`](Self::open) does; of a training checkpoint, takes `set`.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files; nothing of the file is ever run.
    pub fn open_torch(path: &Path, set: WeightSet) -> Result<Self, WeightsError> {
        Self::open_set(path, Some(set))
    }

    fn open_set(path: &Path, set: Option<WeightSet>) -> Result<Self, WeightsError> {
        let open = |source| WeightsError::Open {
            path: path.to_owned(),
            source,
        };
        let mut start = Vec::new();
        let file = File::open(path).map_err(open)?;
        file.take(2).read_to_end(&mut start).map_err(open)?;
        let is_torch = match start.as_slice() {
            // A zip archive; a bare pickle, as PyTorch wrote before 1.6, gets its own message.
            [b'P', b'K'] | [0x80, 2..=5] => true,
            _ => path
                .extension()
                .is_some_and(|ending| ending == "pt" || ending == "pth"),
        };
        let format = if is_torch {
            Format::Torch(TorchFile::open(path, set)?)
        } else {
            Format::Safetensors(SafetensorsFile::open(path)?)
        };
        Ok(Self {
            path: path.to_owned(),
            format,
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files its tensors are in.
    pub fn files(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    /// All tensors by name.
    pub fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        match &self.format {
            Format::Safetensors(file) => file.tensors(),
            Format::Torch(file) => file.tensors(),
        }
    }

    /// What the file says about itself; empty for PyTorch files.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        match &self.format {
            Format::Safetensors(file) => file.metadata(),
            Format::Torch(_) => &NONE,
        }
    }

    /// The values of a tensor in row-major order; any float format is converted.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], [`WeightsError::NotWeights`] for integers, or what went wrong
    /// on reading.
    pub fn read(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        match &self.format {
            Format::Torch(file) => file.read(name),
            Format::Safetensors(file) => {
                let bytes = file.read(name)?;
                let dtype = self.tensors()[name].dtype;
                dtype
                    .to_f32(&bytes)
                    .ok_or_else(|| WeightsError::NotWeights {
                        path: self.path.clone(),
                        reason: format!(
                            "tensor `{name}` has integers ({dtype:?}), weights are floats"
                        ),
                    })
            }
        }
    }

    /// The bytes of a tensor of a safetensors file as they are stored.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], [`WeightsError::NotWeights`] for a PyTorch file, or what went
    /// wrong on reading.
    pub fn read_bytes(&self, name: &str) -> Result<Vec<u8>, WeightsError> {
        match &self.format {
            Format::Safetensors(file) => file.read(name),
            Format::Torch(_) => Err(WeightsError::NotWeights {
                path: self.path.clone(),
                reason: "bytes as they are stored come from safetensors only".to_owned(),
            }),
        }
    }
}

//! A file of tensors, whatever its format.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::TensorData;
use crc32fast::Hasher;
use half::{bf16, f16};
use serde::{Deserialize, Serialize};

use super::file_kind::FileKind;
use super::float::Float;
use super::memory_order::{self, Unreadable};
use super::model_folder::weights_in;
use super::safetensors_file::SafetensorsFile;
use super::sharded::{ShardIndex, ShardedFile};
use super::stored_tensor::StoredTensor;
#[cfg(feature = "torch")]
use super::torch::TorchFile;
use super::wrappers::unwrapped;
use super::{DType, TensorInfo, WeightsError};

/// Which weights of a training checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightSet {
    /// Their moving average, which images are drawn from.
    #[default]
    Ema,
    /// The weights being trained.
    Model,
}

/// An opened file of tensors: only its index is in memory, tensors are read one at a time.
#[derive(Debug)]
pub struct TensorFile {
    path: PathBuf,
    format: Format,
    /// By their names without wrappers.
    tensors: BTreeMap<String, TensorInfo>,
    /// What the file calls them.
    in_file: BTreeMap<String, String>,
}

#[derive(Debug)]
enum Format {
    Safetensors(SafetensorsFile),
    Sharded(ShardedFile),
    #[cfg(feature = "torch")]
    Torch(TorchFile),
}

impl Format {
    /// Opens a file as what its first bytes say it is.
    fn open(path: &Path, set: WeightSet) -> Result<Self, WeightsError> {
        match FileKind::of_file(path)? {
            FileKind::Zip => Self::torch(path, set),
            FileKind::Unknown if path.extension().is_some_and(is_ending_of_torch) => {
                Err(WeightsError::NotWeights {
                    path: path.to_owned(),
                    reason: "it is no .pt file that torch.save wrote, which would be a zip archive"
                        .to_owned(),
                })
            }
            _ => SafetensorsFile::open(path).map(Self::Safetensors),
        }
    }

    #[cfg(feature = "torch")]
    fn torch(path: &Path, set: WeightSet) -> Result<Self, WeightsError> {
        TorchFile::open(path, set).map(Self::Torch)
    }

    #[cfg(not(feature = "torch"))]
    fn torch(path: &Path, _set: WeightSet) -> Result<Self, WeightsError> {
        Err(WeightsError::NotWeights {
            path: path.to_owned(),
            reason:
                "it is a PyTorch file, which this program was built without (feature `torch`); \
                     take safetensors"
                    .to_owned(),
        })
    }

    fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        match self {
            Self::Safetensors(file) => file.tensors(),
            Self::Sharded(file) => file.tensors(),
            #[cfg(feature = "torch")]
            Self::Torch(file) => file.tensors(),
        }
    }
}

/// Whether files with this ending are PyTorch's.
fn is_ending_of_torch(ending: &OsStr) -> bool {
    ["pt", "pth", "ckpt", "bin"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

impl TensorFile {
    /// Opens a safetensors file or a PyTorch `.pt`, told apart by their first bytes; or several
    /// safetensors files by their index, `*.safetensors.index.json`; or, of a folder, the file
    /// `model.safetensors` or else the index.
    ///
    /// Names lose what wrappers have put into them: `module.`, `_orig_mod.` and their like. A training
    /// checkpoint gives its moving average, if it has one.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files; nothing of the file is ever run.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        Self::open_torch(path, WeightSet::Ema)
    }

    /// Opens a file as [`open`](Self::open) does; of a training checkpoint, takes `set`.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files; nothing of the file is ever run.
    pub fn open_torch(path: &Path, set: WeightSet) -> Result<Self, WeightsError> {
        if path.is_dir() {
            return Self::open_torch(&weights_in(path)?, set);
        }
        let format = if ShardIndex::is_named(path) {
            Format::Sharded(ShardedFile::open(path)?)
        } else {
            Format::open(path, set)?
        };
        Self::of(path.to_owned(), format, set)
    }

    /// A safetensors file that is in memory; errors call it `name`.
    ///
    /// # Errors
    /// [`WeightsError::Damaged`], [`WeightsError::NotWeights`].
    pub fn from_bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Result<Self, WeightsError> {
        let path = PathBuf::from(name);
        let format = Format::Safetensors(SafetensorsFile::in_memory(&path, bytes.into())?);
        Self::of(path, format, WeightSet::Ema)
    }

    fn of(path: PathBuf, format: Format, set: WeightSet) -> Result<Self, WeightsError> {
        let stored = format.tensors();
        match unwrapped(stored.keys(), set) {
            Ok(in_file) => {
                let info = |(name, stored_as): (&String, &String)| {
                    (name.clone(), stored[stored_as].clone())
                };
                let tensors = in_file.iter().map(info).collect();
                Ok(Self { path, format, tensors, in_file })
            }
            Err(reason) => Err(WeightsError::NotWeights { path, reason }),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All files it consists of: itself, and behind an index what that names.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.path.clone()];
        if let Format::Sharded(file) = &self.format {
            files.extend(file.shards());
        }
        files
    }

    /// All tensors by name, without wrappers.
    pub fn tensors(&self) -> &BTreeMap<String, TensorInfo> {
        &self.tensors
    }

    /// Whether wrappers had put something into names, or another set is left out.
    pub fn is_unwrapped(&self) -> bool {
        self.in_file.iter().any(|(name, in_file)| name != in_file)
    }

    /// What the file says about itself; empty for PyTorch files.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        match &self.format {
            Format::Safetensors(file) => file.metadata(),
            Format::Sharded(file) => file.metadata().unwrap_or(&NONE),
            #[cfg(feature = "torch")]
            Format::Torch(_) => &NONE,
        }
    }

    /// The values of a tensor in row-major order; any float format is converted.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], [`WeightsError::NotWeights`] for integers, or what went wrong
    /// on reading.
    pub fn read(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let stored = self.stored(name)?;
        let laid = memory_order::row_major(&stored);
        Ok(laid.map_err(|error| self.unreadable(name, error))?.values)
    }

    /// A tensor as a model has it: in a number format, and transposed if it is the matrix of a
    /// linear layer, which Burn stores as `[in, out]` and files as `[out, in]`.
    ///
    /// Reads, converts, transposes and checks in one pass; besides the result, some chunks of it are
    /// in memory.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], [`WeightsError::NotWeights`] for integers or for a tensor to be
    /// transposed that is no matrix, [`WeightsError::NotFinite`], [`WeightsError::TooLarge`] for a
    /// value that `dtype` cannot hold, or what went wrong on reading.
    pub fn read_in(
        &self,
        name: &str,
        dtype: burn::tensor::DType,
        transposed: bool,
    ) -> Result<TensorData, WeightsError> {
        match dtype {
            burn::tensor::DType::F16 => self.read_as::<f16>(name, transposed),
            burn::tensor::DType::BF16 => self.read_as::<bf16>(name, transposed),
            burn::tensor::DType::F64 => self.read_as::<f64>(name, transposed),
            burn::tensor::DType::F32 => self.read_as::<f32>(name, transposed),
            other => Ok(self.read_as::<f32>(name, transposed)?.convert_dtype(other)),
        }
    }

    /// The values of a tensor in eight bits, in row-major order.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], [`WeightsError::NotWeights`] for another format, or what went wrong
    /// on reading.
    pub fn read_i8(&self, name: &str) -> Result<Vec<i8>, WeightsError> {
        let bytes = self.read_bytes(name)?;
        match self.tensors()[name].dtype {
            DType::I8 => Ok(bytes.into_iter().map(u8::cast_signed).collect()),
            other => Err(WeightsError::NotWeights {
                path: self.path.clone(),
                reason: format!("tensor `{name}` is in {other:?}, not in eight bits"),
            }),
        }
    }

    fn read_as<T: Float>(&self, name: &str, transposed: bool) -> Result<TensorData, WeightsError> {
        let stored = self.stored(name)?;
        let shape = &stored.info.shape;
        let (laid, shape) = match (transposed, shape.as_slice()) {
            (false, shape) => (memory_order::row_major::<T>(&stored), shape.to_vec()),
            (true, &[rows, columns]) => {
                (memory_order::transposed::<T>(&stored, [rows, columns]), vec![columns, rows])
            }
            (true, shape) => {
                return Err(WeightsError::NotWeights {
                    path: self.path.clone(),
                    reason: format!("tensor `{name}` is {shape:?}, the layer needs a matrix"),
                });
            }
        };
        let laid = laid.map_err(|error| self.unreadable(name, error))?;
        if laid.finite {
            Ok(TensorData::new(laid.values, shape))
        } else {
            Err(self.not_finite(name, &stored, T::STORED))
        }
    }

    /// The bytes of a tensor as they are stored, each value with its least significant byte first.
    ///
    /// # Errors
    /// [`WeightsError::NoTensor`], or what went wrong on reading.
    pub fn read_bytes(&self, name: &str) -> Result<Vec<u8>, WeightsError> {
        let mut bytes = Vec::new();
        self.read_chunks(name, usize::MAX, |chunk| {
            bytes = chunk.to_vec();
            Ok::<_, WeightsError>(())
        })?;
        Ok(bytes)
    }

    /// Hands the bytes of a tensor on as [`read_bytes`](Self::read_bytes) has them, `values` values
    /// at a time.
    ///
    /// # Errors
    /// The first error of `take`; [`WeightsError::NoTensor`], or what went wrong on reading.
    pub fn read_chunks<E: From<WeightsError>>(
        &self,
        name: &str,
        values: usize,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let stored = self.stored(name)?;
        let size = stored.dtype().size_in_bytes();
        let bytes = stored.count() * size;
        let mut chunk = vec![0; values.saturating_mul(size).min(bytes)];
        let mut checksum = Hasher::new();
        let failed = |error| self.unreadable(name, Unreadable::Io(error));
        for first in (0..bytes).step_by(chunk.len().max(1)) {
            let chunk_length = chunk.len().min(bytes - first);
            let chunk = &mut chunk[..chunk_length];
            stored.read_little_endian(first, chunk, &mut checksum).map_err(failed)?;
            take(chunk)?;
        }
        Ok(stored.verify(checksum).map_err(failed)?)
    }

    fn stored(&self, name: &str) -> Result<StoredTensor<'_>, WeightsError> {
        let name = self.in_file.get(name).map_or(name, String::as_str);
        match &self.format {
            Format::Safetensors(file) => file.stored(name),
            Format::Sharded(file) => file.stored(name),
            #[cfg(feature = "torch")]
            Format::Torch(file) => file.stored(name),
        }
    }

    fn unreadable(&self, name: &str, error: Unreadable) -> WeightsError {
        let path = self.path.clone();
        match error {
            Unreadable::Integers => WeightsError::NotWeights {
                path,
                reason: format!(
                    "tensor `{name}` has integers ({:?}), weights are floats",
                    self.tensors()[name].dtype
                ),
            },
            Unreadable::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                WeightsError::Damaged { path, reason: format!("tensor `{name}`: {error}") }
            }
            Unreadable::Io(source) => WeightsError::Open { path, source },
        }
    }

    /// Which values of a tensor are not finite, or too large for `dtype`.
    fn not_finite(&self, name: &str, stored: &StoredTensor<'_>, dtype: DType) -> WeightsError {
        let (path, name) = (self.path.clone(), name.to_owned());
        let values = match memory_order::row_major::<f64>(stored) {
            Ok(laid) => laid.values,
            Err(error) => return self.unreadable(&name, error),
        };
        let wrong = |value: &f64| !value.is_finite();
        if let Some(first) = values.iter().position(wrong) {
            return WeightsError::NotFinite {
                path,
                name,
                count: values.iter().filter(|value| wrong(value)).count(),
                first,
            };
        }
        let largest = |most: f64, value: &f64| most.max(value.abs());
        WeightsError::TooLarge { path, name, value: values.iter().fold(0.0, largest), dtype }
    }
}

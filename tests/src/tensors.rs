//! The tensors of a fixture, on the host.

use std::path::Path;

use pixelflow::weights::{DType, TensorFile};

use crate::{Error, Result};

/// An opened fixture.
#[derive(Debug)]
pub struct Tensors {
    file: TensorFile,
}

impl Tensors {
    /// Opens a safetensors file, or a PyTorch file.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { file: TensorFile::open(path)? })
    }

    /// The file.
    pub fn file(&self) -> &TensorFile {
        &self.file
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.file.tensors().contains_key(name)
    }

    /// Names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.file.tensors().keys().map(String::as_str)
    }

    /// Shape of a tensor.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor.
    pub fn shape(&self, name: &str) -> Result<Vec<usize>> {
        let info = self.file.tensors().get(name);
        info.map(|info| info.shape.clone())
            .ok_or_else(|| self.problem(format!("there is no tensor `{name}`")))
    }

    /// Shape of a tensor of `D` dimensions.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor or it has another number of dimensions.
    pub fn dims<const D: usize>(&self, name: &str) -> Result<[usize; D]> {
        let shape = self.shape(name)?;
        shape.as_slice().try_into().map_err(|_| {
            self.problem(format!("`{name}` has shape {shape:?}, {D} dimensions were expected"))
        })
    }

    /// Values of a float tensor in row-major order.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor, or what went wrong on reading.
    pub fn floats(&self, name: &str) -> Result<Vec<f32>> {
        self.shape(name)?;
        Ok(self.file.read(name)?)
    }

    /// Values of a float tensor, in f64 if it is stored so.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor, or what went wrong on reading.
    pub fn doubles(&self, name: &str) -> Result<Vec<f64>> {
        self.shape(name)?;
        if self.file.tensors()[name].dtype == DType::F64 {
            let bytes = self.file.read_bytes(name)?;
            let (chunks, _) = bytes.as_chunks::<8>();
            return Ok(chunks.iter().map(|c| f64::from_le_bytes(*c)).collect());
        }
        Ok(widen(&self.floats(name)?))
    }

    /// Values of an integer tensor.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor or it has floats.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>> {
        self.shape(name)?;
        let bytes = self.file.read_bytes(name)?;
        let (eights, _) = bytes.as_chunks::<8>();
        let (fours, _) = bytes.as_chunks::<4>();
        match self.file.tensors()[name].dtype {
            DType::I64 => Ok(eights.iter().map(|c| i64::from_le_bytes(*c)).collect()),
            DType::I32 => Ok(fours.iter().map(|c| i64::from(i32::from_le_bytes(*c))).collect()),
            DType::U8 | DType::Bool => Ok(bytes.iter().map(|&b| i64::from(b)).collect()),
            other => Err(self.problem(format!("`{name}` has {other:?}, not integers"))),
        }
    }

    /// Values of a tensor of indices or counts.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor, it has floats, or a value is negative.
    pub fn counts(&self, name: &str) -> Result<Vec<usize>> {
        self.integers(name)?
            .into_iter()
            .map(|n| usize::try_from(n).map_err(|_| self.problem(format!("`{name}` contains {n}"))))
            .collect()
    }

    /// Bytes of a `uint8` tensor.
    ///
    /// # Errors
    /// [`Error::Fixture`] if there is no such tensor or it has another format.
    pub fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.shape(name)?;
        match self.file.tensors()[name].dtype {
            DType::U8 => Ok(self.file.read_bytes(name)?),
            other => Err(self.problem(format!("`{name}` has {other:?}, not uint8"))),
        }
    }

    /// `name` with `_f64` where there is such a tensor: the truth the f32 one approximates.
    pub fn truth(&self, name: &str) -> String {
        let exact = format!("{name}_f64");
        if self.has(&exact) { exact } else { name.to_owned() }
    }

    /// An error about this file.
    pub fn problem(&self, reason: impl Into<String>) -> Error {
        let file = self.file.path().file_name().unwrap_or_default();
        Error::Fixture { file: file.to_string_lossy().into_owned(), reason: reason.into() }
    }
}

/// The same numbers in f64.
pub(crate) fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

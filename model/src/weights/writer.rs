//! Writing safetensors, one tensor at a time, atomically.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Metadata, TensorInfo as Entry};
use tempfile::NamedTempFile;

use super::{DType, TensorInfo, WeightsError};

/// Writes tensors one after the other; the file appears under its name only when all are there.
///
/// At no time is more than one tensor in memory.
#[derive(Debug)]
pub struct SafetensorsWriter {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    /// What is still to come, in order.
    expected: VecDeque<Expected>,
}

/// A tensor that is still to come.
#[derive(Debug)]
struct Expected {
    name: String,
    /// Number of values.
    count: usize,
    dtype: DType,
}

impl SafetensorsWriter {
    /// Begins a file with these tensors, in this order, all in one format.
    ///
    /// # Errors
    /// [`WeightsError::Write`] if the folder cannot be written to.
    ///
    /// # Panics
    /// If `dtype` is no float format, or a shape overflows.
    pub fn create(
        path: &Path,
        tensors: &[(String, Vec<usize>)],
        dtype: DType,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, WeightsError> {
        assert!(
            dtype.from_f32(&[]).is_some(),
            "weights are floats, not {dtype:?}"
        );
        let infos = tensors.iter().map(|(name, shape)| {
            let shape = shape.clone();
            (name.clone(), TensorInfo { shape, dtype })
        });
        Self::create_mixed(path, infos, metadata)
    }

    /// Begins a file with these tensors, in this order, each in a format of its own.
    ///
    /// # Errors
    /// [`WeightsError::Write`] if the folder cannot be written to.
    ///
    /// # Panics
    /// If a shape overflows.
    pub fn create_mixed(
        path: &Path,
        tensors: impl IntoIterator<Item = (String, TensorInfo)>,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, WeightsError> {
        let mut offset = 0;
        let mut infos = Vec::new();
        let mut expected = VecDeque::new();
        for (name, TensorInfo { shape, dtype }) in tensors {
            let count: usize = shape.iter().product();
            let end = offset + count * dtype.size_in_bytes();
            let info = Entry {
                dtype: dtype.to_safetensors(),
                shape,
                data_offsets: (offset, end),
            };
            infos.push((name.clone(), info));
            expected.push_back(Expected { name, count, dtype });
            offset = end;
        }
        let metadata = (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect());
        let write = |source| WeightsError::Write {
            path: path.to_owned(),
            source,
        };
        let header = Metadata::new(metadata, infos)
            .map_err(io::Error::other)
            .and_then(|header| Ok(serde_json::to_vec(&header)?))
            .map_err(write)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(write)?;
        let mut file = BufWriter::new(file);
        // Padded with spaces, so that the data is aligned.
        let padded = header.len().next_multiple_of(8);
        file.write_all(&(padded as u64).to_le_bytes())
            .and_then(|()| file.write_all(&header))
            .and_then(|()| file.write_all(&vec![b' '; padded - header.len()]))
            .map_err(write)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            expected,
        })
    }

    /// Writes the next tensor, in its format.
    ///
    /// # Errors
    /// [`WeightsError::Write`], for instance when the disk is full.
    ///
    /// # Panics
    /// If another tensor is next, it is no float, or the number of values is not what its shape says.
    pub fn push(&mut self, name: &str, values: &[f32]) -> Result<(), WeightsError> {
        let dtype = self.next(name, values.len());
        let bytes = dtype.from_f32(values);
        let bytes = bytes.unwrap_or_else(|| panic!("{name} is in {dtype:?}, not in floats"));
        self.write(&bytes)
    }

    /// Writes the next tensor, which is in eight bits.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    ///
    /// # Panics
    /// As [`push`](Self::push), but if it is not in [`DType::I8`].
    pub fn push_i8(&mut self, name: &str, values: &[i8]) -> Result<(), WeightsError> {
        let dtype = self.next(name, values.len());
        assert_eq!(dtype, DType::I8, "{name} is in another format");
        self.write(bytemuck::cast_slice(values))
    }

    /// The format of the next tensor, which must be this one.
    fn next(&mut self, name: &str, count: usize) -> DType {
        let next = self.expected.pop_front();
        let found = next.as_ref().map(|next| (next.name.as_str(), next.count));
        assert_eq!(found, Some((name, count)), "tensors come in their order");
        next.expect("it was just compared").dtype
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WeightsError> {
        let write = |source| WeightsError::Write {
            path: self.path.clone(),
            source,
        };
        self.file.write_all(bytes).map_err(write)
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`WeightsError::Write`]; what was there before is as it was.
    ///
    /// # Panics
    /// If tensors are missing.
    pub fn finish(self) -> Result<(), WeightsError> {
        assert!(
            self.expected.is_empty(),
            "tensors are missing: {:?}",
            self.expected
        );
        let Self { path, file, .. } = self;
        let write = |source| WeightsError::Write {
            path: path.clone(),
            source,
        };
        let file = file
            .into_inner()
            .map_err(|error| write(error.into_error()))?;
        file.as_file().sync_all().map_err(write)?;
        readable_by_others(&file).map_err(write)?;
        file.persist(&path).map_err(|error| write(error.error))?;
        Ok(())
    }
}

/// Temporary files are for their owner only; weights are as readable as any new file.
pub(super) fn readable_by_others(file: &NamedTempFile) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

//! Writing safetensors, one tensor at a time.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Metadata, TensorInfo};
use serde_json::Value;

use super::{DType, WeightsError};
use crate::durable::DurableFile;

/// Writes tensors one after the other; the file appears under its name only when all are there.
///
/// At no time is more than one tensor in memory.
#[derive(Debug)]
pub struct SafetensorsWriter {
    path: PathBuf,
    file: DurableFile,
    /// Names, formats and bytes of values that are still to come, in order.
    expected: VecDeque<(String, DType, usize)>,
}

impl SafetensorsWriter {
    /// Begins a file with these tensors, in this order.
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
        assert!(dtype.from_f32(&[]).is_some(), "weights are floats, not {dtype:?}");
        let info = |(name, shape): &(String, Vec<usize>)| {
            let shape = shape.clone();
            (name.clone(), super::TensorInfo { shape, dtype })
        };
        let tensors: Vec<_> = tensors.iter().map(info).collect();
        Self::create_as(path, &tensors, metadata)
    }

    /// Begins a file with these tensors, in this order, each in its own number format.
    ///
    /// # Errors
    /// [`WeightsError::Write`] if the folder cannot be written to.
    ///
    /// # Panics
    /// If a shape overflows.
    pub fn create_as(
        path: &Path,
        tensors: &[(String, super::TensorInfo)],
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self, WeightsError> {
        let mut offset = 0;
        let mut infos = Vec::with_capacity(tensors.len());
        let mut expected = VecDeque::with_capacity(tensors.len());
        for (name, tensor) in tensors {
            let bytes = tensor.shape.iter().product::<usize>() * tensor.dtype.size_in_bytes();
            let info = TensorInfo {
                dtype: tensor.dtype.to_safetensors(),
                shape: tensor.shape.clone(),
                data_offsets: (offset, offset + bytes),
            };
            infos.push((name.clone(), info));
            expected.push_back((name.clone(), tensor.dtype, bytes));
            offset += bytes;
        }
        let metadata = (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect());
        let write = |source| WeightsError::Write { path: path.to_owned(), source };
        let header = Metadata::new(metadata, infos)
            .map_err(io::Error::other)
            .and_then(|header| Ok(serde_json::to_vec(&with_sorted_metadata(&header)?)?))
            .map_err(write)?;
        let mut file = DurableFile::create(path).map_err(write)?;
        // Padded with spaces, so that the data is aligned.
        let padded = header.len().next_multiple_of(8);
        file.write_all(&(padded as u64).to_le_bytes())
            .and_then(|()| file.write_all(&header))
            .and_then(|()| file.write_all(&vec![b' '; padded - header.len()]))
            .map_err(write)?;
        Ok(Self { path: path.to_owned(), file, expected })
    }

    /// Writes the next tensor.
    ///
    /// # Errors
    /// [`WeightsError::Write`], for instance when the disk is full.
    ///
    /// # Panics
    /// If another tensor is next, it has integers, or the number of values is not what its shape says.
    pub fn push(&mut self, name: &str, values: &[f32]) -> Result<(), WeightsError> {
        let dtype = self.expected.front().map(|(_, dtype, _)| *dtype);
        let bytes = dtype.and_then(|dtype| dtype.from_f32(values));
        let bytes = bytes.expect("a tensor of floats is next");
        assert_eq!(
            self.expected.front().map(|(_, _, bytes)| *bytes),
            Some(bytes.len()),
            "as many values as the shape of {name} says"
        );
        self.push_bytes(name, &bytes)
    }

    /// Writes the next bytes of the next tensor, which may come in parts; little-endian values in the
    /// format it was announced with.
    ///
    /// # Errors
    /// [`WeightsError::Write`], for instance when the disk is full.
    ///
    /// # Panics
    /// If another tensor is next, or has fewer bytes.
    pub fn push_bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), WeightsError> {
        // Tensors without values need not come.
        while self.expected.front().is_some_and(|(next, _, left)| *left == 0 && next != name) {
            self.expected.pop_front();
        }
        match self.expected.front_mut() {
            Some((next, _, left)) if next == name && *left >= bytes.len() => *left -= bytes.len(),
            next => panic!("tensors come in their order: {name} instead of {next:?}"),
        }
        if self.expected.front().is_some_and(|(_, _, left)| *left == 0) {
            self.expected.pop_front();
        }
        let write = |source| WeightsError::Write { path: self.path.clone(), source };
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
            self.expected.iter().all(|(_, _, left)| *left == 0),
            "tensors are missing: {:?}",
            self.expected
        );
        let Self { path, file, .. } = self;
        file.finish().map_err(|source| WeightsError::Write { path, source })
    }
}

/// The header with what the file says of itself in the order of its keys: in the crate they have a random one, and the
/// same tensors would be other bytes.
fn with_sorted_metadata(header: &Metadata) -> serde_json::Result<Value> {
    let mut header = serde_json::to_value(header)?;
    if let Some(Value::Object(metadata)) = header.get_mut("__metadata__") {
        metadata.sort_keys();
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tensors_are_the_same_bytes_whatever_the_file_says_of_itself() {
        let folder = tempfile::tempdir().unwrap();
        let keys = ["step", "format", "seed", "model", "date", "hash", "values"];
        let metadata = keys.map(|key| (key.to_owned(), format!("the {key}"))).into();
        let written = |name: &str| {
            let path = folder.path().join(name);
            let shapes = [("b".to_owned(), vec![2]), ("a".to_owned(), vec![1])];
            let mut writer =
                SafetensorsWriter::create(&path, &shapes, DType::F32, &metadata).unwrap();
            writer.push("b", &[1.0, 2.0]).unwrap();
            writer.push("a", &[3.0]).unwrap();
            writer.finish().unwrap();
            std::fs::read(path).unwrap()
        };
        let first = written("0");
        for number in 1..5 {
            assert!(written(&number.to_string()) == first, "{number}");
        }
        let text = String::from_utf8_lossy(&first);
        assert!(
            text.find("\"date\"") < text.find("\"format\"")
                && text.find("\"step\"") < text.find("\"b\"")
        );
    }
}

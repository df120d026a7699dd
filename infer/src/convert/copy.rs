//! Tensors from one file into another, and the proof that they have arrived.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::weights::{
    DType, Rounding, SafetensorsWriter, TensorFile, TensorInfo, Unconvertible, WeightsError,
    convert_values,
};

use super::{ConvertProgress, TensorReport};
use crate::{Error, Result};

/// Values that are in memory at once.
const CHUNK: usize = 1 << 20;

/// A tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTensor {
    /// Its name.
    pub name: String,
    /// What it is in the file that is read.
    pub from: TensorInfo,
    /// What it becomes.
    pub to: TensorInfo,
}

/// All tensors of a file, floats in another number format if one is given; integers stay as they are.
///
/// Formats with longer values come first, which aligns all of them, and then names in order.
pub fn planned(file: &TensorFile, dtype: Option<DType>) -> Vec<PlannedTensor> {
    let plan = |(name, from): (&String, &TensorInfo)| {
        let is_float = from.dtype.from_f32(&[]).is_some();
        let to = TensorInfo {
            shape: from.shape.clone(),
            dtype: dtype.filter(|_| is_float).unwrap_or(from.dtype),
        };
        PlannedTensor { name: name.clone(), from: from.clone(), to }
    };
    let mut tensors: Vec<_> = file.tensors().iter().map(plan).collect();
    tensors.sort_by_key(|tensor| Reverse(tensor.to.dtype.size_in_bytes()));
    tensors
}

/// Writes tensors of a file as another, reads it back and compares.
///
/// # Errors
/// [`Error::Weights`] for a value that the new format cannot hold, or what went wrong on reading and
/// writing; [`Error::NotWritten`] if what is read back differs.
pub fn copy_tensors(
    file: &TensorFile,
    tensors: &[PlannedTensor],
    path: &Path,
    metadata: &BTreeMap<String, String>,
    progress: &mut ConvertProgress,
) -> Result<Vec<TensorReport>> {
    progress.stage("writing");
    let infos: Vec<_> =
        tensors.iter().map(|tensor| (tensor.name.clone(), tensor.to.clone())).collect();
    let mut writer = SafetensorsWriter::create_as(path, &infos, metadata)?;
    let mut reports = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        let mut rounding = Rounding::default();
        for_each_chunk(file, tensor, |bytes, chunk_rounding| {
            progress.advance(bytes.len());
            rounding = rounding.max(chunk_rounding);
            Ok(writer.push_bytes(&tensor.name, bytes)?)
        })?;
        reports.push(TensorReport { tensor: tensor.clone(), rounding });
    }
    writer.finish()?;
    progress.stage("reading back");
    let written = TensorFile::open(path)?;
    for tensor in tensors {
        compare(file, tensor, &written, progress)?;
    }
    Ok(reports)
}

/// Compares a tensor as it was written with what it should be.
fn compare(
    file: &TensorFile,
    tensor: &PlannedTensor,
    written: &TensorFile,
    progress: &ConvertProgress,
) -> Result<()> {
    let differs =
        || Error::NotWritten { path: written.path().to_owned(), name: tensor.name.clone() };
    if written.tensors().get(&tensor.name) != Some(&tensor.to) {
        return Err(differs());
    }
    // In chunks of the same number of values on both sides.
    let stored = written.read_bytes(&tensor.name)?;
    let mut rest = stored.as_slice();
    for_each_chunk(file, tensor, |expected, _| {
        progress.advance(expected.len());
        rest = rest.strip_prefix(expected).ok_or_else(differs)?;
        Ok(())
    })?;
    if rest.is_empty() { Ok(()) } else { Err(differs()) }
}

/// Hands on a tensor's values in their new format, and what rounding has changed in each chunk.
fn for_each_chunk(
    file: &TensorFile,
    tensor: &PlannedTensor,
    mut take: impl FnMut(&[u8], Rounding) -> Result<()>,
) -> Result<()> {
    let (from, to) = (tensor.from.dtype, tensor.to.dtype);
    file.read_chunks(&tensor.name, CHUNK, |bytes| {
        let (bytes, rounding) = convert_values(bytes, from, to)
            .map_err(|reason| unconvertible(file, tensor, reason))?;
        take(&bytes, rounding)
    })
}

/// Why a tensor cannot be converted, with all that is wrong with it.
fn unconvertible(file: &TensorFile, tensor: &PlannedTensor, reason: Unconvertible) -> Error {
    let wanted = match tensor.to.dtype {
        DType::F16 => burn::tensor::DType::F16,
        DType::BF16 => burn::tensor::DType::BF16,
        DType::F32 => burn::tensor::DType::F32,
        _ => burn::tensor::DType::F64,
    };
    let (path, name) = (file.path().to_owned(), tensor.name.clone());
    match (file.read_in(&name, wanted, false), reason) {
        (Err(error), _) => error.into(),
        (Ok(_), Unconvertible::TooLarge { value }) => Error::Weights(WeightsError::TooLarge {
            path,
            name,
            value: value.abs(),
            dtype: tensor.to.dtype,
        }),
        (Ok(_), Unconvertible::NotFinite { .. } | Unconvertible::Integer) => {
            Error::Weights(WeightsError::NotWeights {
                path,
                reason: format!("tensor `{name}` cannot become {:?}", tensor.to.dtype),
            })
        }
    }
}

//! Weights with their matrices in eight bits.

use std::path::Path;

use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{DType, ModelDescription, Rounding, TensorFile, convert_to_int8};
use pixelflow_host::device::OnBackend;

use super::{ConversionReport, ConvertProgress, PlannedTensor, TensorReport};
use crate::{Error, Result};

/// Most of the largest weight of its row that rounding to eight bits may change: half a step.
const LARGEST_ERROR: f64 = 0.5 / 127.0;

/// Writes a model's weights with its matrices in eight bits, on whatever backend there is: none of
/// them computes anything.
pub struct ToInt8<'a> {
    /// The weights.
    pub file: &'a TensorFile,
    /// What they are of.
    pub description: &'a ModelDescription,
    /// The file to write.
    pub path: &'a Path,
    /// Is told how far it has come.
    pub progress: &'a ConvertProgress,
}

impl OnBackend for ToInt8<'_> {
    type Output = Result<ConversionReport>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let config = &self.description.model;
        let metadata = self.file.metadata();
        self.progress.stage("writing");
        let bytes = |name: &str| self.file.tensors()[name].size_in_bytes() as usize;
        let mut written = |name: &str| self.progress.advance(bytes(name));
        convert_to_int8::<B>(self.file, config, self.path, metadata, &device, &mut written)?;
        self.progress.stage("reading back");
        let written = TensorFile::open(self.path)?;
        let tensors = self.file.tensors().keys().map(|name| {
            self.progress.advance(bytes(name));
            compare(self.file, &written, name)
        });
        Ok(ConversionReport { tensors: tensors.collect::<Result<_>>()?, files: 1 })
    }
}

/// Reads a tensor back and compares it, row by row.
///
/// # Errors
/// [`Error::Write`] if a value is off by more than half a step of its row.
fn compare(before: &TensorFile, after: &TensorFile, name: &str) -> Result<TensorReport> {
    let (from, to) = (&before.tensors()[name], &after.tensors()[name]);
    let values = before.read(name)?;
    let mut rounding = Rounding::default();
    if to.dtype == DType::I8 {
        let scales = after.read(&format!("{name}.scale"))?;
        let whole = after.read_i8(name)?;
        let inputs = (values.len() / scales.len().max(1)).max(1);
        let rows = values.chunks(inputs).zip(whole.chunks(inputs)).zip(&scales);
        for ((values, whole), scale) in rows {
            let most = values.iter().fold(0.0_f64, |most, x| most.max(f64::from(x.abs())));
            for (value, whole) in values.iter().zip(whole) {
                let error = f64::from(*value) - f64::from(*scale) * f64::from(*whole);
                rounding.absolute = rounding.absolute.max(error.abs());
                if most > 0.0 {
                    rounding.relative = rounding.relative.max(error.abs() / most);
                }
            }
        }
        // The scale itself is rounded to f32.
        if rounding.relative > LARGEST_ERROR * 1.0001 {
            return Err(Error::Write {
                path: after.path().to_owned(),
                reason: format!("tensor `{name}` is not what was written; is the disk sound?"),
            });
        }
    }
    Ok(TensorReport {
        tensor: PlannedTensor { name: name.to_owned(), from: from.clone(), to: to.clone() },
        rounding,
    })
}

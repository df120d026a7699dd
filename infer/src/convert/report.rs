//! What a conversion has done.

use std::fmt;
use std::io::Write;
use std::path::Path;

use pixelflow::durable;
use pixelflow::weights::Rounding;

use super::PlannedTensor;
use crate::Result;
use crate::error::write_error;

/// What has become of one tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorReport {
    /// The tensor.
    pub tensor: PlannedTensor,
    /// The largest errors of its values.
    pub rounding: Rounding,
}

/// What has become of all tensors; displayed as a summary.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversionReport {
    /// All tensors.
    pub tensors: Vec<TensorReport>,
    /// How many files of weights were written.
    pub files: usize,
}

impl ConversionReport {
    /// Writes a line for each tensor, its parts separated by tabs.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let written = durable::write(path, |file| {
            writeln!(
                file,
                "tensor\tshape\tfrom\tto\tlargest absolute error\tlargest relative error"
            )?;
            for TensorReport { tensor, rounding } in &self.tensors {
                let (from, to) = (tensor.from.dtype, tensor.to.dtype);
                let (name, shape) = (tensor.name.escape_debug(), &tensor.from.shape);
                let Rounding { absolute, relative } = rounding;
                writeln!(file, "{name}\t{shape:?}\t{from:?}\t{to:?}\t{absolute:e}\t{relative:e}")?;
            }
            Ok(())
        });
        written.map_err(write_error(path))
    }

    /// The tensor with the largest error, of those that were rounded.
    fn worst(&self, error: fn(&Rounding) -> f64) -> Option<&TensorReport> {
        let rounded = self.tensors.iter().filter(|report| report.rounding.absolute > 0.0);
        rounded.max_by(|a, b| error(&a.rounding).total_cmp(&error(&b.rounding)))
    }
}

impl fmt::Display for ConversionReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tensors = || self.tensors.iter().map(|report| &report.tensor);
        let values: usize =
            tensors().map(|tensor| tensor.from.shape.iter().product::<usize>()).sum();
        let before: u64 = tensors().map(|tensor| tensor.from.size_in_bytes()).sum();
        let after: u64 = tensors().map(|tensor| tensor.to.size_in_bytes()).sum();
        write!(
            formatter,
            "{} tensors with {:.2} million values, {:.2} MB before, {:.2} MB in {} {}",
            self.tensors.len(),
            values as f64 / 1e6,
            before as f64 / 1e6,
            after as f64 / 1e6,
            self.files,
            if self.files == 1 { "file" } else { "files" },
        )?;
        let worst = self.worst(|r| r.absolute).zip(self.worst(|r| r.relative));
        let Some((absolute, relative)) = worst else {
            return write!(formatter, "; all values as they were");
        };
        write!(
            formatter,
            "; rounding changed values by at most {:.1e} ({}), and by at most {:.1e} of the value ({})",
            absolute.rounding.absolute,
            absolute.tensor.name,
            relative.rounding.relative,
            relative.tensor.name,
        )
    }
}

//! The weights of a file as adapters change them.

use burn::tensor::{DType as Format, TensorData};
use half::f16;

use super::assemble::transpose;
use super::int8_file::read_values;
use super::{Adapter, DType, TensorFile, Values, WeightsError};

/// A file of weights, and what changes them, one after the other.
pub(super) struct Adapted<'a> {
    pub(super) file: &'a TensorFile,
    pub(super) adapters: &'a [Adapter],
}

impl Adapted<'_> {
    /// A parameter as [`TensorFile::read_in`] gives it. Sums are made in f32, whatever the format.
    pub(super) fn read_in(
        &self,
        name: &str,
        shape: &[usize],
        format: Format,
        transposed: bool,
    ) -> Result<TensorData, WeightsError> {
        if !self.is_changed(name) {
            return self.file.read_in(name, format, transposed);
        }
        let values = self.sum(name)?;
        let largest = values.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        if format == Format::F16 && largest > f32::from(f16::MAX) {
            let path = self.file.path().to_owned();
            let (name, value) = (name.to_owned(), largest.into());
            return Err(WeightsError::TooLarge { path, name, value, dtype: DType::F16 });
        }
        let data = TensorData::new(values, shape);
        Ok(if transposed { transpose(data) } else { data }.convert_dtype(format))
    }

    /// A parameter as the file has it, or in floats where it is changed.
    pub(super) fn read_values(&self, name: &str) -> Result<Values, WeightsError> {
        if self.is_changed(name) {
            self.sum(name).map(Values::Float)
        } else {
            read_values(self.file, name)
        }
    }

    fn is_changed(&self, name: &str) -> bool {
        self.adapters.iter().any(|adapter| adapter.changes(name))
    }

    fn sum(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let is_replaced = self.adapters.iter().any(|adapter| adapter.replaces(name));
        let mut values = if is_replaced {
            Vec::new()
        } else {
            let data = self.file.read_in(name, Format::F32, false)?;
            data.into_vec().expect("it was asked for in f32")
        };
        for adapter in self.adapters {
            adapter.apply(name, &mut values);
            if values.iter().any(|value| !value.is_finite()) {
                let scale = adapter.scale();
                return Err(WeightsError::Adapter {
                    path: adapter.path().to_owned(),
                    reason: format!(
                        "times {scale} it makes values of `{name}` that are not finite; give a smaller scale"
                    ),
                });
            }
        }
        Ok(values)
    }
}

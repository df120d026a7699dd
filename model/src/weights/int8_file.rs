//! Files with the matrices of linear layers in eight bits.
//!
//! Such a matrix is two tensors: `NAME` with whole numbers, I8 `[outputs, inputs]`, and `NAME.scale`
//! with one factor an output, F32 `[outputs]`. Everything else is as in other files.

use super::{DType, TensorFile, Values, WeightsError};
use crate::int8::Int8Rows;

/// Whether a file has matrices in eight bits.
pub fn is_int8(file: &TensorFile) -> bool {
    file.tensors().values().any(|info| info.dtype == DType::I8)
}

/// What the scales of a matrix are called.
pub(super) fn scale_name(matrix: &str) -> String {
    format!("{matrix}.scale")
}

/// The values of a parameter as the file has them; finite.
pub(super) fn read_values(file: &TensorFile, name: &str) -> Result<Values, WeightsError> {
    if file.tensors().get(name).map(|info| info.dtype) != Some(DType::I8) {
        return read_checked(file, name).map(Values::Float);
    }
    Ok(Values::Int8(Int8Rows {
        values: file.read_i8(name)?,
        scales: read_checked(file, &scale_name(name))?,
    }))
}

/// The values of a tensor in floats; finite.
fn read_checked(file: &TensorFile, name: &str) -> Result<Vec<f32>, WeightsError> {
    let data = file.read_in(name, burn::tensor::DType::F32, false)?;
    Ok(data.into_vec().expect("it was asked for in f32"))
}

//! Format and shape of a tensor in a file.

use super::DType;

/// Shape and number format of a stored tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its shape, as in the reference.
    pub shape: Vec<usize>,
    /// Its number format.
    pub dtype: DType,
}

impl TensorInfo {
    /// Bytes of its values.
    pub fn size_in_bytes(&self) -> u64 {
        let count: usize = self.shape.iter().product();
        count as u64 * self.dtype.size_in_bytes() as u64
    }
}

//! Between Burn's CPU tensors and slices.

use burn::tensor::{DType, TensorData};
use burn_flex::FlexTensor;

/// A contiguous f32 tensor.
pub(super) struct Values(FlexTensor);

impl Values {
    /// `None` if the tensor is not f32.
    pub(super) fn new(tensor: FlexTensor) -> Option<Self> {
        (tensor.dtype() == DType::F32)
            .then(|| Self(if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }))
    }

    /// The values, row-major.
    pub(super) fn slice(&self) -> &[f32] {
        let layout = self.0.layout();
        let start = layout.start_offset();
        &self.0.storage::<f32>()[start..start + layout.num_elements()]
    }

    /// Rows and columns of a matrix.
    pub(super) fn sides(&self) -> [usize; 2] {
        self.0.layout().shape().dims()
    }
}

/// All of the tensors, or `None` if one of them is not f32.
pub(super) fn all<const N: usize>(tensors: [&FlexTensor; N]) -> Option<[Values; N]> {
    let values: Vec<Values> =
        tensors.into_iter().filter_map(|tensor| Values::new(tensor.clone())).collect();
    values.try_into().ok()
}

/// The words of a tensor; `None` if they are not i32, or not in order.
pub(super) fn words_of(tensor: &FlexTensor) -> Option<&[i32]> {
    (tensor.dtype() == DType::I32).then(|| tensor.as_slice::<i32>()).flatten()
}

/// A tensor of these values.
pub(super) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

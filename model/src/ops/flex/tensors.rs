//! Between Burn's CPU tensors and slices.

use burn::tensor::{DType, TensorData, bf16};
use burn_flex::FlexTensor;

use super::half::{narrowed, widened};

/// A contiguous tensor in f32.
pub(super) struct Values(FlexTensor);

impl Values {
    /// `None` if the tensor is not f32.
    pub(super) fn new(tensor: FlexTensor) -> Option<Self> {
        (tensor.dtype() == DType::F32).then(|| Self(in_order(tensor)))
    }

    /// The same, but bf16 is widened to f32.
    fn widened(tensor: FlexTensor) -> Option<Self> {
        if tensor.dtype() != DType::BF16 {
            return Self::new(tensor);
        }
        let shape = tensor.layout().shape().clone();
        let values = widened(halves(&in_order(tensor)));
        Some(Self(FlexTensor::from_data(TensorData::new(values, shape))))
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

fn in_order(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() }
}

/// The values of a contiguous tensor in bf16.
pub(super) fn halves(tensor: &FlexTensor) -> &[bf16] {
    let layout = tensor.layout();
    let start = layout.start_offset();
    &tensor.storage::<bf16>()[start..start + layout.num_elements()]
}

/// All of the tensors in f32, or `None` if one of them is neither f32 nor bf16.
pub(super) fn all<const N: usize>(tensors: [&FlexTensor; N]) -> Option<[Values; N]> {
    let values: Vec<Values> =
        tensors.into_iter().filter_map(|tensor| Values::widened(tensor.clone())).collect();
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

/// The same in the format of other tensors: f32, or rounded to bf16.
pub(super) fn tensor_in<const D: usize>(
    dtype: DType,
    values: Vec<f32>,
    shape: [usize; D],
) -> FlexTensor {
    match dtype {
        DType::BF16 => FlexTensor::from_data(TensorData::new(narrowed(&values), shape)),
        _ => tensor(values, shape),
    }
}

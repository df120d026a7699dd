//! A linear layer in bf16, on processors that multiply bf16.

use burn::tensor::{DType, bf16};
use burn_flex::FlexTensor;
use pixelflow_products::{Matrix, is_supported, product};
use rayon::prelude::*;

use super::half::widened;
use super::rows::vectorised;
use super::tensors::{halves, tensor_in};

/// Whether all of these are computed here: in bf16, on a processor that multiplies it.
fn is_ours<const N: usize>(tensors: [&FlexTensor; N]) -> bool {
    tensors.iter().all(|tensor| tensor.dtype() == DType::BF16) && is_supported()
}

/// A matrix as it lies in memory, in order or transposed; otherwise of a copy, which `place` keeps.
fn matrix<'a>(tensor: &'a FlexTensor, place: &'a mut Option<FlexTensor>) -> Matrix<'a> {
    let [rows, columns] = tensor.layout().shape().dims();
    let turned = tensor.layout().transpose(0, 1);
    if !tensor.is_contiguous() && turned.is_contiguous() {
        let start = turned.start_offset();
        let values = &tensor.storage::<bf16>()[start..start + rows * columns];
        return Matrix::new(values, columns, rows).transposed();
    }
    if tensor.is_contiguous() {
        return Matrix::new(halves(tensor), rows, columns);
    }
    Matrix::new(halves(place.insert(tensor.to_contiguous())), rows, columns)
}

/// `x weight + bias`; `None` where it is not computed here.
pub(super) fn linear(
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: Option<&FlexTensor>,
) -> Option<FlexTensor> {
    if !is_ours([x, weight, bias.unwrap_or(weight)]) {
        return None;
    }
    let (mut for_x, mut for_weight) = (None, None);
    let (x, weight) = (matrix(x, &mut for_x), matrix(weight, &mut for_weight));
    let sides = [x.rows(), weight.columns()];
    let mut out = product(&x, &weight);
    if let Some(bias) = bias {
        let bias = widened(halves(&bias.to_contiguous()));
        out.par_chunks_mut(bias.len().max(1)).for_each(|row| {
            vectorised(
                #[inline(always)]
                || row.iter_mut().zip(&bias).for_each(|(value, bias)| *value += bias),
            );
        });
    }
    Some(tensor_in(DType::BF16, out, sides))
}

/// Gradients of x and weight, `g weight'` and `x' g`; `None` where they are not computed here.
pub(super) fn linear_backward(
    x: &FlexTensor,
    weight: &FlexTensor,
    gradient: &FlexTensor,
) -> Option<[FlexTensor; 2]> {
    if !is_ours([x, weight, gradient]) {
        return None;
    }
    let (mut for_x, mut for_weight, mut for_gradient) = (None, None, None);
    let gradient = matrix(gradient, &mut for_gradient);
    let (x, weight) = (matrix(x, &mut for_x), matrix(weight, &mut for_weight));
    let (rows, inputs, outputs) = (x.rows(), x.columns(), weight.columns());
    let tensor = |values, sides: [usize; 2]| tensor_in(DType::BF16, values, sides);
    Some([
        tensor(product(&gradient, &weight.transposed()), [rows, inputs]),
        tensor(product(&x.transposed(), &gradient), [inputs, outputs]),
    ])
}

//! What the backward pass subtracts from the gradients of a query's weights.

use cubecl::prelude::*;

/// `delta[row, head] = sum_d grad_output[row, head, d] output[row, head, d]`, one unit for each.
///
/// # Shapes
/// - `grad_output`, output: `[queries, heads * head_dim]`
/// - delta: `[queries, heads]`
#[cube(launch)]
pub(super) fn dots_by_head<E: Float, N: Size>(
    grad_output: &Tensor<Vector<E, N>>,
    output: &Tensor<Vector<E, N>>,
    delta: &mut Tensor<f32>,
    heads: usize,
    #[comptime] vectors: usize,
    #[define(E)] _dtype: StorageType,
) {
    if ABSOLUTE_POS < delta.len() {
        let token = ABSOLUTE_POS / heads;
        let head = ABSOLUTE_POS % heads;
        let left_start = token * (grad_output.stride(0) / N::value()) + head * vectors;
        let right_start = token * (output.stride(0) / N::value()) + head * vectors;
        let mut sum = 0.0f32;
        for vector in 0..vectors {
            let left = Vector::<f32, N>::cast_from(grad_output[left_start + vector]);
            let right = Vector::<f32, N>::cast_from(output[right_start + vector]);
            sum += left.dot(right);
        }
        delta[ABSOLUTE_POS] = sum;
    }
}

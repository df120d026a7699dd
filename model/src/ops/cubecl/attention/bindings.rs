//! The tensors that the kernels are given.

use cubecl::prelude::*;

/// Elements of a vector: what a unit reads at once.
pub(super) const LANES: usize = 4;

/// Queries, keys and values, and which of them meet: what all kernels read.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Inputs<E: Float, N: Size> {
    /// `[queries, heads * head_dim]`.
    pub q: Tensor<Vector<E, N>>,
    /// `[keys, heads * head_dim]`.
    pub k: Tensor<Vector<E, N>>,
    /// `[keys, heads * head_dim]`.
    pub v: Tensor<Vector<E, N>>,
    /// Added to all scores of a key, `[keys]`.
    pub bias: ComptimeOption<Tensor<E>>,
    /// `[tiles, 4]`; see [`table`](super::table).
    pub tiles: Tensor<u32>,
    /// `1 / sqrt(head_dim)`.
    pub scale: f32,
}

/// What the backward kernels read besides the [`Inputs`].
#[derive(CubeType, CubeLaunch)]
pub(super) struct BackwardInputs<E: Float, N: Size> {
    /// The gradient of the output, `[queries, heads * head_dim]`.
    pub grad_output: Tensor<Vector<E, N>>,
    /// The logarithm of the sum of the exponentials of a query's scores, `[queries, heads]`.
    pub lse: Tensor<f32>,
    /// `grad_output . output` of each query and head, `[queries, heads]`.
    pub delta: Tensor<f32>,
}

/// What is added to a key's scores: its bias, if there are any; nothing for keys that are not there.
#[cube]
pub(super) fn bias_of_key<E: Float>(
    bias: &ComptimeOption<Tensor<E>>,
    key: usize,
    end: usize,
) -> f32 {
    let mut added = f32::new(0.0);
    #[comptime]
    match bias {
        ComptimeOption::Some(bias) => {
            if key < end {
                added = f32::cast_from(bias[key]);
            }
        }
        ComptimeOption::None => {}
    }
    added
}

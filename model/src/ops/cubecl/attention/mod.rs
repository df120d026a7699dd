//! Packed attention in tiles: the scores of a tile are all that ever exists of them, in the forward
//! and in the backward pass (`FlashAttention`: Dao et al. 2022, arXiv 2205.14135).
//!
//! # One tile, from the table to the output
//!
//! Two examples have 70 and 3 queries, and 81 and 20 keys; there are 2 heads of 72 features. Without
//! [matrix units](matrix), a tile may have 32 x 32 scores.
//!
//! 1. The host cuts the queries into tiles of at most 32, none of two examples: 0..32, 32..64,
//!    64..70, 70..73. Each is a row of the [table], with the keys that it meets: 0..81, for the last
//!    81..101. The table is made and uploaded once a pass. A kernel is [launched](launch) with 4 x 2
//!    cubes of 8 x 8 units: one cube for each tile and head.
//! 2. Cube (1, 0) is about queries 32..64 of head 0, and loads them into shared memory: 32 rows of
//!    18 vectors of 4 features. It meets the keys 32 at a time: 0..32, 32..64, then 64..81 and 15
//!    rows of zeros. Each time:
//! 3. It loads the keys. `S = q k' scale + bias`: unit (r, c) has the 16 scores of every eighth row
//!    and column from r and c on, in registers. Keys that are not there score -1e30.
//! 4. The units of a row tell each other their largest score, in shared memory. Where the largest so
//!    far, `m`, has grown, what was summed up is scaled by `exp(m_old - m_new)`. The weights
//!    `P = exp(S - m)` go to shared memory, and `l += sum P`.
//! 5. It loads the values, where the keys were: `O += P v`, each unit every eighth vector of its rows.
//! 6. After the last keys it writes `output = O / l`, and `lse = m + ln l`, from which the backward
//!    pass has the final weights, `exp(S - lse)`, without meeting the other keys first.
//!
//! The backward pass first takes [`delta`](mod@delta) `= grad_output . output` of each query. With
//! `P = exp(S - lse)`, the gradient of the weights is `dP = grad_output v'`, and that of the scores
//! `dS = P (dP - delta)`. The kernel `grad_queries` has the tiles from above, and sums
//! `grad_q = scale dS k`. That of `grad_keys` is about tiles of keys, which meet queries:
//! `grad_k = scale dS' q`, `grad_v = P' grad_output`. No two cubes write the same row, so nothing is
//! atomic, and two runs give the same bits.
//!
//! Sums are f32 whatever the tensors are, and so are the tiles, but where the device has matrix units
//! for the tensors' format.

// What `#[cube]` makes of a function: handles of no size by reference, and bindings it uses itself.
#![allow(clippy::trivially_copy_pass_by_ref, clippy::used_underscore_binding)]

mod bindings;
#[cfg(all(test, feature = "cuda-source"))]
mod cuda_source;
mod delta;
mod launch;
mod matrix;
mod table;
mod units;

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, empty_device_dtype};
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use self::bindings::LANES;
use self::launch::{BackwardTensors, Bindings, arg};
use self::units::Tile;
use crate::ops::{Attended, AttentionInputs, AttentionLayout};

/// Units of a cube that has no tile.
const UNITS_WITHOUT_TILE: u32 = 64;

/// Whether the kernels can be used for heads of this size in this format.
pub(super) fn is_possible<R: CubeRuntime>(
    client: &ComputeClient<R>,
    head_dim: usize,
    dtype: DType,
) -> bool {
    let shared_memory = client.properties().hardware.max_shared_memory_size;
    // The kernel for keys needs the most memory.
    matches!(dtype, DType::F32 | DType::F16 | DType::BF16)
        && Tile::largest(head_dim, units::GRAD_KEYS, shared_memory).is_some()
}

/// Queries, keys and values, and which belong together.
pub(super) struct Attention<'a, R: CubeRuntime> {
    q: CubeTensor<R>,
    k: CubeTensor<R>,
    v: CubeTensor<R>,
    bias: Option<CubeTensor<R>>,
    layout: &'a AttentionLayout,
}

impl<'a, R: CubeRuntime> Attention<'a, R> {
    /// `None` if the kernels cannot be used.
    pub(super) fn new<B>(inputs: &AttentionInputs<B>, layout: &'a AttentionLayout) -> Option<Self>
    where
        B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    {
        let AttentionInputs { q, k, v, bias } = inputs;
        let bias_dtype = bias.as_ref().map_or(q.dtype, |bias| bias.dtype);
        let same = [k.dtype, v.dtype, bias_dtype].map(|dtype| dtype == q.dtype) == [true; 3];
        let head_dim = q.meta.shape()[1] / layout.heads;
        (same && is_possible(&q.client, head_dim, q.dtype)).then(|| Self {
            q: readable(q.clone()),
            k: readable(k.clone()),
            v: readable(v.clone()),
            bias: bias.clone().map(into_contiguous),
            layout,
        })
    }

    fn head_dim(&self) -> usize {
        self.q.meta.shape()[1] / self.layout.heads
    }

    /// A value in f32 for each query and head.
    fn per_query(&self) -> CubeTensor<R> {
        let shape = [self.q.meta.shape()[0], self.layout.heads].into();
        let (client, device) = (self.q.client.clone(), self.q.device.clone());
        empty_device_contiguous_dtype(client, device, shape, DType::F32)
    }

    /// The output, and the logarithms of the sums.
    pub(super) fn forward<B>(&self) -> Attended<B>
    where
        B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    {
        let (output, lse) = (empty_like(&self.q), self.per_query());
        self.launch(&Bindings::Attend { output: &output, lse: &lse });
        Attended { output, lse }
    }

    /// Gradients of q, k and v from that of the output.
    pub(super) fn backward<B>(
        &self,
        attended: Attended<B>,
        grad_output: CubeTensor<R>,
    ) -> [CubeTensor<R>; 3]
    where
        B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    {
        let (output, grad_output) = (readable(attended.output), readable(grad_output));
        let lse = into_contiguous(attended.lse);
        let delta = self.delta(&output, &grad_output);
        let backward = &BackwardTensors { grad_output, lse, delta };
        let [grad_q, grad_k, grad_v] = [&self.q, &self.k, &self.v].map(empty_like);
        self.launch(&Bindings::GradQueries { backward, grad_q: &grad_q });
        self.launch(&Bindings::GradKeys { backward, grad_k: &grad_k, grad_v: &grad_v });
        [grad_q, grad_k, grad_v]
    }

    /// `grad_output . output` of each query and head.
    fn delta(&self, output: &CubeTensor<R>, grad_output: &CubeTensor<R>) -> CubeTensor<R> {
        let delta = self.per_query();
        let count = delta.meta.num_elements();
        if count == 0 {
            return delta;
        }
        let units = CubeDim::new_1d(UNITS_WITHOUT_TILE);
        delta::dots_by_head::launch(
            &self.q.client,
            // More cubes than fit into one dimension are spread over three.
            calculate_cube_count_elemwise(&self.q.client, count, units),
            units,
            LANES,
            arg(grad_output),
            arg(output),
            arg(&delta),
            self.layout.heads,
            self.head_dim() / LANES,
            self.q.dtype.into(),
        );
        delta
    }
}

/// A matrix whose rows are made of whole vectors, wherever each begins.
fn readable<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    let strides = x.meta.strides();
    let start = x.handle.offset_start.unwrap_or(0) as usize;
    let whole = strides[1] == 1
        && strides[0].is_multiple_of(LANES)
        && start.is_multiple_of(LANES * x.dtype.size());
    if whole { x } else { into_contiguous(x) }
}

/// A matrix of the same sides, uninitialised.
fn empty_like<R: CubeRuntime>(x: &CubeTensor<R>) -> CubeTensor<R> {
    let (client, device) = (x.client.clone(), x.device.clone());
    empty_device_dtype(client, device, x.meta.shape().clone(), x.dtype)
}

//! Packed attention in tiles: the scores of a tile are all that ever exists of them, in the forward
//! and in the backward pass.
//!
//! One cube has a tile of queries (or keys) of one head of one example, and meets the other tokens
//! of the example tile by tile. Sums are f32 whatever the tensors are, and so are the tiles, but where
//! the device has [matrix units](matrix) for the tensors' format.

// What `#[cube]` makes of a function: handles of no size by reference, and bindings it uses itself.
#![allow(clippy::trivially_copy_pass_by_ref, clippy::used_underscore_binding)]

mod backward;
#[cfg(all(test, feature = "cuda-source"))]
mod cuda_source;
mod forward;
mod matrix;
mod pieces;
mod tile;

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::{empty_device_contiguous_dtype, empty_device_dtype};
use burn_cubecl::tensor::CubeTensor;
use cubecl::calculate_cube_count_elemwise;
use cubecl::prelude::*;

use self::matrix::MatrixTile;
use self::tile::{LANES, Resident, Tile, UNITS, cut};
use crate::ops::{Attended, AttentionInputs, AttentionLayout};

/// Tokens of the forward kernel: queries, and keys or values.
const FORWARD: Resident = Resident { rows: 1, columns: 1, partials: true };
/// Of the one for queries: those and their gradients, and keys or values.
const FOR_QUERIES: Resident = Resident { rows: 2, columns: 1, partials: false };
/// Of the one for keys: those and their values, and queries and their gradients.
const FOR_KEYS: Resident = Resident { rows: 2, columns: 2, partials: false };

/// Units of a cube that has no tile.
const UNITS_WITHOUT_TILE: u32 = 64;

/// Whether the kernels can be used for heads of this size in this format.
pub(super) fn is_possible<R: CubeRuntime>(
    client: &ComputeClient<R>,
    head_dim: usize,
    dtype: DType,
) -> bool {
    // The kernels for keys need the most memory.
    matches!(dtype, DType::F32 | DType::F16 | DType::BF16)
        && tile(client, head_dim, FOR_KEYS).is_some()
}

/// What a cube computes a tile of scores with.
#[derive(Clone, Copy)]
enum TileKind {
    Units(Tile),
    Matrices(MatrixTile),
}

impl TileKind {
    /// Tokens that a cube is about.
    fn rows(self) -> usize {
        match self {
            Self::Units(tile) => tile.rows,
            Self::Matrices(tile) => tile.rows,
        }
    }

    fn cube_dim(self) -> CubeDim {
        match self {
            Self::Units(_) => CubeDim::new_2d(UNITS as u32, UNITS as u32),
            Self::Matrices(tile) => CubeDim::new_2d(tile.plane as u32, tile.planes() as u32),
        }
    }
}

fn tile<R: CubeRuntime>(
    client: &ComputeClient<R>,
    head_dim: usize,
    resident: Resident,
) -> Option<Tile> {
    let shared_memory = client.properties().hardware.max_shared_memory_size;
    Tile::largest(head_dim, resident, shared_memory)
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

    fn scale(&self) -> f32 {
        1.0 / (self.head_dim() as f32).sqrt()
    }

    /// The tile of a kernel that [`is_possible`].
    fn tile(&self, units: Resident, matrices: matrix::Resident) -> TileKind {
        let (client, head_dim) = (&self.q.client, self.head_dim());
        match MatrixTile::largest(client.properties(), self.q.dtype, head_dim, matrices) {
            Some(tile) => TileKind::Matrices(tile),
            None => TileKind::Units(
                tile(client, head_dim, units).expect("smaller than the largest kernel's"),
            ),
        }
    }

    fn bias<E: Float>(&self) -> ComptimeOptionArgs<Tensor<E>, R> {
        self.bias.clone().map(CubeTensor::into_tensor_arg).into()
    }

    /// The table of the tiles, and a cube for each tile and head.
    fn cubes(&self, tiles: &[[u32; 4]]) -> (TensorArg<R>, CubeCount) {
        let values: Vec<u32> = tiles.iter().flatten().copied().collect();
        let handle = self.q.client.create_from_slice(u32::as_bytes(&values));
        let (client, device) = (self.q.client.clone(), self.q.device.clone());
        let shape = [tiles.len(), 4].into();
        let table = CubeTensor::new_contiguous(client, device, shape, handle, DType::U32);
        let count = CubeCount::Static(tiles.len() as u32, self.layout.heads as u32, 1);
        (table.into_tensor_arg(), count)
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
        let (output, log_sums) = (empty_like(&self.q), self.per_query());
        let kind = self.tile(FORWARD, matrix::FORWARD);
        let tiles = cut(&self.layout.query_segments, &self.layout.key_segments, kind.rows());
        if tiles.is_empty() {
            return Attended { output, log_sums };
        }
        let (table, count) = self.cubes(&tiles);
        macro_rules! launch {
            ($kernel:path, $tile:expr) => {
                $kernel(
                    &self.q.client,
                    count,
                    kind.cube_dim(),
                    LANES,
                    self.q.clone().into_tensor_arg(),
                    self.k.clone().into_tensor_arg(),
                    self.v.clone().into_tensor_arg(),
                    self.bias(),
                    table,
                    output.clone().into_tensor_arg(),
                    log_sums.clone().into_tensor_arg(),
                    self.scale(),
                    $tile,
                    self.q.dtype.into(),
                )
            };
        }
        match kind {
            TileKind::Units(tile) => launch!(forward::attend::launch, tile),
            TileKind::Matrices(tile) => launch!(matrix::attend::launch, tile),
        }
        Attended { output, log_sums }
    }

    /// Gradients of q, k and v from that of the output.
    pub(super) fn backward<B>(
        &self,
        attended: Attended<B>,
        gradient: CubeTensor<R>,
    ) -> [CubeTensor<R>; 3]
    where
        B: Backend<FloatTensorPrimitive = CubeTensor<R>>,
    {
        let (output, gradient) = (readable(attended.output), readable(gradient));
        let log_sums = into_contiguous(attended.log_sums);
        let along = self.along(&output, &gradient);
        let for_q = self.for_queries(&gradient, &log_sums, &along);
        let [for_k, for_v] = self.for_keys(&gradient, &log_sums, &along);
        [for_q, for_k, for_v]
    }

    /// `gradient . output` of each query and head.
    fn along(&self, output: &CubeTensor<R>, gradient: &CubeTensor<R>) -> CubeTensor<R> {
        let along = self.per_query();
        let count = along.meta.num_elements();
        if count == 0 {
            return along;
        }
        let units = CubeDim::new_1d(UNITS_WITHOUT_TILE);
        backward::dots_by_head::launch(
            &self.q.client,
            // More cubes than fit into one dimension are spread over three.
            calculate_cube_count_elemwise(&self.q.client, count, units),
            units,
            LANES,
            gradient.clone().into_tensor_arg(),
            output.clone().into_tensor_arg(),
            along.clone().into_tensor_arg(),
            self.layout.heads,
            self.head_dim() / LANES,
            self.q.dtype.into(),
        );
        along
    }

    fn for_queries(
        &self,
        gradient: &CubeTensor<R>,
        log_sums: &CubeTensor<R>,
        along: &CubeTensor<R>,
    ) -> CubeTensor<R> {
        let for_q = empty_like(&self.q);
        let kind = self.tile(FOR_QUERIES, matrix::FOR_QUERIES);
        let tiles = cut(&self.layout.query_segments, &self.layout.key_segments, kind.rows());
        if tiles.is_empty() {
            return for_q;
        }
        let (table, count) = self.cubes(&tiles);
        macro_rules! launch {
            ($kernel:path, $tile:expr) => {
                $kernel(
                    &self.q.client,
                    count,
                    kind.cube_dim(),
                    LANES,
                    self.q.clone().into_tensor_arg(),
                    self.k.clone().into_tensor_arg(),
                    self.v.clone().into_tensor_arg(),
                    self.bias(),
                    gradient.clone().into_tensor_arg(),
                    log_sums.clone().into_tensor_arg(),
                    along.clone().into_tensor_arg(),
                    table,
                    for_q.clone().into_tensor_arg(),
                    self.scale(),
                    $tile,
                    self.q.dtype.into(),
                )
            };
        }
        match kind {
            TileKind::Units(tile) => launch!(backward::for_queries::launch, tile),
            TileKind::Matrices(tile) => launch!(matrix::for_queries::launch, tile),
        }
        for_q
    }

    fn for_keys(
        &self,
        gradient: &CubeTensor<R>,
        log_sums: &CubeTensor<R>,
        along: &CubeTensor<R>,
    ) -> [CubeTensor<R>; 2] {
        let (for_k, for_v) = (empty_like(&self.k), empty_like(&self.v));
        let kind = self.tile(FOR_KEYS, matrix::FOR_KEYS);
        let tiles = cut(&self.layout.key_segments, &self.layout.query_segments, kind.rows());
        if tiles.is_empty() {
            return [for_k, for_v];
        }
        let (table, count) = self.cubes(&tiles);
        macro_rules! launch {
            ($kernel:path, $tile:expr) => {
                $kernel(
                    &self.q.client,
                    count,
                    kind.cube_dim(),
                    LANES,
                    self.q.clone().into_tensor_arg(),
                    self.k.clone().into_tensor_arg(),
                    self.v.clone().into_tensor_arg(),
                    self.bias(),
                    gradient.clone().into_tensor_arg(),
                    log_sums.clone().into_tensor_arg(),
                    along.clone().into_tensor_arg(),
                    table,
                    for_k.clone().into_tensor_arg(),
                    for_v.clone().into_tensor_arg(),
                    self.scale(),
                    $tile,
                    self.q.dtype.into(),
                )
            };
        }
        match kind {
            TileKind::Units(tile) => launch!(backward::for_keys::launch, tile),
            TileKind::Matrices(tile) => launch!(matrix::for_keys::launch, tile),
        }
        [for_k, for_v]
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

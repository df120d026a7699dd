//! Launching a kernel: with a cube for each tile and head, on matrix units where there are any.

use burn::tensor::DType;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::DeviceProperties;
use cubecl::prelude::*;

use super::Attention;
use super::bindings::{BackwardInputsLaunch, InputsLaunch, LANES};
use super::matrix::{self, MatrixTile};
use super::table::{Rows, most_cubes, spread, table_beside};
use super::units::{self, Tile, UNITS};

/// The kernels, each for plain and for matrix units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    Attend,
    GradQueries,
    GradKeys,
}

impl Kernel {
    #[cfg(test)]
    pub const ALL: [Self; 3] = [Self::Attend, Self::GradQueries, Self::GradKeys];

    /// Whose tokens its cubes are about.
    pub fn rows(self) -> Rows {
        match self {
            Self::Attend | Self::GradQueries => Rows::Queries,
            Self::GradKeys => Rows::Keys,
        }
    }

    /// What it keeps in shared memory, on plain and on matrix units.
    pub fn residents(self) -> (units::Resident, matrix::Resident) {
        match self {
            Self::Attend => (units::ATTEND, matrix::ATTEND),
            Self::GradQueries => (units::GRAD_QUERIES, matrix::GRAD_QUERIES),
            Self::GradKeys => (units::GRAD_KEYS, matrix::GRAD_KEYS),
        }
    }
}

/// What a cube computes a tile of scores with.
#[derive(Clone, Copy)]
pub(super) enum TileKind {
    Units(Tile),
    Matrices(MatrixTile),
}

impl TileKind {
    /// The fastest that a kernel can have; `None` if the kernel cannot run.
    pub fn fastest(
        device: &DeviceProperties,
        dtype: DType,
        head_dim: usize,
        kernel: Kernel,
    ) -> Option<Self> {
        let (units, matrices) = kernel.residents();
        if let Some(tile) = MatrixTile::largest(device, dtype, head_dim, matrices) {
            return Some(Self::Matrices(tile));
        }
        let shared_memory = device.hardware.max_shared_memory_size;
        Tile::largest(head_dim, units, shared_memory).map(Self::Units)
    }

    /// Tokens that a cube is about.
    pub fn rows(self) -> usize {
        match self {
            Self::Units(tile) => tile.rows,
            Self::Matrices(tile) => tile.rows,
        }
    }

    pub fn cube_dim(self) -> CubeDim {
        match self {
            Self::Units(_) => CubeDim::new_2d(UNITS as u32, UNITS as u32),
            Self::Matrices(tile) => CubeDim::new_2d(tile.plane as u32, tile.planes() as u32),
        }
    }
}

/// The tensors of a kernel besides its inputs.
pub(super) enum Bindings<'a, R: CubeRuntime> {
    Attend {
        output: &'a CubeTensor<R>,
        lse: &'a CubeTensor<R>,
    },
    GradQueries {
        backward: &'a BackwardTensors<R>,
        grad_q: &'a CubeTensor<R>,
    },
    GradKeys {
        backward: &'a BackwardTensors<R>,
        grad_k: &'a CubeTensor<R>,
        grad_v: &'a CubeTensor<R>,
    },
}

impl<R: CubeRuntime> Bindings<'_, R> {
    fn kernel(&self) -> Kernel {
        match self {
            Self::Attend { .. } => Kernel::Attend,
            Self::GradQueries { .. } => Kernel::GradQueries,
            Self::GradKeys { .. } => Kernel::GradKeys,
        }
    }
}

impl<R: CubeRuntime> Attention<'_, R> {
    /// Runs a kernel on all tiles of all heads; does nothing if there are none.
    pub(super) fn launch(&self, bindings: &Bindings<'_, R>) {
        let (client, dtype, kernel) = (&self.q.client, self.q.dtype, bindings.kernel());
        let tile = TileKind::fastest(client.properties(), dtype, self.head_dim(), kernel)
            .expect("is_possible was asked");
        let rows = kernel.rows();
        let tokens = match rows {
            Rows::Queries => self.layout.query_segments.tokens(),
            Rows::Keys => self.layout.key_segments.tokens(),
        };
        if tokens == 0 {
            return;
        }
        let tiles = table_beside(&self.q, self.layout, rows, tile.rows());
        let [along, across] = spread(tiles.meta.shape()[0], most_cubes(client));
        let cubes = CubeCount::Static(along, self.layout.heads as u32, across);
        let (dim, dtype) = (tile.cube_dim(), dtype.into());
        // The kernels for plain and for matrix units have the same bindings, and types of their own.
        macro_rules! launch_on {
            ($units:ident, $tile:expr) => {
                match bindings {
                    Bindings::Attend { output, lse } => {
                        let (inputs, output, lse) = (self.inputs(&tiles), arg(output), arg(lse));
                        $units::attend::launch(
                            client, cubes, dim, LANES, inputs, output, lse, $tile, dtype,
                        );
                    }
                    Bindings::GradQueries { backward, grad_q } => {
                        let (inputs, backward) = (self.inputs(&tiles), backward.args());
                        let grad_q = arg(grad_q);
                        $units::grad_queries::launch(
                            client, cubes, dim, LANES, inputs, backward, grad_q, $tile, dtype,
                        );
                    }
                    Bindings::GradKeys { backward, grad_k, grad_v } => {
                        let (inputs, backward) = (self.inputs(&tiles), backward.args());
                        let (grad_k, grad_v) = (arg(grad_k), arg(grad_v));
                        $units::grad_keys::launch(
                            client, cubes, dim, LANES, inputs, backward, grad_k, grad_v, $tile,
                            dtype,
                        );
                    }
                }
            };
        }
        match tile {
            TileKind::Units(tile) => launch_on!(units, tile),
            TileKind::Matrices(tile) => launch_on!(matrix, tile),
        }
    }

    /// What all kernels read; `E` and `N` are the kernel's own names of the format and the lanes.
    fn inputs<E: Float, N: Size>(&self, tiles: &CubeTensor<R>) -> InputsLaunch<E, N, R> {
        let bias = self.bias.as_ref().map(arg).into();
        let scale = 1.0 / (self.head_dim() as f32).sqrt();
        InputsLaunch::new(arg(&self.q), arg(&self.k), arg(&self.v), bias, arg(tiles), scale)
    }
}

/// What the backward kernels read besides the inputs.
pub(super) struct BackwardTensors<R: CubeRuntime> {
    pub grad_output: CubeTensor<R>,
    pub lse: CubeTensor<R>,
    pub delta: CubeTensor<R>,
}

impl<R: CubeRuntime> BackwardTensors<R> {
    fn args<E: Float, N: Size>(&self) -> BackwardInputsLaunch<E, N, R> {
        BackwardInputsLaunch::new(arg(&self.grad_output), arg(&self.lse), arg(&self.delta))
    }
}

/// A tensor as a binding.
pub(super) fn arg<R: CubeRuntime>(tensor: &CubeTensor<R>) -> TensorArg<R> {
    tensor.clone().into_tensor_arg()
}

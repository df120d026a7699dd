//! The kernels, given to the compiler that the CUDA backend has.
//!
//! Each is defined as launching it would, with the bindings in the same order.

use cubecl::ir::{AddressType, StorageType};
use cubecl::prelude::*;
use cubecl::{Compiler, CubeDim, ExecutionMode};
use cubecl_cpp::ComputeKernel;
use cubecl_cpp::cuda::CudaDialect;
use cubecl_cpp::cuda::mma::CudaWmmaCompiler;
use cubecl_cpp::shared::{CompilationOptions, CppCompiler};

use super::super::matrix::{self, MatrixTile};
use super::super::tile::{LANES, Resident, Tile};
use super::super::{DType, FOR_KEYS, FOR_QUERIES, FORWARD, TileKind, backward, forward};

pub type Dialect = CudaDialect<CudaWmmaCompiler>;

/// Shared memory that every CUDA device has for a cube, in bytes.
pub const SHARED_MEMORY: usize = 48 << 10;

/// Bytes of an f32.
const F32: usize = size_of::<f32>();

/// Units of a plane of every CUDA device.
const PLANE: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    Attend,
    ForQueries,
    ForKeys,
}

/// A kernel for tensors of a format, heads of a size, and scores with or without a bias; on matrix
/// units or without them.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub kernel: Kernel,
    pub dtype: DType,
    pub head_dim: usize,
    pub bias: bool,
    pub matrices: bool,
    /// Units of a plane.
    pub plane: usize,
}

impl Variant {
    /// All that are looked at.
    pub fn all() -> impl Iterator<Item = Self> {
        let kernels = [Kernel::Attend, Kernel::ForQueries, Kernel::ForKeys];
        let with_dtype = move |dtype| kernels.map(|kernel| (kernel, dtype));
        let pairs = [DType::F32, DType::F16, DType::BF16].into_iter().flat_map(with_dtype);
        let shapes = [(64, false), (64, true), (72, false), (72, true)];
        let of_units = pairs.flat_map(move |(kernel, dtype)| {
            shapes.map(|(head_dim, bias)| Self {
                kernel,
                dtype,
                head_dim,
                bias,
                matrices: false,
                plane: PLANE,
            })
        });
        let has_matrices = |variant: &Self| variant.dtype != DType::F32;
        of_units.flat_map(move |units| {
            let matrices = Self { matrices: true, ..units };
            [Some(units), Some(matrices).filter(has_matrices)].into_iter().flatten()
        })
    }

    fn resident(self) -> Resident {
        match self.kernel {
            Kernel::Attend => FORWARD,
            Kernel::ForQueries => FOR_QUERIES,
            Kernel::ForKeys => FOR_KEYS,
        }
    }

    fn matrix_resident(self) -> matrix::Resident {
        match self.kernel {
            Kernel::Attend => matrix::FORWARD,
            Kernel::ForQueries => matrix::FOR_QUERIES,
            Kernel::ForKeys => matrix::FOR_KEYS,
        }
    }

    fn tile(self) -> Tile {
        Tile::largest(self.head_dim, self.resident(), SHARED_MEMORY).expect("it fits")
    }

    fn matrix_tile(self) -> MatrixTile {
        let room = [self.plane, SHARED_MEMORY];
        MatrixTile::fitting(self.head_dim, self.matrix_resident(), room).expect("it fits")
    }

    pub fn tile_kind(self) -> TileKind {
        if self.matrices {
            TileKind::Matrices(self.matrix_tile())
        } else {
            TileKind::Units(self.tile())
        }
    }

    /// Shared memory that the tile was chosen for.
    pub fn shared_memory(self) -> usize {
        match self.tile_kind() {
            TileKind::Units(tile) => tile.bytes(self.resident()),
            TileKind::Matrices(tile) => tile.bytes(self.matrix_resident()),
        }
    }

    /// Bindings that are read, and those that are written.
    pub fn bindings(self) -> [usize; 2] {
        let [read, written] = match self.kernel {
            // q, k, v and the tiles; the output and the sums.
            Kernel::Attend => [4, 2],
            // And the gradient, the sums and the dot products; one gradient, or two.
            Kernel::ForQueries => [7, 1],
            Kernel::ForKeys => [7, 2],
        };
        [read + usize::from(self.bias), written]
    }

    /// Bytes of its arrays in shared memory, ascending.
    pub fn shared_arrays(self) -> Vec<usize> {
        let mut arrays = match self.tile_kind() {
            TileKind::Units(tile) => {
                let resident = self.resident();
                let vectors = |tokens| tile.vectors_of(tokens) * LANES * F32;
                let mut arrays = vec![vectors(tile.rows); resident.rows];
                arrays.extend(vec![vectors(tile.columns); resident.columns]);
                arrays.push(tile.weights() * F32);
                if self.kernel == Kernel::Attend {
                    arrays.push(tile.partials() * F32);
                }
                arrays
            }
            TileKind::Matrices(tile) => {
                let (resident, half) = (self.matrix_resident(), self.dtype.size());
                let vectors = |tokens| tile.vectors_of(tokens) * LANES * half;
                let mut arrays = vec![vectors(tile.rows); resident.rows];
                arrays.extend(vec![vectors(tile.columns); resident.columns]);
                arrays.push(tile.scores() * F32);
                arrays.push(tile.weights() * half);
                arrays
            }
        };
        arrays.sort_unstable();
        arrays
    }

    pub fn compile(self) -> ComputeKernel<Dialect> {
        match self.kernel {
            Kernel::Attend => self.attend(),
            Kernel::ForQueries => self.for_queries(),
            Kernel::ForKeys => self.for_keys(),
        }
    }

    fn attend(self) -> ComputeKernel<Dialect> {
        use forward::attend::{E, N};
        type Rows = Tensor<Vector<E, N>>;
        let mut bindings = Bindings::new::<E, N>(self);
        let [q, k, v] = std::array::from_fn(|_| bindings.read::<Rows>());
        let (bias, tiles) = (bindings.bias::<E>(), bindings.read::<Tensor<u32>>());
        let (output, sums) = (bindings.write::<Rows>(), bindings.write::<Tensor<f32>>());
        let (scale, dtype) = (bindings.scalar(), self.dtype.into());
        let scope = &mut bindings.builder.scope;
        macro_rules! expand {
            ($kernel:path, $tile:expr) => {
                $kernel(scope, LANES, q, k, v, bias, tiles, output, sums, scale, $tile, dtype)
            };
        }
        match self.tile_kind() {
            TileKind::Units(tile) => expand!(forward::attend::expand::<E, N>, tile),
            TileKind::Matrices(tile) => expand!(matrix::attend::expand::<E, N>, tile),
        }
        bindings.compile(self.tile_kind().cube_dim())
    }

    fn for_queries(self) -> ComputeKernel<Dialect> {
        use backward::for_queries::{E, N};
        type Rows = Tensor<Vector<E, N>>;
        let mut bindings = Bindings::new::<E, N>(self);
        let [q, k, v] = std::array::from_fn(|_| bindings.read::<Rows>());
        let (bias, gradient) = (bindings.bias::<E>(), bindings.read::<Rows>());
        let [sums, along] = std::array::from_fn(|_| bindings.read::<Tensor<f32>>());
        let tiles = bindings.read::<Tensor<u32>>();
        let for_q = bindings.write::<Rows>();
        let (scale, dtype) = (bindings.scalar(), self.dtype.into());
        let scope = &mut bindings.builder.scope;
        macro_rules! expand {
            ($kernel:path, $tile:expr) => {
                $kernel(
                    scope, LANES, q, k, v, bias, gradient, sums, along, tiles, for_q, scale, $tile,
                    dtype,
                )
            };
        }
        match self.tile_kind() {
            TileKind::Units(tile) => expand!(backward::for_queries::expand::<E, N>, tile),
            TileKind::Matrices(tile) => expand!(matrix::for_queries::expand::<E, N>, tile),
        }
        bindings.compile(self.tile_kind().cube_dim())
    }

    fn for_keys(self) -> ComputeKernel<Dialect> {
        use backward::for_keys::{E, N};
        type Rows = Tensor<Vector<E, N>>;
        let mut bindings = Bindings::new::<E, N>(self);
        let [q, k, v] = std::array::from_fn(|_| bindings.read::<Rows>());
        let (bias, gradient) = (bindings.bias::<E>(), bindings.read::<Rows>());
        let [sums, along] = std::array::from_fn(|_| bindings.read::<Tensor<f32>>());
        let tiles = bindings.read::<Tensor<u32>>();
        let [for_k, for_v] = std::array::from_fn(|_| bindings.write::<Rows>());
        let (scale, dtype) = (bindings.scalar(), self.dtype.into());
        let scope = &mut bindings.builder.scope;
        macro_rules! expand {
            ($kernel:path, $tile:expr) => {
                $kernel(
                    scope, LANES, q, k, v, bias, gradient, sums, along, tiles, for_k, for_v, scale,
                    $tile, dtype,
                )
            };
        }
        match self.tile_kind() {
            TileKind::Units(tile) => expand!(backward::for_keys::expand::<E, N>, tile),
            TileKind::Matrices(tile) => expand!(matrix::for_keys::expand::<E, N>, tile),
        }
        bindings.compile(self.tile_kind().cube_dim())
    }
}

/// What a kernel is given.
struct Bindings {
    builder: KernelBuilder,
    bias: bool,
}

impl Bindings {
    const TENSOR: TensorCompilationArg = TensorCompilationArg { inplace: None };

    /// `E` and `N` stand for the format and the lanes in the kernel.
    fn new<E: 'static, N: 'static>(variant: Variant) -> Self {
        let mut builder = KernelBuilder::default();
        builder.scope.register_type::<E>(variant.dtype.into());
        builder.scope.register_size::<N>(LANES);
        AddressType::U32.register(&mut builder.scope);
        let bias = variant.bias;
        Self { builder, bias }
    }

    fn read<T: LaunchArg<CompilationArg = TensorCompilationArg>>(&mut self) -> T::ExpandType {
        T::expand(&Self::TENSOR, &mut self.builder)
    }

    fn write<T: LaunchArg<CompilationArg = TensorCompilationArg>>(&mut self) -> T::ExpandType {
        T::expand_output(&Self::TENSOR, &mut self.builder)
    }

    fn bias<E: CubePrimitive>(&mut self) -> <ComptimeOption<Tensor<E>> as CubeType>::ExpandType {
        let argument = if self.bias {
            ComptimeOptionCompilationArg::Some(Self::TENSOR)
        } else {
            ComptimeOptionCompilationArg::None
        };
        ComptimeOption::<Tensor<E>>::expand(&argument, &mut self.builder)
    }

    fn scalar(&mut self) -> <f32 as CubeType>::ExpandType {
        f32::expand(&(), &mut self.builder)
    }

    fn compile(self, units: CubeDim) -> ComputeKernel<Dialect> {
        let settings = KernelSettings::default().cube_dim(units);
        let definition = self.builder.build(settings.kernel_name("kernel"));
        let options = CompilationOptions::default();
        let address: StorageType = AddressType::U32.unsigned_type();
        CppCompiler::<Dialect>::default()
            .compile(definition, &options, ExecutionMode::Checked, address)
            .expect("the kernel compiles")
    }
}

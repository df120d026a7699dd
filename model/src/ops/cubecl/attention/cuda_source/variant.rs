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

use super::super::DType;
use super::super::bindings::{
    BackwardInputs, BackwardInputsCompilationArg, Inputs, InputsCompilationArg, LANES,
};
use super::super::launch::{Kernel, TileKind};
use super::super::matrix::{self, MatrixTile};
use super::super::units::{self, Tile};

pub type Dialect = CudaDialect<CudaWmmaCompiler>;

/// Shared memory that every CUDA device has for a cube, in bytes.
pub const SHARED_MEMORY: usize = 48 << 10;

/// Bytes of an f32.
const F32: usize = size_of::<f32>();

/// Units of a plane of every CUDA device.
const PLANE: usize = 32;

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
        let with_dtype = |dtype| Kernel::ALL.map(|kernel| (kernel, dtype));
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

    fn tile(self) -> Tile {
        Tile::largest(self.head_dim, self.kernel.residents().0, SHARED_MEMORY).expect("it fits")
    }

    fn matrix_tile(self) -> MatrixTile {
        let room = [self.plane, SHARED_MEMORY];
        MatrixTile::fitting(self.head_dim, self.kernel.residents().1, room).expect("it fits")
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
            TileKind::Units(tile) => tile.bytes(self.kernel.residents().0),
            TileKind::Matrices(tile) => tile.bytes(self.kernel.residents().1),
        }
    }

    /// Bindings that are read, and those that are written.
    pub fn bindings(self) -> [usize; 2] {
        let [read, written] = match self.kernel {
            // q, k, v and the tiles; the output and its lse.
            Kernel::Attend => [4, 2],
            // And the gradient of the output, lse and delta; one gradient, or two.
            Kernel::GradQueries => [7, 1],
            Kernel::GradKeys => [7, 2],
        };
        [read + usize::from(self.bias), written]
    }

    /// Bytes of its arrays in shared memory, ascending.
    pub fn shared_arrays(self) -> Vec<usize> {
        let mut arrays = match self.tile_kind() {
            TileKind::Units(tile) => {
                let resident = self.kernel.residents().0;
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
                let (resident, half) = (self.kernel.residents().1, self.dtype.size());
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
        let mut bindings = Bindings::new(self);
        // The kernels for plain and for matrix units have the same bindings, and types of their own.
        macro_rules! expand_on {
            ($units:ident, $tile:expr) => {
                match self.kernel {
                    Kernel::Attend => {
                        use $units::attend::{E, N, expand};
                        let inputs = bindings.inputs::<E, N>();
                        let output = bindings.write::<Rows<E, N>>();
                        let lse = bindings.write::<Tensor<f32>>();
                        let scope = &mut bindings.builder.scope;
                        let dtype = self.dtype.into();
                        expand::<E, N>(scope, LANES, inputs, output, lse, $tile, dtype);
                    }
                    Kernel::GradQueries => {
                        use $units::grad_queries::{E, N, expand};
                        let inputs = bindings.inputs::<E, N>();
                        let backward = bindings.backward::<E, N>();
                        let grad_q = bindings.write::<Rows<E, N>>();
                        let scope = &mut bindings.builder.scope;
                        let dtype = self.dtype.into();
                        expand::<E, N>(scope, LANES, inputs, backward, grad_q, $tile, dtype);
                    }
                    Kernel::GradKeys => {
                        use $units::grad_keys::{E, N, expand};
                        let inputs = bindings.inputs::<E, N>();
                        let backward = bindings.backward::<E, N>();
                        let [grad_k, grad_v] =
                            std::array::from_fn(|_| bindings.write::<Rows<E, N>>());
                        let scope = &mut bindings.builder.scope;
                        let dtype = self.dtype.into();
                        expand::<E, N>(
                            scope, LANES, inputs, backward, grad_k, grad_v, $tile, dtype,
                        );
                    }
                }
            };
        }
        match self.tile_kind() {
            TileKind::Units(tile) => expand_on!(units, tile),
            TileKind::Matrices(tile) => expand_on!(matrix, tile),
        }
        bindings.compile(self.tile_kind().cube_dim())
    }
}

type Rows<E, N> = Tensor<Vector<E, N>>;

/// What a kernel is given.
struct Bindings {
    builder: KernelBuilder,
    variant: Variant,
}

impl Bindings {
    const TENSOR: TensorCompilationArg = TensorCompilationArg { inplace: None };

    fn new(variant: Variant) -> Self {
        Self { builder: KernelBuilder::default(), variant }
    }

    /// What all kernels read, the first that a kernel is given; `E` and `N` are its own names of the
    /// format and the lanes.
    fn inputs<E: Float, N: Size>(&mut self) -> <Inputs<E, N> as CubeType>::ExpandType {
        let scope = &mut self.builder.scope;
        scope.register_type::<E>(self.variant.dtype.into());
        scope.register_size::<N>(LANES);
        AddressType::U32.register(scope);
        let bias = if self.variant.bias {
            ComptimeOptionCompilationArg::Some(Self::TENSOR)
        } else {
            ComptimeOptionCompilationArg::None
        };
        let [q, k, v, tiles] = [Self::TENSOR; 4];
        let argument = InputsCompilationArg::<E, N> { q, k, v, bias, tiles, scale: () };
        Inputs::expand(&argument, &mut self.builder)
    }

    fn backward<E: Float, N: Size>(&mut self) -> <BackwardInputs<E, N> as CubeType>::ExpandType {
        let [grad_output, lse, delta] = [Self::TENSOR; 3];
        let argument = BackwardInputsCompilationArg::<E, N> { grad_output, lse, delta };
        BackwardInputs::expand(&argument, &mut self.builder)
    }

    fn write<T: LaunchArg<CompilationArg = TensorCompilationArg>>(&mut self) -> T::ExpandType {
        T::expand_output(&Self::TENSOR, &mut self.builder)
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

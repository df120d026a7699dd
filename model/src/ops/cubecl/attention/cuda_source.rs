//! The kernels as CUDA source: what a machine without a GPU can say about them.
//!
//! Each kernel is defined as launching it would, with the bindings in the same order, and given to the
//! compiler that the CUDA backend has.

use cubecl::ir::{AddressType, StorageType};
use cubecl::prelude::*;
use cubecl::{Compiler, CubeDim, ExecutionMode};
use cubecl_cpp::ComputeKernel;
use cubecl_cpp::cuda::CudaDialect;
use cubecl_cpp::cuda::mma::CudaWmmaCompiler;
use cubecl_cpp::shared::{self, CompilationOptions, CppCompiler, Elem};

use super::tile::{LANES, Resident, Tile, UNITS};
use super::{DType, FOR_KEYS, FOR_QUERIES, FORWARD, backward, forward};

type Dialect = CudaDialect<CudaWmmaCompiler>;

/// Shared memory that every CUDA device has for a cube, in bytes.
const SHARED_MEMORY: usize = 48 << 10;

/// Bytes of an f32.
const F32: usize = size_of::<f32>();

const BARRIER: &str = "__syncthreads();";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Attend,
    ForQueries,
    ForKeys,
}

/// A kernel for tensors of a format, heads of a size, and scores with or without a bias.
#[derive(Clone, Copy, Debug)]
struct Variant {
    kernel: Kernel,
    dtype: DType,
    head_dim: usize,
    bias: bool,
}

impl Variant {
    fn all() -> impl Iterator<Item = Self> {
        let kernels = [Kernel::Attend, Kernel::ForQueries, Kernel::ForKeys];
        let with_dtype = move |dtype| kernels.map(|kernel| (kernel, dtype));
        let pairs = [DType::F32, DType::F16, DType::BF16]
            .into_iter()
            .flat_map(with_dtype);
        let shapes = [(64, false), (64, true), (72, false), (72, true)];
        pairs.flat_map(move |(kernel, dtype)| {
            shapes.map(|(head_dim, bias)| Self {
                kernel,
                dtype,
                head_dim,
                bias,
            })
        })
    }

    fn resident(self) -> Resident {
        match self.kernel {
            Kernel::Attend => FORWARD,
            Kernel::ForQueries => FOR_QUERIES,
            Kernel::ForKeys => FOR_KEYS,
        }
    }

    fn tile(self) -> Tile {
        Tile::largest(self.head_dim, self.resident(), SHARED_MEMORY).expect("it fits")
    }

    /// Bindings that are read, and those that are written.
    fn bindings(self) -> [usize; 2] {
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
    fn shared_arrays(self) -> Vec<usize> {
        let (tile, resident) = (self.tile(), self.resident());
        let vectors = |tokens| tile.vectors_of(tokens) * LANES * F32;
        let mut arrays = vec![vectors(tile.rows); resident.rows];
        arrays.extend(vec![vectors(tile.columns); resident.columns]);
        arrays.push(tile.weights() * F32);
        if self.kernel == Kernel::Attend {
            arrays.push(tile.partials() * F32);
        }
        arrays.sort_unstable();
        arrays
    }

    fn compile(self) -> ComputeKernel<Dialect> {
        match self.kernel {
            Kernel::Attend => self.attend(),
            Kernel::ForQueries => self.for_queries(),
            Kernel::ForKeys => self.for_keys(),
        }
    }

    fn attend(self) -> ComputeKernel<Dialect> {
        use forward::attend::{E, N, expand};
        type Rows = Tensor<Vector<E, N>>;
        let mut bindings = Bindings::new::<E, N>(self);
        let [q, k, v] = std::array::from_fn(|_| bindings.read::<Rows>());
        let (bias, tiles) = (bindings.bias::<E>(), bindings.read::<Tensor<u32>>());
        let (output, sums) = (bindings.write::<Rows>(), bindings.write::<Tensor<f32>>());
        let (scale, tile, dtype) = (bindings.scalar(), self.tile(), self.dtype.into());
        let scope = &mut bindings.builder.scope;
        expand::<E, N>(
            scope, LANES, q, k, v, bias, tiles, output, sums, scale, tile, dtype,
        );
        bindings.compile()
    }

    fn for_queries(self) -> ComputeKernel<Dialect> {
        use backward::for_queries::{E, N, expand};
        type Rows = Tensor<Vector<E, N>>;
        let mut bindings = Bindings::new::<E, N>(self);
        let [q, k, v] = std::array::from_fn(|_| bindings.read::<Rows>());
        let (bias, gradient) = (bindings.bias::<E>(), bindings.read::<Rows>());
        let [sums, along] = std::array::from_fn(|_| bindings.read::<Tensor<f32>>());
        let tiles = bindings.read::<Tensor<u32>>();
        let for_q = bindings.write::<Rows>();
        let (scale, tile, dtype) = (bindings.scalar(), self.tile(), self.dtype.into());
        let scope = &mut bindings.builder.scope;
        expand::<E, N>(
            scope, LANES, q, k, v, bias, gradient, sums, along, tiles, for_q, scale, tile, dtype,
        );
        bindings.compile()
    }

    fn for_keys(self) -> ComputeKernel<Dialect> {
        use backward::for_keys::{E, N, expand};
        type Rows = Tensor<Vector<E, N>>;
        let mut bindings = Bindings::new::<E, N>(self);
        let [q, k, v] = std::array::from_fn(|_| bindings.read::<Rows>());
        let (bias, gradient) = (bindings.bias::<E>(), bindings.read::<Rows>());
        let [sums, along] = std::array::from_fn(|_| bindings.read::<Tensor<f32>>());
        let tiles = bindings.read::<Tensor<u32>>();
        let [for_k, for_v] = std::array::from_fn(|_| bindings.write::<Rows>());
        let (scale, tile, dtype) = (bindings.scalar(), self.tile(), self.dtype.into());
        let scope = &mut bindings.builder.scope;
        expand::<E, N>(
            scope, LANES, q, k, v, bias, gradient, sums, along, tiles, for_k, for_v, scale, tile,
            dtype,
        );
        bindings.compile()
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

    fn compile(self) -> ComputeKernel<Dialect> {
        let units = CubeDim::new_2d(UNITS as u32, UNITS as u32);
        let settings = KernelSettings::default().cube_dim(units);
        let definition = self.builder.build(settings.kernel_name("kernel"));
        let options = CompilationOptions::default();
        let address: StorageType = AddressType::U32.unsigned_type();
        CppCompiler::<Dialect>::default()
            .compile(definition, &options, ExecutionMode::Checked, address)
            .expect("the kernel compiles")
    }
}

/// The lines of a kernel's body, each with what opened the blocks around it, from the outermost on.
fn body(source: &str) -> Vec<(Vec<&str>, &str)> {
    let start = source.find("__global__").expect("a kernel");
    let (mut blocks, mut lines) = (Vec::new(), Vec::new());
    for line in source[start..].lines() {
        // A vector's braces are not a block: they close in the line, or after one with its values.
        for _ in 0..line.matches('}').count() {
            blocks.pop();
        }
        lines.push((blocks.clone(), line));
        for _ in 0..line.matches('{').count() {
            blocks.push(line);
        }
    }
    assert!(blocks.is_empty(), "{blocks:?}");
    lines
}

#[test]
fn shared_memory_is_what_the_tile_was_chosen_for() {
    for variant in Variant::all() {
        let kernel = variant.compile();
        let arrays = &kernel.body.shared_memories;
        let mut sizes: Vec<usize> = arrays.iter().map(shared::SharedMemory::size).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, variant.shared_arrays(), "{variant:?}");
        // None of them lies over another.
        let used = kernel.shared_memory_size();
        assert_eq!(used, sizes.iter().sum::<usize>(), "{variant:?}");
        assert_eq!(
            used,
            variant.tile().bytes(variant.resident()),
            "{variant:?}"
        );
        assert!(used <= SHARED_MEMORY, "{variant:?}: {used} bytes");
        assert_eq!(variant.tile().rows, 32, "{variant:?}");
    }
}

#[test]
fn bindings_are_as_many_as_are_launched_with() {
    for variant in Variant::all() {
        let kernel = variant.compile();
        let is_written = |written: bool| {
            let is = |vis: Visibility| (vis == Visibility::ReadWrite) == written;
            kernel
                .buffers
                .iter()
                .filter(|buffer| is(buffer.vis))
                .count()
        };
        assert_eq!(
            [is_written(false), is_written(true)],
            variant.bindings(),
            "{variant:?}"
        );
        assert!(kernel.tensor_maps.is_empty(), "{variant:?}");
        let source = kernel.to_string();
        assert!(source.contains("__launch_bounds__(64)"), "{variant:?}");
    }
}

/// The tensors' format is only read, converted, and written: sums, products and exponentials are f32.
#[test]
fn everything_is_computed_in_f32() {
    for variant in Variant::all() {
        let kernel = variant.compile();
        for array in &kernel.body.local_arrays {
            assert_eq!(*array.item.elem(), Elem::F32, "{variant:?}");
        }
        let source = kernel.to_string();
        let format = match variant.dtype {
            DType::F16 => "__half",
            DType::BF16 => "__nv_bfloat16",
            _ => "float",
        };
        assert!(source.contains(format), "{variant:?}");
        assert!(source.contains("exp("), "{variant:?}");
        for other in ["__half", "__nv_bfloat16"]
            .into_iter()
            .filter(|other| *other != format)
        {
            assert!(!source.contains(other), "{variant:?}: {other}");
        }
        let computes = |line: &str| {
            let operators = [" + ", " - ", " * ", " / ", "exp(", "log(", "max(", "fma("];
            operators
                .into_iter()
                .any(|operator| line.contains(operator))
        };
        for (_, line) in body(&source) {
            let is_low = format != "float" && line.contains(format);
            assert!(!(is_low && computes(line)), "{variant:?}: {line}");
        }
        for wide in ["double", "f64"] {
            assert!(!source.contains(wide), "{variant:?}: {wide}");
        }
    }
}

/// Two runs give the same bits: nothing is added in the order in which cubes come.
#[test]
fn nothing_is_atomic() {
    for variant in Variant::all() {
        assert!(
            !variant.compile().to_string().contains("atomic"),
            "{variant:?}"
        );
    }
}

/// A barrier that not all units reach is undefined: none is in a branch, or in a loop but the one over
/// the tiles, whose end is the same for all units of a cube.
#[test]
fn all_units_reach_all_barriers() {
    for variant in Variant::all() {
        let source = variant.compile().to_string();
        let lines = body(&source);
        let barriers = lines.iter().filter(|(_, line)| line.contains(BARRIER));
        let loops: Vec<&[&str]> = barriers.map(|(blocks, _)| &blocks[1..]).collect();
        let in_loop = loops
            .iter()
            .filter(|blocks| **blocks == ["while (true) {"])
            .count();
        let outside = loops.iter().filter(|blocks| blocks.is_empty()).count();
        assert_eq!(in_loop + outside, loops.len(), "{variant:?}: {loops:?}");
        // Between loading, multiplying, weighing and summing up; and before the last sums are read.
        let expected = match variant.kernel {
            Kernel::Attend => [4, 1],
            Kernel::ForQueries | Kernel::ForKeys => [5, 0],
        };
        assert_eq!([in_loop, outside], expected, "{variant:?}");
    }
}

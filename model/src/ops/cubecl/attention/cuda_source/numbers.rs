//! The kernels' results, and that no unit reads what another has not finished.

use cubecl::InfoBuilder;
use cubecl::ir::AddressType;

use super::super::DType;
use super::super::bindings::LANES;
use super::super::launch::Kernel;
use super::super::table::{cut, for_each_cube, spread};
use super::case::{Case, HEADS, KEYS, Matrix, QUERIES, decode, encode};
use super::program::{Program, Watch};
use super::variant::Variant;
use crate::Segments;

/// Cubes along the first dimension: fewer than there are tiles.
const MOST_CUBES: u32 = 3;

/// Buffers of a kernel, as launching it would pass them.
#[derive(Default)]
struct Arguments {
    buffers: Vec<Vec<u8>>,
    info: InfoBuilder,
}

impl Arguments {
    fn tensor(&mut self, bytes: Vec<u8>, [rows, columns, stride]: [usize; 3], element: usize) {
        let elements = (bytes.len() / element) as u64;
        let (shape, strides) = (vec![rows, columns].into(), vec![stride, 1].into());
        let address = AddressType::U32;
        let metadata = &mut self.info.metadata;
        metadata.register_tensor(2, elements, elements, shape, strides, address);
        self.buffers.push(bytes);
    }

    fn rows(&mut self, matrix: &Matrix, dtype: DType) {
        let sides = [matrix.rows(), matrix.columns, matrix.stride];
        self.tensor(matrix.bytes(dtype), sides, LANES * dtype.size());
    }

    fn scalars(&mut self, values: &[f64], columns: usize, dtype: DType) {
        let bytes = values.iter().flat_map(|x| encode(*x, dtype)).collect();
        let sides = [values.len() / columns, columns, columns];
        self.tensor(bytes, sides, dtype.size());
    }

    /// Room for a matrix, filled with what is no result.
    fn room(&mut self, tokens: usize, columns: usize, dtype: DType, lanes: usize) {
        let bytes = vec![0xff; tokens * columns * dtype.size()];
        self.tensor(bytes, [tokens, columns, columns], lanes * dtype.size());
    }

    fn table(&mut self, tiles: &[[u32; 4]]) {
        let bytes = tiles.iter().flatten().flat_map(|x| x.to_le_bytes());
        self.tensor(bytes.collect(), [tiles.len(), 4, 4], size_of::<u32>());
    }

    /// All buffers, the last of them what a kernel is told of the others.
    fn finish(mut self) -> Vec<Vec<u8>> {
        let info = self.info.finish(AddressType::U32).data;
        let bytes = info.iter().flat_map(|word| word.to_le_bytes());
        self.buffers.push(bytes.collect());
        self.buffers
    }
}

/// A binding that is written: what is found in it, what it should be, and in which format it is.
struct Written {
    found: Vec<f64>,
    expected: Vec<f64>,
    dtype: DType,
}

/// Runs a kernel, as the program that was made of it, on a case.
fn run(variant: Variant, program: &Program) -> Result<Vec<Written>, String> {
    let case = Case::new(variant);
    let (dtype, width) = (variant.dtype, HEADS * variant.head_dim);
    let [queries, keys] = [QUERIES, KEYS].map(|lengths| Segments::new(lengths.to_vec()));
    let rows = variant.tile_kind().rows();
    let tiles = match variant.kernel {
        Kernel::GradKeys => cut(&keys, &queries, rows),
        _ => cut(&queries, &keys, rows),
    };
    // As on a device with few cubes along a dimension.
    let tiles = for_each_cube(&tiles, MOST_CUBES);
    let [along, across] = spread(tiles.len(), MOST_CUBES);
    let [queries, keys] = [case.q.rows(), case.k.rows()];
    let mut arguments = Arguments::default();
    arguments.info.scalars.push(1.0 / (variant.head_dim as f32).sqrt());
    for matrix in [&case.q, &case.k, &case.v] {
        arguments.rows(matrix, dtype);
    }
    if variant.bias {
        arguments.scalars(&case.bias, keys, dtype);
    }
    arguments.table(&tiles);
    if variant.kernel != Kernel::Attend {
        arguments.rows(&case.grad_output, dtype);
        for values in [&case.lse, &case.delta] {
            arguments.scalars(values, HEADS, DType::F32);
        }
    }
    let written = match variant.kernel {
        Kernel::Attend => vec![(case.output, dtype), (case.lse, DType::F32)],
        Kernel::GradQueries => vec![(case.grad_q, dtype)],
        Kernel::GradKeys => vec![(case.grad_k, dtype), (case.grad_v, dtype)],
    };
    for (expected, dtype) in &written {
        let tokens = if variant.kernel == Kernel::GradKeys { keys } else { queries };
        let columns = expected.len() / tokens;
        let lanes = if columns == width { LANES } else { 1 };
        arguments.room(tokens, columns, *dtype, lanes);
    }
    let units = variant.tile_kind().cube_dim();
    let grid = [along, HEADS as u32, across, units.x, units.y];
    let buffers = program.run(arguments.finish(), grid)?;
    let found = &buffers[..buffers.len() - 1];
    let last = found.len() - written.len();
    let pairs = found[last..].iter().zip(written);
    let written = pairs.map(|(bytes, (expected, dtype))| Written {
        found: decode(bytes, dtype),
        expected,
        dtype,
    });
    Ok(written.collect())
}

/// Products of 16-bit floats are exact in f32; weights and results are rounded, each once.
#[test]
fn kernels_compute_attention_and_its_gradients() {
    // Each with a bias on heads that fill no whole matrix, and without on heads that do. Planes of 64
    // units are other devices'; what is computed is the same.
    let is_run = |variant: &Variant| {
        (variant.head_dim == 72) == variant.bias
            && (variant.matrices || variant.dtype == DType::F32)
    };
    let is_wide = |variant: &Variant| is_run(variant) && variant.matrices && variant.bias;
    let wide = Variant::all().filter(is_wide).map(|variant| Variant { plane: 64, ..variant });
    for variant in Variant::all().filter(is_run).chain(wide) {
        let source = variant.compile().to_string();
        let program = Program::new(&source, variant.plane, Watch::Nothing);
        for written in run(variant, &program).unwrap() {
            let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
            let pairs = written.found.iter().zip(&written.expected);
            let difference: Vec<f64> = pairs.map(|(found, expected)| found - expected).collect();
            let error = norm(&difference) / norm(&written.expected);
            let unit_roundoff = match (written.dtype, variant.dtype) {
                // The scores' own: some are beyond 32, and their exponentials are off by as much.
                (DType::F32, _) => 2_f64.powi(-24) * 64.0,
                (_, DType::F16) => 2_f64.powi(-11),
                _ => 2_f64.powi(-8),
            };
            assert!(error < 2.0 * unit_roundoff, "{variant:?}: {error:e}");
        }
    }
}

/// And the watch sees it when barriers are missing.
#[test]
fn no_unit_reads_what_another_has_not_finished() {
    let is_run =
        |variant: &Variant| variant.dtype == DType::BF16 && variant.head_dim == 72 && variant.bias;
    for variant in Variant::all().filter(is_run) {
        let source = variant.compile().to_string();
        let watched = Program::new(&source, variant.plane, Watch::Races);
        if let Err(found) = run(variant, &watched) {
            panic!("{variant:?}: {found}");
        }
        let barrier = if variant.matrices { "__syncwarp();" } else { "__syncthreads();" };
        let broken = Program::new(&source.replacen(barrier, "", 1), variant.plane, Watch::Races);
        let found = run(variant, &broken).map(|_| "nothing");
        let said = found.expect_err("a barrier is missing");
        assert!(said.contains("data race"), "{variant:?}: {said}");
    }
}

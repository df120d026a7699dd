//! What the source itself shows.

use cubecl::prelude::*;
use cubecl_cpp::shared::{self, Elem};

use super::super::DType;
use super::super::launch::Kernel;
use super::variant::{SHARED_MEMORY, Variant};

const BARRIER: &str = "__syncthreads();";

/// The lines of a kernel's body, each with what opened the blocks around it, from the outermost on.
fn body(source: &str) -> Vec<(Vec<&str>, &str)> {
    let start = source.find("__global__").expect("a kernel");
    let (mut blocks, mut lines) = (Vec::new(), Vec::new());
    for line in source[start..].lines() {
        // A vector's braces are not a block: they close in the line, or after one with its values.
        let (opened, closed) = (line.matches('{').count(), line.matches('}').count());
        for _ in opened..closed {
            blocks.pop();
        }
        lines.push((blocks.clone(), line));
        for _ in closed..opened {
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
        assert_eq!(used, variant.shared_memory(), "{variant:?}");
        assert!(used <= SHARED_MEMORY, "{variant:?}: {used} bytes");
        let rows = if variant.matrices { 64 } else { 32 };
        assert_eq!(variant.tile_kind().rows(), rows, "{variant:?}");
    }
}

#[test]
fn bindings_are_as_many_as_are_launched_with() {
    for variant in Variant::all() {
        let kernel = variant.compile();
        let is_written = |written: bool| {
            let is = |vis: Visibility| (vis == Visibility::ReadWrite) == written;
            kernel.buffers.iter().filter(|buffer| is(buffer.vis)).count()
        };
        assert_eq!([is_written(false), is_written(true)], variant.bindings(), "{variant:?}");
        assert!(kernel.tensor_maps.is_empty(), "{variant:?}");
        let source = kernel.to_string();
        let units = variant.tile_kind().cube_dim().num_elems();
        let bounds = format!("__launch_bounds__({units})");
        assert!(source.contains(&bounds), "{variant:?}");
    }
}

/// The tensors' format is only read, converted, and written, or multiplied by matrix units: sums and
/// exponentials are f32.
#[test]
fn everything_is_summed_up_in_f32() {
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
        for other in ["__half", "__nv_bfloat16"].into_iter().filter(|other| *other != format) {
            assert!(!source.contains(other), "{variant:?}: {other}");
        }
        let computes = |line: &str| {
            let operators = [" + ", " - ", " * ", " / ", "exp(", "log(", "max(", "fma("];
            // Loads of matrices add to an address.
            !line.contains("load_matrix_sync")
                && operators.into_iter().any(|operator| line.contains(operator))
        };
        for (_, line) in body(&source) {
            let is_low = format != "float" && line.contains(format);
            assert!(!(is_low && computes(line)), "{variant:?}: {line}");
            if line.contains("accumulator") {
                assert!(line.contains("16, 16, 16, float>"), "{variant:?}: {line}");
            }
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
        assert!(!variant.compile().to_string().contains("atomic"), "{variant:?}");
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
        let in_loop = loops.iter().filter(|blocks| **blocks == ["while (true) {"]).count();
        let outside = loops.iter().filter(|blocks| blocks.is_empty()).count();
        assert_eq!(in_loop + outside, loops.len(), "{variant:?}: {loops:?}");
        // Between loading, multiplying, weighing and summing up; and before the last sums are read.
        let expected = match (variant.matrices, variant.kernel) {
            (false, Kernel::Attend) => [4, 1],
            (false, Kernel::GradQueries | Kernel::GradKeys) => [5, 0],
            // Between are barriers of a plane.
            (true, _) => [2, 0],
        };
        assert_eq!([in_loop, outside], expected, "{variant:?}");
    }
}

#[test]
#[ignore = "writes the sources into the folder CUDA_SOURCES; see xtask/nvrtc"]
fn sources_are_written() {
    let folder = std::env::var_os("CUDA_SOURCES").expect("CUDA_SOURCES names a folder");
    let folder = std::path::PathBuf::from(folder);
    std::fs::create_dir_all(&folder).unwrap();
    for variant in Variant::all() {
        let name = format!(
            "{:?}-{:?}-{}{}{}.cu",
            variant.kernel,
            variant.dtype,
            variant.head_dim,
            if variant.bias { "-bias" } else { "" },
            if variant.matrices { "-matrices" } else { "" },
        );
        std::fs::write(folder.join(name), variant.compile().to_string()).unwrap();
    }
}

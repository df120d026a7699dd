//! The table of tiles: the tokens that each cube is about, and those they meet.

use std::sync::Arc;

use burn::tensor::DType;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use crate::Segments;
use crate::ops::AttentionLayout;

/// The tokens that a cube is about, which are the rows of its tiles, and those they meet.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Range {
    pub first_row: usize,
    pub end_row: usize,
    pub first_column: usize,
    pub end_column: usize,
}

/// This cube's row of the table.
#[cube]
pub(super) fn range_of_cube(tiles: &Tensor<u32>) -> Range {
    let entry = (CUBE_POS_Z as usize * CUBE_COUNT_X as usize + CUBE_POS_X as usize) * 4;
    Range {
        first_row: tiles[entry] as usize,
        end_row: tiles[entry + 1] as usize,
        first_column: tiles[entry + 2] as usize,
        end_column: tiles[entry + 3] as usize,
    }
}

/// Whose tokens the rows of the tiles are; the columns are the others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Queries,
    Keys,
}

/// All that a table depends on.
#[derive(PartialEq)]
struct Key<D> {
    rows: Arc<[usize]>,
    columns: Arc<[usize]>,
    tile_rows: usize,
    device: D,
}

/// How many cubes along the first and the last dimension are about this many tiles, where a device has
/// at most `most` along one: WebGPU 65,535.
pub(super) fn spread(tiles: usize, most: u32) -> [u32; 2] {
    let rows = (tiles as u64).div_ceil(most.into()).max(1);
    [(tiles as u64).div_ceil(rows) as u32, rows as u32]
}

/// The table with a row for each of the [`spread`] cubes: those left over do the last tile again.
pub(super) fn for_each_cube(tiles: &[[u32; 4]], most: u32) -> Vec<[u32; 4]> {
    let [along, across] = spread(tiles.len(), most);
    let last = tiles.last().into_iter().cycle();
    tiles.iter().chain(last).take((along * across) as usize).copied().collect()
}

/// The table of a layout on the device of a tensor, `[cubes, 4]`; see [`cut`].
pub(super) fn table_beside<R: CubeRuntime>(
    neighbour: &CubeTensor<R>,
    layout: &AttentionLayout,
    rows: Rows,
    tile_rows: usize,
) -> CubeTensor<R> {
    let (client, device) = (neighbour.client.clone(), neighbour.device.clone());
    upload_once(layout, rows, tile_rows, device.clone(), |tiles| {
        let tiles = for_each_cube(tiles, most_cubes(&client));
        let values: Vec<u32> = tiles.iter().flatten().copied().collect();
        let handle = client.create_from_slice(u32::as_bytes(&values));
        let shape = [tiles.len(), 4].into();
        CubeTensor::new_contiguous(client, device, shape, handle, DType::U32)
    })
}

/// Cubes that a device can have along the first dimension.
pub(super) fn most_cubes<R: CubeRuntime>(client: &ComputeClient<R>) -> u32 {
    client.properties().hardware.max_cube_count.0
}

/// What `upload` made of the table the first time, in any layer and kernel of the pass.
///
/// The segments of the queries keep it: they are a pass's own, where those of a text may be used for
/// many. So it is freed with the pass, or with what the pass has left for its backward.
fn upload_once<D, T>(
    layout: &AttentionLayout,
    rows: Rows,
    tile_rows: usize,
    device: D,
    upload: impl FnOnce(&[[u32; 4]]) -> T,
) -> T
where
    D: PartialEq + Send + 'static,
    T: Clone + Send + 'static,
{
    let (queries, keys) = (&layout.query_segments, &layout.key_segments);
    let (of_rows, of_columns) = match rows {
        Rows::Queries => (queries, keys),
        Rows::Keys => (keys, queries),
    };
    let (rows, columns) = (of_rows.shared_lengths(), of_columns.shared_lengths());
    let key = Key { rows, columns, tile_rows, device };
    queries.derive_once(key, || upload(&cut(of_rows, of_columns, tile_rows)))
}

/// The rows of the table, in the order of the tokens: first row, end of the rows, first column, end
/// of the columns.
pub(super) fn cut(rows: &Segments, columns: &Segments, tile_rows: usize) -> Vec<[u32; 4]> {
    let mut tiles = Vec::new();
    let (mut row, mut column) = (0, 0);
    for (&row_count, &column_count) in rows.lengths().iter().zip(columns.lengths()) {
        let (row_end, column_end) = (row + row_count, column + column_count);
        for first in (row..row_end).step_by(tile_rows) {
            let end = row_end.min(first + tile_rows);
            tiles.push([first, end, column, column_end].map(|token| token as u32));
        }
        (row, column) = (row_end, column_end);
    }
    tiles
}

#[cfg(test)]
mod tests {
    use super::super::launch::Kernel;
    use super::super::units::Tile;
    use super::*;

    #[test]
    fn more_tiles_than_fit_into_a_dimension_are_spread_over_two() {
        const MOST: u32 = 65_535;
        for tiles in [0, 1, 65_535, 65_536, 131_070, 131_071, 1 << 20, 3_000_017] {
            let [along, across] = spread(tiles, MOST);
            assert!(along <= MOST && across <= MOST, "{tiles}: {along} x {across}");
            let cubes = along as usize * across as usize;
            assert!(
                (tiles..tiles + across as usize).contains(&cubes),
                "{tiles}: {along} x {across}"
            );
            assert_eq!(spread(cubes, MOST), [along, across], "{tiles}");
        }
        assert_eq!(spread(65_535, MOST), [65_535, 1]);
        assert_eq!(spread(65_536, MOST), [32_768, 2]);
    }

    #[test]
    fn tiles_stay_within_their_example() {
        let (rows, columns) = (Segments::new(vec![1, 10]), Segments::new(vec![3, 2]));
        let expected = [[0, 1, 0, 3], [1, 9, 3, 5], [9, 11, 3, 5]];
        assert_eq!(cut(&rows, &columns, 8), expected);
    }

    /// The uploads of a training step: each block attends to itself and, with texts, to those; each
    /// time there is a layout of its own, as `ops::packed_attention` makes it.
    fn uploads(blocks: usize, texts: bool, tile_rows: impl Fn(Kernel) -> usize) -> usize {
        let (tokens, text) = (Segments::new(vec![256, 100]), Segments::new(vec![77, 5]));
        let mut count = 0;
        for _ in 0..blocks {
            for keys in [Some(&tokens), texts.then_some(&text)].into_iter().flatten() {
                for kernel in Kernel::ALL {
                    let (query_segments, key_segments) = (tokens.clone(), keys.clone());
                    let layout = AttentionLayout { query_segments, key_segments, heads: 16 };
                    let rows = tile_rows(kernel);
                    let table = upload_once(&layout, kernel.rows(), rows, "device", |tiles| {
                        count += 1;
                        tiles.to_vec()
                    });
                    let (queries, keys) = (&layout.query_segments, &layout.key_segments);
                    let expected = match kernel {
                        Kernel::GradKeys => cut(keys, queries, rows),
                        _ => cut(queries, keys, rows),
                    };
                    assert_eq!(table, expected);
                }
            }
        }
        count
    }

    #[test]
    fn a_step_uploads_each_table_once_however_many_blocks_it_has() {
        // XL on matrix units, 64 rows in all kernels: 84 and 168 calls.
        assert_eq!(uploads(28, false, |_| 64), 1);
        assert_eq!(uploads(28, true, |_| 64), 3);
        // On a device with 32 KB of shared memory and no matrix units, 32 rows in all kernels.
        let plain = |kernel: Kernel| {
            let tile = Tile::largest(72, kernel.residents().0, 32 << 10).expect("it fits");
            tile.rows
        };
        assert_eq!(uploads(28, true, plain), 3);
        // With other rows in every kernel, a table each.
        let different = |kernel| match kernel {
            Kernel::Attend => 64,
            Kernel::GradQueries => 32,
            Kernel::GradKeys => 16,
        };
        assert_eq!(uploads(28, false, different), 3);
        assert_eq!(uploads(28, true, different), 6);
    }

    #[test]
    fn a_table_is_its_devices_and_freed_with_the_pass() {
        let segments = Segments::new(vec![4]);
        let layout =
            AttentionLayout { query_segments: segments.clone(), key_segments: segments, heads: 1 };
        let upload = |device| upload_once(&layout, Rows::Queries, 8, device, |_| Arc::new(()));
        let [first, again, other] = ["gpu 0", "gpu 0", "gpu 1"].map(upload);
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &other));
        let table = Arc::downgrade(&first);
        drop((first, again));
        assert!(table.upgrade().is_some());
        drop(layout);
        assert!(table.upgrade().is_none());
    }
}

//! The size of a tile of scores that is computed by matrix units.

use burn::tensor::DType;
use cubecl::ir::features::MmaConfig;
use cubecl::ir::{DeviceProperties, ElemType, FloatKind};

use super::super::bindings::LANES;

/// Side of the matrices that the units multiply.
pub(in super::super) const SIDE: usize = 16;

/// Bytes of a 16-bit float.
const HALF: usize = 2;

/// Elements after each row in shared memory, so that rows begin in different banks; loads of matrices
/// need whole 16 bytes.
const PADDING: usize = 8;
/// The same for scores, which are f32.
const SCORE_PADDING: usize = 4;

/// Units of the planes that the kernels are made for.
const PLANES: [u32; 2] = [32, 64];

/// A tile of scores, and the length of the rows that it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct MatrixTile {
    /// Tokens that a cube is about, [`SIDE`] a plane.
    pub rows: usize,
    /// Tokens it meets at a time.
    pub columns: usize,
    /// Vectors of a head.
    pub vectors: usize,
    /// Units of a plane.
    pub plane: usize,
}

/// What a kernel keeps in shared memory besides scores and weights: how many tokens' rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Resident {
    /// As multiples of the tile's rows.
    pub rows: usize,
    /// As multiples of its columns.
    pub columns: usize,
}

/// Queries; keys and values.
pub(in super::super) const ATTEND: Resident = Resident { rows: 1, columns: 2 };
/// Queries and the gradients of their outputs; keys and values.
pub(in super::super) const GRAD_QUERIES: Resident = Resident { rows: 2, columns: 2 };
/// Keys and values; queries and the gradients of their outputs.
pub(in super::super) const GRAD_KEYS: Resident = GRAD_QUERIES;

impl MatrixTile {
    /// Sides that are tried, the fastest first.
    const SIDES: [[usize; 2]; 4] = [[64, 32], [32, 32], [32, 16], [16, 16]];

    /// The largest tile whose kernel a device can run on heads of this size in this format; `None` if
    /// it has no matrix units for it, or the smallest tile has no room.
    pub fn largest(
        device: &DeviceProperties,
        dtype: DType,
        head_dim: usize,
        resident: Resident,
    ) -> Option<Self> {
        let element = ElemType::Float(match dtype {
            DType::F16 => FloatKind::F16,
            DType::BF16 => FloatKind::BF16,
            _ => return None,
        });
        let product = MmaConfig {
            a_type: element.into(),
            b_type: element.into(),
            cd_type: ElemType::Float(FloatKind::F32).into(),
            m: SIDE as u32,
            n: SIDE as u32,
            k: SIDE as u32,
        };
        let hardware = &device.hardware;
        let plane = hardware.plane_size_min;
        let is_able = device.features.matmul.cmma.contains(&product)
            && !device.features.plane.is_empty()
            && plane == hardware.plane_size_max
            && PLANES.contains(&plane)
            && head_dim > 0
            && head_dim.is_multiple_of(LANES);
        let room = [plane as usize, hardware.max_shared_memory_size];
        is_able
            .then(|| Self::fitting(head_dim, resident, room))
            .flatten()
            .filter(|tile| tile.units() <= hardware.max_units_per_cube as usize)
    }

    /// The largest tile for planes of so many units whose kernel has room in so many bytes of shared
    /// memory.
    pub fn fitting(
        head_dim: usize,
        resident: Resident,
        [plane, shared_memory]: [usize; 2],
    ) -> Option<Self> {
        let tile =
            |[rows, columns]: [usize; 2]| Self { rows, columns, vectors: head_dim / LANES, plane };
        let mut tiles = Self::SIDES.into_iter().map(tile);
        tiles.find(|tile| tile.bytes(resident) <= shared_memory)
    }

    /// Units of a cube.
    pub fn units(self) -> usize {
        self.plane * self.planes()
    }

    /// Planes of a cube.
    pub fn planes(self) -> usize {
        self.rows / SIDE
    }

    /// Units that share a row.
    pub fn parts(self) -> usize {
        self.plane / SIDE
    }

    /// Matrices that a head's features fill.
    pub fn head_matrices(self) -> usize {
        (self.vectors * LANES).div_ceil(SIDE)
    }

    /// Matrices side by side in a tile's columns.
    pub fn column_matrices(self) -> usize {
        self.columns / SIDE
    }

    /// Elements from one token's row to the next: whole matrices, and the padding.
    pub fn stride(self) -> usize {
        self.head_matrices() * SIDE + PADDING
    }

    /// The same in vectors.
    pub fn vector_stride(self) -> usize {
        self.stride() / LANES
    }

    /// Vectors of so many tokens' rows.
    pub fn vectors_of(self, tokens: usize) -> usize {
        tokens * self.vector_stride()
    }

    /// Scores from one row to the next.
    pub fn score_stride(self) -> usize {
        self.columns + SCORE_PADDING
    }

    /// Scores of a cube.
    pub fn scores(self) -> usize {
        self.rows * self.score_stride()
    }

    /// Weights from one row to the next.
    pub fn weight_stride(self) -> usize {
        self.columns + PADDING
    }

    /// Weights of a cube.
    pub fn weights(self) -> usize {
        self.rows * self.weight_stride()
    }

    /// Columns of a unit: every [`parts`](Self::parts)th of its row.
    pub fn unit_columns(self) -> usize {
        self.columns / self.parts()
    }

    /// Vectors of a matrix's row that are one unit's.
    pub fn unit_vectors(self) -> usize {
        SIDE / LANES / self.parts()
    }

    /// Shared memory of a kernel.
    pub fn bytes(self, resident: Resident) -> usize {
        let tokens = resident.rows * self.rows + resident.columns * self.columns;
        (tokens * self.stride() + self.weights()) * HALF + self.scores() * size_of::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_tiles_fit_what_every_cuda_device_has() {
        let tile = |head_dim: usize| MatrixTile {
            rows: 64,
            columns: 32,
            vectors: head_dim / LANES,
            plane: 32,
        };
        for resident in [ATTEND, GRAD_QUERIES, GRAD_KEYS] {
            assert!(tile(72).bytes(resident) <= 48 << 10);
        }
        assert!(tile(128).bytes(ATTEND) <= 48 << 10);
        assert_eq!(tile(72).head_matrices(), 5);
        assert_eq!((tile(72).planes(), tile(72).parts()), (4, 2));
    }

    #[test]
    fn rows_of_matrices_begin_where_they_can_be_loaded() {
        for head_dim in [16, 20, 64, 72, 80, 96, 128] {
            for columns in [16, 32] {
                let tile = MatrixTile { rows: 32, columns, vectors: head_dim / LANES, plane: 32 };
                // 16 bytes from row to row, 32 from matrix to matrix.
                assert!(tile.stride().is_multiple_of(8), "{tile:?}");
                assert!(tile.weight_stride().is_multiple_of(8), "{tile:?}");
                assert!(tile.score_stride().is_multiple_of(4), "{tile:?}");
                assert!(tile.head_matrices() * SIDE >= head_dim, "{tile:?}");
            }
        }
    }
}

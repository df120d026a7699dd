//! The size of a tile of scores, and the tiles that a packed sequence is cut into.

use crate::Segments;

/// Units of a cube along each side of a tile.
pub(super) const UNITS: usize = 8;

/// Elements of a vector: what a unit reads at once.
pub(super) const LANES: usize = 4;

/// A tile of scores, and the length of the rows that it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tile {
    /// Tokens that a cube is about.
    pub rows: usize,
    /// Tokens it meets at a time.
    pub columns: usize,
    /// Vectors of a head.
    pub vectors: usize,
}

/// What a kernel keeps in shared memory besides the weights: how many tokens' rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resident {
    /// As multiples of the tile's rows.
    pub rows: usize,
    /// As multiples of its columns.
    pub columns: usize,
    /// Whether it keeps what the units of each row have found.
    pub partials: bool,
}

impl Tile {
    /// Sides that are tried, the fastest first.
    const SIDES: [[usize; 2]; 5] = [[32, 32], [32, 16], [16, 16], [16, 8], [8, 8]];

    /// The largest tile whose kernel has room in `shared_memory` bytes; `None` if the smallest has
    /// none, or the head is not made of whole vectors.
    pub(super) fn largest(
        head_dim: usize,
        resident: Resident,
        shared_memory: usize,
    ) -> Option<Self> {
        if head_dim == 0 || !head_dim.is_multiple_of(LANES) {
            return None;
        }
        let tile = |[rows, columns]: [usize; 2]| Self { rows, columns, vectors: head_dim / LANES };
        let mut tiles = Self::SIDES.into_iter().map(tile);
        tiles.find(|tile| tile.bytes(resident) <= shared_memory)
    }

    /// Shared memory of a kernel.
    pub(super) fn bytes(self, resident: Resident) -> usize {
        let vectors = resident.rows * self.vectors_of(self.rows)
            + resident.columns * self.vectors_of(self.columns);
        let partials = if resident.partials { self.partials() } else { 0 };
        let scalars = self.weights() + partials;
        (vectors * LANES + scalars) * size_of::<f32>()
    }

    /// Vectors from one token's row to the next: one more than it has, so that the units of a plane
    /// read from different banks.
    pub(super) fn stride(self) -> usize {
        self.vectors + 1
    }

    /// Vectors of so many tokens' rows; a unit may read past the last one what it does not use.
    pub(super) fn vectors_of(self, tokens: usize) -> usize {
        tokens * self.stride() + UNITS
    }

    /// Scalars from one row of weights to the next.
    pub(super) fn weights_stride(self) -> usize {
        self.columns + 1
    }

    /// Scalars of all weights.
    pub(super) fn weights(self) -> usize {
        self.rows * self.weights_stride()
    }

    /// Scalars of what the units of each row have found.
    pub(super) fn partials(self) -> usize {
        self.rows * UNITS
    }

    /// Rows of a unit: every [`UNITS`]th.
    pub(super) fn unit_rows(self) -> usize {
        self.rows / UNITS
    }

    /// Columns of a unit: every [`UNITS`]th.
    pub(super) fn unit_columns(self) -> usize {
        self.columns / UNITS
    }

    /// Vectors of a row that a unit sums up: every [`UNITS`]th.
    pub(super) fn unit_vectors(self) -> usize {
        self.vectors.div_ceil(UNITS)
    }
}

/// One cube's tokens and those they meet, per tile: first row, end of the rows, first column, end
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
    use super::*;

    const BACKWARD: Resident = Resident { rows: 2, columns: 2, partials: false };

    #[test]
    fn a_tile_is_as_large_as_shared_memory_allows() {
        let sides = |head_dim, kilobytes: usize| {
            Tile::largest(head_dim, BACKWARD, kilobytes << 10).map(|tile| [tile.rows, tile.columns])
        };
        // WebGPU promises 16 KB, most devices have 32, CUDA 48.
        assert_eq!(sides(72, 16), Some([16, 8]));
        assert_eq!(sides(72, 32), Some([32, 16]));
        assert_eq!(sides(72, 48), Some([32, 32]));
        assert_eq!(sides(128, 32), Some([16, 8]));
        assert_eq!(sides(4096, 32), None);
        assert_eq!(sides(70, 32), None);
    }

    #[test]
    fn tiles_stay_within_their_example() {
        let (rows, columns) = (Segments::new(vec![1, 10]), Segments::new(vec![3, 2]));
        let expected = [[0, 1, 0, 3], [1, 9, 3, 5], [9, 11, 3, 5]];
        assert_eq!(cut(&rows, &columns, 8), expected);
    }
}

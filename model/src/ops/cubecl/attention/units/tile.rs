//! The size of a tile of scores that is computed by plain units.

use super::super::bindings::LANES;

/// Units of a cube along each side of a tile.
pub(in super::super) const UNITS: usize = 8;

/// A tile of scores, and the length of the rows that it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Tile {
    /// Tokens that a cube is about.
    pub rows: usize,
    /// Tokens it meets at a time.
    pub columns: usize,
    /// Vectors of a head.
    pub vectors: usize,
}

/// What a kernel keeps in shared memory besides the weights: how many tokens' rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Resident {
    /// As multiples of the tile's rows.
    pub rows: usize,
    /// As multiples of its columns.
    pub columns: usize,
    /// Whether it keeps what the units of each row have found.
    pub partials: bool,
}

/// Queries, and keys or values.
pub(in super::super) const ATTEND: Resident = Resident { rows: 1, columns: 1, partials: true };
/// Queries and the gradients of their outputs, and keys or values.
pub(in super::super) const GRAD_QUERIES: Resident =
    Resident { rows: 2, columns: 1, partials: false };
/// Keys and values, and queries and the gradients of their outputs.
pub(in super::super) const GRAD_KEYS: Resident = Resident { rows: 2, columns: 2, partials: false };

impl Tile {
    /// Sides that are tried, the fastest first.
    const SIDES: [[usize; 2]; 5] = [[32, 32], [32, 16], [16, 16], [16, 8], [8, 8]];

    /// The largest tile whose kernel has room in `shared_memory` bytes; `None` if the smallest has
    /// none, or the head is not made of whole vectors.
    pub fn largest(head_dim: usize, resident: Resident, shared_memory: usize) -> Option<Self> {
        if head_dim == 0 || !head_dim.is_multiple_of(LANES) {
            return None;
        }
        let tile = |[rows, columns]: [usize; 2]| Self { rows, columns, vectors: head_dim / LANES };
        let mut tiles = Self::SIDES.into_iter().map(tile);
        tiles.find(|tile| tile.bytes(resident) <= shared_memory)
    }

    /// Shared memory of a kernel.
    pub fn bytes(self, resident: Resident) -> usize {
        let vectors = resident.rows * self.vectors_of(self.rows)
            + resident.columns * self.vectors_of(self.columns);
        let partials = if resident.partials { self.partials() } else { 0 };
        let scalars = self.weights() + partials;
        (vectors * LANES + scalars) * size_of::<f32>()
    }

    /// Vectors from one token's row to the next: one more than it has, so that the units of a plane
    /// read from different banks.
    pub fn stride(self) -> usize {
        self.vectors + 1
    }

    /// Vectors of so many tokens' rows; a unit may read past the last one what it does not use.
    pub fn vectors_of(self, tokens: usize) -> usize {
        tokens * self.stride() + UNITS
    }

    /// Scalars from one row of weights to the next.
    pub fn weights_stride(self) -> usize {
        self.columns + 1
    }

    /// Scalars of all weights.
    pub fn weights(self) -> usize {
        self.rows * self.weights_stride()
    }

    /// Scalars of what the units of each row have found.
    pub fn partials(self) -> usize {
        self.rows * UNITS
    }

    /// Rows of a unit: every [`UNITS`]th.
    pub fn unit_rows(self) -> usize {
        self.rows / UNITS
    }

    /// Columns of a unit: every [`UNITS`]th.
    pub fn unit_columns(self) -> usize {
        self.columns / UNITS
    }

    /// Vectors of a row that a unit sums up: every [`UNITS`]th.
    pub fn unit_vectors(self) -> usize {
        self.vectors.div_ceil(UNITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_as_large_as_shared_memory_allows() {
        let sides = |head_dim, kilobytes: usize| {
            Tile::largest(head_dim, GRAD_KEYS, kilobytes << 10)
                .map(|tile| [tile.rows, tile.columns])
        };
        // WebGPU promises 16 KB, most devices have 32, CUDA 48.
        assert_eq!(sides(72, 16), Some([16, 8]));
        assert_eq!(sides(72, 32), Some([32, 16]));
        assert_eq!(sides(72, 48), Some([32, 32]));
        assert_eq!(sides(128, 32), Some([16, 8]));
        assert_eq!(sides(4096, 32), None);
        assert_eq!(sides(70, 32), None);
    }
}

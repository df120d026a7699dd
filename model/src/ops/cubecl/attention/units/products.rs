//! The two products of a tile on plain units, and how its rows are loaded and stored.
//!
//! A cube has `UNITS x UNITS` units. Of a tile, the unit in row `r` and column `c` of the cube has
//! every `UNITS`th row and column, from `r` and `c` on: its neighbours read neighbouring rows.

use cubecl::prelude::*;

use super::tile::{Tile, UNITS};

/// Copies one head of the tokens `first..end` into shared memory, zeros after the end.
#[cube]
pub(super) fn load<E: Float, N: Size>(
    source: &Tensor<Vector<E, N>>,
    rows: &mut SharedMemory<Vector<f32, N>>,
    first: usize,
    end: usize,
    #[comptime] tokens: usize,
    #[comptime] tile: Tile,
) {
    let vectors = comptime!(tile.vectors);
    let stride = source.stride(0) / N::value();
    let head = CUBE_POS_Y as usize * vectors;
    let mut place = UNIT_POS as usize;
    while place < comptime!(tokens * vectors) {
        let row = place / vectors;
        let vector = place % vectors;
        let token = first + row;
        let mut value = Vector::<f32, N>::new(0.0);
        if token < end {
            value = Vector::cast_from(source[token * stride + head + vector]);
        }
        rows[row * comptime!(tile.stride()) + vector] = value;
        place += comptime!(UNITS * UNITS);
    }
}

/// The unit's products of rows and columns: `products[i, j] = rows[i] . columns[j]`.
#[cube]
pub(super) fn products_of_unit<N: Size>(
    rows: &SharedMemory<Vector<f32, N>>,
    columns: &SharedMemory<Vector<f32, N>>,
    products: &mut Array<f32>,
    #[comptime] tile: Tile,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_columns = comptime!(tile.unit_columns());
    let first_row = UNIT_POS_Y as usize;
    let first_column = UNIT_POS_X as usize;
    #[unroll]
    for place in 0..comptime!(unit_rows * unit_columns) {
        products[place] = 0.0;
    }
    for vector in 0..comptime!(tile.vectors) {
        let mut others = Array::<Vector<f32, N>>::new(unit_columns);
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            others[j] = columns[column * comptime!(tile.stride()) + vector];
        }
        #[unroll]
        for i in 0..unit_rows {
            let row = first_row + comptime!(UNITS * i);
            let own = rows[row * comptime!(tile.stride()) + vector];
            #[unroll]
            for j in 0..unit_columns {
                let place = comptime!(i * unit_columns + j);
                products[place] += own.dot(others[j]);
            }
        }
    }
}

/// Adds the unit's part of weights times columns: `sums[i] += sum_j weights[i, j] columns[j]`.
#[cube]
pub(super) fn add_weighted<N: Size>(
    weights: &SharedMemory<f32>,
    columns: &SharedMemory<Vector<f32, N>>,
    sums: &mut Array<Vector<f32, N>>,
    #[comptime] tile: Tile,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_vectors = comptime!(tile.unit_vectors());
    let first_row = UNIT_POS_Y as usize;
    let first_vector = UNIT_POS_X as usize;
    for column in 0..comptime!(tile.columns) {
        let mut values = Array::<Vector<f32, N>>::new(unit_vectors);
        #[unroll]
        for m in 0..unit_vectors {
            let vector = first_vector + comptime!(UNITS * m);
            values[m] = columns[column * comptime!(tile.stride()) + vector];
        }
        #[unroll]
        for i in 0..unit_rows {
            let row = first_row + comptime!(UNITS * i);
            let weight = weights[row * comptime!(tile.weights_stride()) + column];
            let weight = Vector::<f32, N>::new(weight);
            #[unroll]
            for m in 0..unit_vectors {
                let place = comptime!(i * unit_vectors + m);
                sums[place] += weight * values[m];
            }
        }
    }
}

/// Sums of nothing.
#[cube]
pub(super) fn no_sums<N: Size>(#[comptime] tile: Tile) -> Array<Vector<f32, N>> {
    let count = comptime!(tile.unit_rows() * tile.unit_vectors());
    let mut sums = Array::<Vector<f32, N>>::new(count);
    #[unroll]
    for place in 0..count {
        sums[place] = Vector::<f32, N>::new(0.0);
    }
    sums
}

/// Writes one of the unit's rows times a factor to the token's row of the target.
#[cube]
pub(super) fn store_row<E: Float, N: Size>(
    target: &mut Tensor<Vector<E, N>>,
    token: usize,
    sums: &Array<Vector<f32, N>>,
    factor: f32,
    #[comptime] row: usize,
    #[comptime] tile: Tile,
) {
    let vectors = comptime!(tile.vectors);
    let unit_vectors = comptime!(tile.unit_vectors());
    let start = token * (target.stride(0) / N::value()) + CUBE_POS_Y as usize * vectors;
    #[unroll]
    for m in 0..unit_vectors {
        let vector = UNIT_POS_X as usize + comptime!(UNITS * m);
        if vector < vectors {
            let sum = sums[comptime!(row * unit_vectors + m)];
            target[start + vector] = Vector::cast_from(sum * Vector::<f32, N>::new(factor));
        }
    }
}

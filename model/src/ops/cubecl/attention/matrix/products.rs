//! The two products of a tile on matrix units, and how its rows are loaded, scaled and stored.
//!
//! A cube has [`MatrixTile::planes`] planes. Row `r` of a plane's scores is that of the units `r parts`
//! to `r parts + parts - 1` of the plane, which have every `parts`th column of it.

use cubecl::cmma::{self, Matrix, MatrixIdent, MatrixLayout};
use cubecl::prelude::*;

use super::super::bindings::LANES;
use super::tile::{MatrixTile, SIDE};

/// This unit's place.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Place {
    /// First row of the plane, in the tile.
    pub plane_row: usize,
    /// Row of the unit, in the plane.
    pub row: usize,
    /// Which of the units of its row it is.
    pub part: usize,
}

#[cube]
pub(super) fn place_of_unit(#[comptime] tile: MatrixTile) -> Place {
    let parts = comptime!(tile.parts());
    Place {
        plane_row: UNIT_POS_Y as usize * SIDE,
        row: UNIT_POS_X as usize / parts,
        part: UNIT_POS_X as usize % parts,
    }
}

/// Copies one head of the tokens `first..end` into shared memory; zeros after the end, and after the
/// head.
#[cube]
pub(super) fn load<E: Float, N: Size>(
    source: &Tensor<Vector<E, N>>,
    rows: &mut SharedMemory<Vector<E, N>>,
    first: usize,
    end: usize,
    #[comptime] tokens: usize,
    #[comptime] tile: MatrixTile,
) {
    let vectors = comptime!(tile.vectors);
    let filled = comptime!(tile.head_matrices() * SIDE / LANES);
    let stride = source.stride(0) / N::value();
    let head = CUBE_POS_Y as usize * vectors;
    let mut place = UNIT_POS as usize;
    while place < comptime!(tokens * filled) {
        let row = place / filled;
        let vector = place % filled;
        let token = first + row;
        let mut value = Vector::<E, N>::cast_from(0.0f32);
        if token < end && vector < vectors {
            value = source[token * stride + head + vector];
        }
        rows[row * comptime!(tile.vector_stride()) + vector] = value;
        place += comptime!(tile.units());
    }
}

/// The plane's rows of a tile of scores: `scores[i, j] = rows[i] . columns[j]`.
#[cube]
pub(super) fn products_of_plane<E: Float, N: Size>(
    rows: &SharedMemory<Vector<E, N>>,
    columns: &SharedMemory<Vector<E, N>>,
    scores: &mut SharedMemory<f32>,
    #[comptime] tile: MatrixTile,
) {
    let stride = comptime!(tile.stride() as u32);
    let score_stride = comptime!(tile.score_stride());
    let plane_row = UNIT_POS_Y as usize * SIDE;
    #[unroll]
    for j in 0..comptime!(tile.column_matrices()) {
        let sum = no_sum();
        #[unroll]
        for d in 0..comptime!(tile.head_matrices()) {
            let start = plane_row * comptime!(tile.vector_stride()) + comptime!(d * SIDE / LANES);
            let left = operand::<E>(MatrixIdent::A, MatrixLayout::RowMajor);
            cmma::load(&left, &rows.slice(start, rows.len()), stride);
            // Column by column of the transposed: row by row of the columns' tokens.
            let start = comptime!(j * SIDE * tile.vector_stride() + d * SIDE / LANES);
            let right = operand::<E>(MatrixIdent::B, MatrixLayout::ColMajor);
            cmma::load(&right, &columns.slice(start, columns.len()), stride);
            cmma::execute::<E, E, f32, f32>(&left, &right, &sum, &sum);
        }
        let start = plane_row * score_stride + comptime!(j * SIDE);
        let end = scores.len();
        cmma::store(
            &mut scores.slice_mut(start, end),
            &sum,
            comptime!(score_stride as u32),
            MatrixLayout::RowMajor,
        );
    }
}

/// Adds the plane's weights times columns: `sums[i] += sum_j weights[i, j] columns[j]`.
#[cube]
pub(super) fn add_weighted<E: Float, N: Size>(
    weights: &SharedMemory<E>,
    columns: &SharedMemory<Vector<E, N>>,
    sums: &Sequence<Matrix<f32>>,
    #[comptime] tile: MatrixTile,
) {
    let stride = comptime!(tile.stride() as u32);
    let weight_stride = comptime!(tile.weight_stride());
    let plane_row = UNIT_POS_Y as usize * SIDE;
    #[unroll]
    for j in 0..comptime!(tile.column_matrices()) {
        let start = plane_row * weight_stride + comptime!(j * SIDE);
        let left = operand::<E>(MatrixIdent::A, MatrixLayout::RowMajor);
        cmma::load(&left, &weights.slice(start, weights.len()), comptime!(weight_stride as u32));
        #[unroll]
        for d in 0..comptime!(tile.head_matrices()) {
            let start = comptime!(j * SIDE * tile.vector_stride() + d * SIDE / LANES);
            let right = operand::<E>(MatrixIdent::B, MatrixLayout::RowMajor);
            cmma::load(&right, &columns.slice(start, columns.len()), stride);
            let sum = sums.index(d);
            cmma::execute::<E, E, f32, f32>(&left, &right, sum, sum);
        }
    }
}

/// Sums of nothing, as many as fill a head.
#[cube]
pub(super) fn no_sums(#[comptime] tile: MatrixTile) -> Sequence<Matrix<f32>> {
    let mut sums = Sequence::<Matrix<f32>>::new();
    #[unroll]
    for _ in 0..comptime!(tile.head_matrices()) {
        sums.push(no_sum());
    }
    sums
}

#[cube]
fn no_sum() -> Matrix<f32> {
    Matrix::<f32>::from_value(
        MatrixIdent::Accumulator,
        SIDE,
        SIDE,
        SIDE,
        MatrixLayout::Undefined,
        0.0f32,
    )
}

/// One side of a product, zeros until it is loaded.
#[cube]
fn operand<E: Float>(
    #[comptime] ident: MatrixIdent,
    #[comptime] layout: MatrixLayout,
) -> Matrix<E> {
    Matrix::<E>::from_value(ident, SIDE, SIDE, SIDE, layout, E::cast_from(0.0f32))
}

/// Multiplies each row of the plane's sums by its unit's factor; `scratch` is the plane's room for
/// scores.
#[cube]
pub(super) fn scale_rows(
    sums: &Sequence<Matrix<f32>>,
    scratch: &mut SharedMemory<f32>,
    factor: f32,
    #[comptime] tile: MatrixTile,
) {
    let place = place_of_unit(tile);
    let stride = comptime!(tile.score_stride());
    let start = place.plane_row * stride;
    let own = start + place.row * stride;
    let end = scratch.len();
    #[unroll]
    for d in 0..comptime!(tile.head_matrices()) {
        let sum = sums.index(d);
        cmma::store(
            &mut scratch.slice_mut(start, end),
            sum,
            comptime!(stride as u32),
            MatrixLayout::RowMajor,
        );
        sync_plane();
        #[unroll]
        for c in 0..comptime!(SIDE / tile.parts()) {
            let column = own + place.part + comptime!(c * tile.parts());
            scratch[column] *= factor;
        }
        sync_plane();
        cmma::load_with_layout(
            sum,
            &scratch.slice(start, end),
            comptime!(stride as u32),
            MatrixLayout::RowMajor,
        );
        sync_plane();
    }
}

/// Writes each row of the plane's sums times its unit's factor to the row's token of the target;
/// `scratch` is the plane's room for scores.
#[cube]
pub(super) fn store_rows<E: Float, N: Size>(
    target: &mut Tensor<Vector<E, N>>,
    sums: &Sequence<Matrix<f32>>,
    scratch: &mut SharedMemory<f32>,
    token: usize,
    end_token: usize,
    factor: f32,
    #[comptime] tile: MatrixTile,
) {
    let place = place_of_unit(tile);
    let vectors = comptime!(tile.vectors);
    let stride = comptime!(tile.score_stride());
    let start = place.plane_row * stride;
    let end = scratch.len();
    let to = token * (target.stride(0) / N::value()) + CUBE_POS_Y as usize * vectors;
    #[unroll]
    for d in 0..comptime!(tile.head_matrices()) {
        cmma::store(
            &mut scratch.slice_mut(start, end),
            sums.index(d),
            comptime!(stride as u32),
            MatrixLayout::RowMajor,
        );
        sync_plane();
        #[unroll]
        for v in 0..comptime!(tile.unit_vectors()) {
            let of_matrix = place.part * comptime!(tile.unit_vectors()) + v;
            let vector = of_matrix + comptime!(d * SIDE / LANES);
            if token < end_token && vector < vectors {
                let from = start + place.row * stride + of_matrix * LANES;
                let mut values = Vector::<f32, N>::new(0.0);
                #[unroll]
                for lane in 0..LANES {
                    values[lane] = scratch[from + lane] * factor;
                }
                target[to + vector] = Vector::cast_from(values);
            }
        }
        sync_plane();
    }
}

/// The sum over the units of a row.
#[cube]
pub(super) fn sum_of_row(value: f32, #[comptime] tile: MatrixTile) -> f32 {
    let mut sum = value;
    #[unroll]
    for step in 0..comptime!(tile.parts().ilog2()) {
        sum += plane_shuffle_xor(sum, comptime!(1 << step));
    }
    sum
}

/// The largest over the units of a row.
#[cube]
pub(super) fn largest_of_row(value: f32, #[comptime] tile: MatrixTile) -> f32 {
    let mut largest = value;
    #[unroll]
    for step in 0..comptime!(tile.parts().ilog2()) {
        largest = max(largest, plane_shuffle_xor(largest, comptime!(1 << step)));
    }
    largest
}

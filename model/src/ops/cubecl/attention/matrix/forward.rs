//! The forward pass on matrix units (Dao 2023, arXiv 2307.08691, algorithm 1).
//!
//! Scores are shifted by the largest of a row so far, or by one that is a little smaller: what was
//! summed up is scaled only where the largest has grown by more than [`RISE`], which is rare, and the
//! result is the same.

use cubecl::prelude::*;

use super::super::bindings::{Inputs, bias_of_key};
use super::super::table::range_of_cube;
use super::products::{
    add_weighted, largest_of_row, load, no_sums, place_of_unit, products_of_plane, scale_rows,
    store_rows, sum_of_row,
};
use super::tile::MatrixTile;

/// The score of a key that is not there: its exponential is 0, whatever it is shifted by.
const NO_SCORE: f32 = -1e30;

/// Weights may be as large as the exponential of this: 2981, which all 16-bit floats have.
const RISE: f32 = 8.0;

/// One tile of queries of one head against all keys of their example; see
/// [`attend`](fn@super::super::units::attend).
#[cube(launch)]
pub(in super::super) fn attend<E: Float, N: Size>(
    inputs: &Inputs<E, N>,
    output: &mut Tensor<Vector<E, N>>,
    lse: &mut Tensor<f32>,
    #[comptime] tile: MatrixTile,
    #[define(E)] _dtype: StorageType,
) {
    let place = place_of_unit(tile);
    let scale = inputs.scale;
    let range = range_of_cube(&inputs.tiles);
    let unit_columns = comptime!(tile.unit_columns());
    let parts = comptime!(tile.parts());

    let mut queries = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut keys = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut values = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut scores = SharedMemory::<f32>::new(comptime!(tile.scores()));
    let mut weights = SharedMemory::<E>::new(comptime!(tile.weights()));

    let sums = no_sums(tile);
    let mut own = Array::<f32>::new(unit_columns);
    let mut shift = f32::new(NO_SCORE);
    let mut total = f32::new(0.0);

    let tokens = comptime!(tile.rows);
    load(&inputs.q, &mut queries, range.first_row, range.end_row, tokens, tile);
    let tokens = comptime!(tile.columns);
    let row = place.plane_row + place.row;
    let row_of_scores = row * comptime!(tile.score_stride());
    let row_of_weights = row * comptime!(tile.weight_stride());
    let end = range.end_column;
    let mut first = range.first_column;
    while first < end {
        load(&inputs.k, &mut keys, first, end, tokens, tile);
        load(&inputs.v, &mut values, first, end, tokens, tile);
        sync_cube();
        products_of_plane(&queries, &keys, &mut scores, tile);
        sync_plane();
        let mut largest = f32::new(NO_SCORE);
        #[unroll]
        for c in 0..unit_columns {
            let column = place.part + comptime!(c * parts);
            let key = first + column;
            let is_there = key < end;
            let added = bias_of_key(&inputs.bias, key, end);
            let score = scores[row_of_scores + column] * scale + added;
            own[c] = select(is_there, score, NO_SCORE);
            largest = max(largest, own[c]);
        }
        largest = largest_of_row(largest, tile);
        if first == range.first_column {
            shift = largest;
        } else if plane_any(largest - shift > RISE) {
            // All units of the plane have read their scores: they have agreed on the largest.
            sync_plane();
            let higher = max(largest, shift);
            let factor = f32::exp(shift - higher);
            scale_rows(&sums, &mut scores, factor, tile);
            total *= factor;
            shift = higher;
        }
        #[unroll]
        for c in 0..unit_columns {
            let weight = f32::exp(own[c] - shift);
            total += weight;
            weights[row_of_weights + place.part + comptime!(c * parts)] = E::cast_from(weight);
        }
        sync_plane();
        add_weighted(&weights, &values, &sums, tile);
        sync_cube();
        first += tokens;
    }

    let total = sum_of_row(total, tile);
    let token = range.first_row + row;
    store_rows(output, &sums, &mut scores, token, range.end_row, 1.0 / total, tile);
    if token < range.end_row && place.part == 0 {
        let at = token * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
        lse[at] = shift + f32::ln(total);
    }
}

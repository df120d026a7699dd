//! The backward pass on matrix units: the weights of a tile are computed again from the saved sums, and
//! no two cubes add to the same gradient, as in the [kernels without them](super::super::units).

use cubecl::prelude::*;

use super::super::bindings::{BackwardInputs, Inputs, bias_of_key};
use super::super::table::range_of_cube;
use super::products::{add_weighted, load, no_sums, place_of_unit, products_of_plane, store_rows};
use super::tile::MatrixTile;

/// The gradient of one tile of queries of one head; see
/// [`grad_queries`](fn@super::super::units::grad_queries).
#[cube(launch)]
pub(in super::super) fn grad_queries<E: Float, N: Size>(
    inputs: &Inputs<E, N>,
    backward: &BackwardInputs<E, N>,
    grad_q: &mut Tensor<Vector<E, N>>,
    #[comptime] tile: MatrixTile,
    #[define(E)] _dtype: StorageType,
) {
    let place = place_of_unit(tile);
    let scale = inputs.scale;
    let range = range_of_cube(&inputs.tiles);
    let unit_columns = comptime!(tile.unit_columns());
    let parts = comptime!(tile.parts());

    let mut queries = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut grad_outputs = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut keys = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut values = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut scores = SharedMemory::<f32>::new(comptime!(tile.scores()));
    let mut grad_scores = SharedMemory::<E>::new(comptime!(tile.weights()));

    let row = place.plane_row + place.row;
    let token = range.first_row + row;
    let at = min(token, range.end_row - 1) * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
    let (lse, delta) = (backward.lse[at], backward.delta[at]);
    let sums = no_sums(tile);
    let mut own = Array::<f32>::new(unit_columns);

    let tokens = comptime!(tile.rows);
    let end = range.end_row;
    load(&inputs.q, &mut queries, range.first_row, end, tokens, tile);
    load(&backward.grad_output, &mut grad_outputs, range.first_row, end, tokens, tile);
    let tokens = comptime!(tile.columns);
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
        #[unroll]
        for c in 0..unit_columns {
            let column = place.part + comptime!(c * parts);
            let key = first + column;
            let is_there = key < end;
            let added = bias_of_key(&inputs.bias, key, end);
            let score = scores[row_of_scores + column] * scale + added;
            own[c] = select(is_there, f32::exp(score - lse), 0.0);
        }
        sync_plane();
        products_of_plane(&grad_outputs, &values, &mut scores, tile);
        sync_plane();
        #[unroll]
        for c in 0..unit_columns {
            let column = place.part + comptime!(c * parts);
            let value = own[c] * (scores[row_of_scores + column] - delta);
            grad_scores[row_of_weights + column] = E::cast_from(value);
        }
        sync_plane();
        add_weighted(&grad_scores, &keys, &sums, tile);
        sync_cube();
        first += tokens;
    }
    let end = range.end_row;
    store_rows(grad_q, &sums, &mut scores, token, end, scale, tile);
}

/// The gradients of one tile of keys and values of one head; see
/// [`grad_keys`](fn@super::super::units::grad_keys).
#[cube(launch)]
pub(in super::super) fn grad_keys<E: Float, N: Size>(
    inputs: &Inputs<E, N>,
    backward: &BackwardInputs<E, N>,
    grad_k: &mut Tensor<Vector<E, N>>,
    grad_v: &mut Tensor<Vector<E, N>>,
    #[comptime] tile: MatrixTile,
    #[define(E)] _dtype: StorageType,
) {
    let place = place_of_unit(tile);
    let scale = inputs.scale;
    let range = range_of_cube(&inputs.tiles);
    let unit_columns = comptime!(tile.unit_columns());
    let parts = comptime!(tile.parts());

    let mut keys = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut values = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut queries = SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut grad_outputs =
        SharedMemory::<Vector<E, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut scores = SharedMemory::<f32>::new(comptime!(tile.scores()));
    // The weights, then the gradients of their scores.
    let mut weights = SharedMemory::<E>::new(comptime!(tile.weights()));

    let row = place.plane_row + place.row;
    let token = range.first_row + row;
    let added = bias_of_key(&inputs.bias, token, range.end_row);
    let key_sums = no_sums(tile);
    let value_sums = no_sums(tile);
    let mut own = Array::<f32>::new(unit_columns);

    let tokens = comptime!(tile.rows);
    let end = range.end_row;
    load(&inputs.k, &mut keys, range.first_row, end, tokens, tile);
    load(&inputs.v, &mut values, range.first_row, end, tokens, tile);
    let tokens = comptime!(tile.columns);
    let row_of_scores = row * comptime!(tile.score_stride());
    let row_of_weights = row * comptime!(tile.weight_stride());
    let end = range.end_column;
    let mut first = range.first_column;
    while first < end {
        load(&inputs.q, &mut queries, first, end, tokens, tile);
        load(&backward.grad_output, &mut grad_outputs, first, end, tokens, tile);
        sync_cube();
        products_of_plane(&keys, &queries, &mut scores, tile);
        sync_plane();
        #[unroll]
        for c in 0..unit_columns {
            let column = place.part + comptime!(c * parts);
            let query = first + column;
            let at = min(query, end - 1) * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
            let score = scores[row_of_scores + column] * scale + added;
            let weight = f32::exp(score - backward.lse[at]);
            own[c] = select(query < end, weight, 0.0);
            weights[row_of_weights + column] = E::cast_from(own[c]);
        }
        sync_plane();
        add_weighted(&weights, &grad_outputs, &value_sums, tile);
        products_of_plane(&values, &grad_outputs, &mut scores, tile);
        sync_plane();
        #[unroll]
        for c in 0..unit_columns {
            let column = place.part + comptime!(c * parts);
            let query = min(first + column, end - 1);
            let at = query * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
            let value = own[c] * (scores[row_of_scores + column] - backward.delta[at]);
            weights[row_of_weights + column] = E::cast_from(value);
        }
        sync_plane();
        add_weighted(&weights, &queries, &key_sums, tile);
        sync_cube();
        first += tokens;
    }
    let end = range.end_row;
    store_rows(grad_k, &key_sums, &mut scores, token, end, scale, tile);
    store_rows(grad_v, &value_sums, &mut scores, token, end, 1.0, tile);
}

//! The backward pass: the weights of a tile are computed again from the saved sums (Dao et al.
//! 2022, arXiv 2205.14135, algorithm 4). One kernel has the queries in its rows, one the keys, so
//! that no two cubes add to the same gradient, and the result is the same bits every time.

use cubecl::prelude::*;

use super::super::bindings::{BackwardInputs, Inputs, bias_of_key};
use super::super::table::range_of_cube;
use super::products::{add_weighted, load, no_sums, products_of_unit, store_row};
use super::tile::{Tile, UNITS};

/// The gradient of one tile of queries of one head.
///
/// # Shapes
/// - `grad_q`: `[queries, heads * head_dim]`
#[cube(launch)]
pub(in super::super) fn grad_queries<E: Float, N: Size>(
    inputs: &Inputs<E, N>,
    backward: &BackwardInputs<E, N>,
    grad_q: &mut Tensor<Vector<E, N>>,
    #[comptime] tile: Tile,
    #[define(E)] _dtype: StorageType,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_columns = comptime!(tile.unit_columns());
    let first_row = UNIT_POS_Y as usize;
    let first_column = UNIT_POS_X as usize;
    let scale = inputs.scale;
    let range = range_of_cube(&inputs.tiles);

    let mut queries = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut grad_outputs =
        SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    // Values, then their keys.
    let mut columns = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut grad_scores = SharedMemory::<f32>::new(comptime!(tile.weights()));

    let mut lse = Array::<f32>::new(unit_rows);
    let mut delta = Array::<f32>::new(unit_rows);
    #[unroll]
    for i in 0..unit_rows {
        let token = range.first_row + first_row + comptime!(UNITS * i);
        let token = min(token, range.end_row - 1);
        let place = token * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
        lse[i] = backward.lse[place];
        delta[i] = backward.delta[place];
    }
    let mut scores = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut grad_weights = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut sums = no_sums::<N>(tile);

    let tokens = comptime!(tile.rows);
    load(&inputs.q, &mut queries, range.first_row, range.end_row, tokens, tile);
    load(&backward.grad_output, &mut grad_outputs, range.first_row, range.end_row, tokens, tile);
    let tokens = comptime!(tile.columns);
    let mut first = range.first_column;
    while first < range.end_column {
        load(&inputs.v, &mut columns, first, range.end_column, tokens, tile);
        sync_cube();
        products_of_unit(&grad_outputs, &columns, &mut grad_weights, tile);
        sync_cube();
        load(&inputs.k, &mut columns, first, range.end_column, tokens, tile);
        sync_cube();
        products_of_unit(&queries, &columns, &mut scores, tile);
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            let key = first + column;
            let is_there = key < range.end_column;
            let added = bias_of_key(&inputs.bias, key, range.end_column);
            #[unroll]
            for i in 0..unit_rows {
                let row = first_row + comptime!(UNITS * i);
                let place = comptime!(i * unit_columns + j);
                let weight = f32::exp(scores[place] * scale + added - lse[i]);
                let value = weight * (grad_weights[place] - delta[i]);
                grad_scores[row * comptime!(tile.weights_stride()) + column] =
                    select(is_there, value, 0.0);
            }
        }
        sync_cube();
        add_weighted(&grad_scores, &columns, &mut sums, tile);
        sync_cube();
        first += tokens;
    }
    #[unroll]
    for i in 0..unit_rows {
        let token = range.first_row + first_row + comptime!(UNITS * i);
        if token < range.end_row {
            store_row(grad_q, token, &sums, scale, i, tile);
        }
    }
}

/// The gradients of one tile of keys and values of one head.
///
/// # Shapes
/// - `grad_k`, `grad_v`: `[keys, heads * head_dim]`
#[cube(launch)]
pub(in super::super) fn grad_keys<E: Float, N: Size>(
    inputs: &Inputs<E, N>,
    backward: &BackwardInputs<E, N>,
    grad_k: &mut Tensor<Vector<E, N>>,
    grad_v: &mut Tensor<Vector<E, N>>,
    #[comptime] tile: Tile,
    #[define(E)] _dtype: StorageType,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_columns = comptime!(tile.unit_columns());
    let first_row = UNIT_POS_Y as usize;
    let first_column = UNIT_POS_X as usize;
    let scale = inputs.scale;
    let range = range_of_cube(&inputs.tiles);

    let mut keys = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut values = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut queries = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut grad_outputs =
        SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    // The weights, then the gradients of their scores.
    let mut weights = SharedMemory::<f32>::new(comptime!(tile.weights()));

    let mut added = Array::<f32>::new(unit_rows);
    #[unroll]
    for i in 0..unit_rows {
        let key = range.first_row + first_row + comptime!(UNITS * i);
        added[i] = bias_of_key(&inputs.bias, key, range.end_row);
    }
    let mut scores = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut grad_weights = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut key_sums = no_sums::<N>(tile);
    let mut value_sums = no_sums::<N>(tile);

    let tokens = comptime!(tile.rows);
    load(&inputs.k, &mut keys, range.first_row, range.end_row, tokens, tile);
    load(&inputs.v, &mut values, range.first_row, range.end_row, tokens, tile);
    let tokens = comptime!(tile.columns);
    let mut first = range.first_column;
    while first < range.end_column {
        load(&inputs.q, &mut queries, first, range.end_column, tokens, tile);
        load(&backward.grad_output, &mut grad_outputs, first, range.end_column, tokens, tile);
        sync_cube();
        products_of_unit(&keys, &queries, &mut scores, tile);
        products_of_unit(&values, &grad_outputs, &mut grad_weights, tile);
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            let query = first + column;
            let is_there = query < range.end_column;
            let query = min(query, range.end_column - 1);
            let place = query * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
            let lse = backward.lse[place];
            let delta = backward.delta[place];
            #[unroll]
            for i in 0..unit_rows {
                let row = first_row + comptime!(UNITS * i);
                let place = comptime!(i * unit_columns + j);
                let weight = f32::exp(scores[place] * scale + added[i] - lse);
                let weight = select(is_there, weight, 0.0);
                weights[row * comptime!(tile.weights_stride()) + column] = weight;
                grad_weights[place] = weight * (grad_weights[place] - delta);
            }
        }
        sync_cube();
        add_weighted(&weights, &grad_outputs, &mut value_sums, tile);
        sync_cube();
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            #[unroll]
            for i in 0..unit_rows {
                let row = first_row + comptime!(UNITS * i);
                weights[row * comptime!(tile.weights_stride()) + column] =
                    grad_weights[comptime!(i * unit_columns + j)];
            }
        }
        sync_cube();
        add_weighted(&weights, &queries, &mut key_sums, tile);
        sync_cube();
        first += tokens;
    }
    #[unroll]
    for i in 0..unit_rows {
        let token = range.first_row + first_row + comptime!(UNITS * i);
        if token < range.end_row {
            store_row(grad_k, token, &key_sums, scale, i, tile);
            store_row(grad_v, token, &value_sums, 1.0, i, tile);
        }
    }
}

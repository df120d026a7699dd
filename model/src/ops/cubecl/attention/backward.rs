//! The backward pass: the weights of a tile are computed again from the saved sums (Dao et al.
//! 2022, arXiv 2205.14135, algorithm 4). One kernel has the queries in its rows, one the keys, so
//! that no two cubes add to the same gradient, and the result is the same bits every time.

use cubecl::prelude::*;

use super::pieces::{
    add_weighted, bias_of_key, load, no_sums, products_of_unit, range_of_cube, store_row,
};
use super::tile::{Tile, UNITS};

/// `sum_d x[row, head, d] y[row, head, d]`, one unit for each row and head.
///
/// # Shapes
/// - x, y: `[tokens, heads * head_dim]`
/// - output: `[tokens, heads]`
#[cube(launch)]
pub(super) fn dots_by_head<E: Float, N: Size>(
    x: &Tensor<Vector<E, N>>,
    y: &Tensor<Vector<E, N>>,
    output: &mut Tensor<f32>,
    heads: usize,
    #[comptime] vectors: usize,
    #[define(E)] _dtype: StorageType,
) {
    if ABSOLUTE_POS < output.len() {
        let token = ABSOLUTE_POS / heads;
        let head = ABSOLUTE_POS % heads;
        let x_start = token * (x.stride(0) / N::value()) + head * vectors;
        let y_start = token * (y.stride(0) / N::value()) + head * vectors;
        let mut sum = 0.0f32;
        for vector in 0..vectors {
            let left = Vector::<f32, N>::cast_from(x[x_start + vector]);
            let right = Vector::<f32, N>::cast_from(y[y_start + vector]);
            sum += left.dot(right);
        }
        output[ABSOLUTE_POS] = sum;
    }
}

/// The gradient of one tile of queries of one head.
///
/// # Shapes
/// - q, gradient, `for_q`: `[queries, heads * head_dim]`
/// - k, v: `[keys, heads * head_dim]`
/// - bias: `[keys]`
/// - `log_sums`, `along`: `[queries, heads]`; along is the dot product of gradient and output
#[cube(launch)]
#[allow(clippy::too_many_arguments)] // A kernel's bindings.
pub(super) fn for_queries<E: Float, N: Size>(
    q: &Tensor<Vector<E, N>>,
    k: &Tensor<Vector<E, N>>,
    v: &Tensor<Vector<E, N>>,
    bias: &ComptimeOption<Tensor<E>>,
    gradient: &Tensor<Vector<E, N>>,
    log_sums: &Tensor<f32>,
    along: &Tensor<f32>,
    tiles: &Tensor<u32>,
    for_q: &mut Tensor<Vector<E, N>>,
    scale: f32,
    #[comptime] tile: Tile,
    #[define(E)] _dtype: StorageType,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_columns = comptime!(tile.unit_columns());
    let first_row = UNIT_POS_Y as usize;
    let first_column = UNIT_POS_X as usize;
    let range = range_of_cube(tiles);

    let mut queries = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut gradients = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    // Values, then their keys.
    let mut columns = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut for_scores = SharedMemory::<f32>::new(comptime!(tile.weights()));

    let mut log_sum = Array::<f32>::new(unit_rows);
    let mut subtracted = Array::<f32>::new(unit_rows);
    #[unroll]
    for i in 0..unit_rows {
        let token = range.first_row + first_row + comptime!(UNITS * i);
        let token = min(token, range.end_row - 1);
        let place = token * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
        log_sum[i] = log_sums[place];
        subtracted[i] = along[place];
    }
    let mut scores = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut for_weights = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut sums = no_sums::<N>(tile);

    let tokens = comptime!(tile.rows);
    load(q, &mut queries, range.first_row, range.end_row, tokens, tile);
    load(gradient, &mut gradients, range.first_row, range.end_row, tokens, tile);
    let tokens = comptime!(tile.columns);
    let mut first = range.first_column;
    while first < range.end_column {
        load(v, &mut columns, first, range.end_column, tokens, tile);
        sync_cube();
        products_of_unit(&gradients, &columns, &mut for_weights, tile);
        sync_cube();
        load(k, &mut columns, first, range.end_column, tokens, tile);
        sync_cube();
        products_of_unit(&queries, &columns, &mut scores, tile);
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            let key = first + column;
            let is_there = key < range.end_column;
            let added = bias_of_key(bias, key, range.end_column);
            #[unroll]
            for i in 0..unit_rows {
                let row = first_row + comptime!(UNITS * i);
                let place = comptime!(i * unit_columns + j);
                let weight = f32::exp(scores[place] * scale + added - log_sum[i]);
                let value = weight * (for_weights[place] - subtracted[i]);
                for_scores[row * comptime!(tile.weights_stride()) + column] =
                    select(is_there, value, 0.0);
            }
        }
        sync_cube();
        add_weighted(&for_scores, &columns, &mut sums, tile);
        sync_cube();
        first += tokens;
    }
    #[unroll]
    for i in 0..unit_rows {
        let token = range.first_row + first_row + comptime!(UNITS * i);
        if token < range.end_row {
            store_row(for_q, token, &sums, scale, i, tile);
        }
    }
}

/// The gradients of one tile of keys and values of one head.
///
/// # Shapes
/// As of [`for_queries`](fn@for_queries); `for_k`, `for_v`: `[keys, heads * head_dim]`; the tiles' rows are keys.
#[cube(launch)]
#[allow(clippy::too_many_arguments)] // A kernel's bindings.
pub(super) fn for_keys<E: Float, N: Size>(
    q: &Tensor<Vector<E, N>>,
    k: &Tensor<Vector<E, N>>,
    v: &Tensor<Vector<E, N>>,
    bias: &ComptimeOption<Tensor<E>>,
    gradient: &Tensor<Vector<E, N>>,
    log_sums: &Tensor<f32>,
    along: &Tensor<f32>,
    tiles: &Tensor<u32>,
    for_k: &mut Tensor<Vector<E, N>>,
    for_v: &mut Tensor<Vector<E, N>>,
    scale: f32,
    #[comptime] tile: Tile,
    #[define(E)] _dtype: StorageType,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_columns = comptime!(tile.unit_columns());
    let first_row = UNIT_POS_Y as usize;
    let first_column = UNIT_POS_X as usize;
    let range = range_of_cube(tiles);

    let mut keys = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut values = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.rows)));
    let mut queries = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut gradients =
        SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    // The weights, then the gradients of their scores.
    let mut weights = SharedMemory::<f32>::new(comptime!(tile.weights()));

    let mut added = Array::<f32>::new(unit_rows);
    #[unroll]
    for i in 0..unit_rows {
        added[i] = 0.0;
        #[comptime]
        match bias {
            ComptimeOption::Some(bias) => {
                let key = range.first_row + first_row + comptime!(UNITS * i);
                added[i] = f32::cast_from(bias[min(key, range.end_row - 1)]);
            }
            ComptimeOption::None => {}
        }
    }
    let mut scores = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut for_weights = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut key_sums = no_sums::<N>(tile);
    let mut value_sums = no_sums::<N>(tile);

    let tokens = comptime!(tile.rows);
    load(k, &mut keys, range.first_row, range.end_row, tokens, tile);
    load(v, &mut values, range.first_row, range.end_row, tokens, tile);
    let tokens = comptime!(tile.columns);
    let mut first = range.first_column;
    while first < range.end_column {
        load(q, &mut queries, first, range.end_column, tokens, tile);
        load(gradient, &mut gradients, first, range.end_column, tokens, tile);
        sync_cube();
        products_of_unit(&keys, &queries, &mut scores, tile);
        products_of_unit(&values, &gradients, &mut for_weights, tile);
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            let query = first + column;
            let is_there = query < range.end_column;
            let query = min(query, range.end_column - 1);
            let place = query * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
            let log_sum = log_sums[place];
            let subtracted = along[place];
            #[unroll]
            for i in 0..unit_rows {
                let row = first_row + comptime!(UNITS * i);
                let place = comptime!(i * unit_columns + j);
                let weight = f32::exp(scores[place] * scale + added[i] - log_sum);
                let weight = select(is_there, weight, 0.0);
                weights[row * comptime!(tile.weights_stride()) + column] = weight;
                for_weights[place] = weight * (for_weights[place] - subtracted);
            }
        }
        sync_cube();
        add_weighted(&weights, &gradients, &mut value_sums, tile);
        sync_cube();
        #[unroll]
        for j in 0..unit_columns {
            let column = first_column + comptime!(UNITS * j);
            #[unroll]
            for i in 0..unit_rows {
                let row = first_row + comptime!(UNITS * i);
                weights[row * comptime!(tile.weights_stride()) + column] =
                    for_weights[comptime!(i * unit_columns + j)];
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
            store_row(for_k, token, &key_sums, scale, i, tile);
            store_row(for_v, token, &value_sums, 1.0, i, tile);
        }
    }
}

//! The forward pass: softmax over tiles of keys as they come (Dao et al. 2022, arXiv 2205.14135,
//! algorithm 1).

use cubecl::prelude::*;

use super::super::bindings::{Inputs, bias_of_key};
use super::super::table::range_of_cube;
use super::products::{add_weighted, load, no_sums, products_of_unit, store_row};
use super::tile::{Tile, UNITS};

/// The score of a key that is not there: its exponential is 0, whatever it is shifted by.
const NO_SCORE: f32 = -1e30;

/// One tile of queries of one head against all keys of their example.
///
/// # Shapes
/// - output: `[queries, heads * head_dim]`
/// - lse: `[queries, heads]`, the logarithm of the sum of a row's exponentials
#[cube(launch)]
pub(in super::super) fn attend<E: Float, N: Size>(
    inputs: &Inputs<E, N>,
    output: &mut Tensor<Vector<E, N>>,
    lse: &mut Tensor<f32>,
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
    // Keys, then their values.
    let mut columns = SharedMemory::<Vector<f32, N>>::new(comptime!(tile.vectors_of(tile.columns)));
    let mut weights = SharedMemory::<f32>::new(comptime!(tile.weights()));
    let mut partials = SharedMemory::<f32>::new(comptime!(tile.partials()));

    let mut scores = Array::<f32>::new(comptime!(unit_rows * unit_columns));
    let mut sums = no_sums::<N>(tile);
    let mut largest = Array::<f32>::new(unit_rows);
    let mut totals = Array::<f32>::new(unit_rows);
    #[unroll]
    for i in 0..unit_rows {
        largest[i] = NO_SCORE;
        totals[i] = 0.0;
    }

    let tokens = comptime!(tile.rows);
    load(&inputs.q, &mut queries, range.first_row, range.end_row, tokens, tile);
    let tokens = comptime!(tile.columns);
    let end = range.end_column;
    let mut first = range.first_column;
    while first < end {
        load(&inputs.k, &mut columns, first, end, tokens, tile);
        sync_cube();
        products_of_unit(&queries, &columns, &mut scores, tile);
        #[unroll]
        for j in 0..unit_columns {
            let key = first + first_column + comptime!(UNITS * j);
            let is_there = key < end;
            let added = bias_of_key(&inputs.bias, key, end);
            #[unroll]
            for i in 0..unit_rows {
                let place = comptime!(i * unit_columns + j);
                let score = scores[place] * scale + added;
                scores[place] = select(is_there, score, NO_SCORE);
            }
        }
        #[unroll]
        for i in 0..unit_rows {
            let row = first_row + comptime!(UNITS * i);
            let mut most = largest[i];
            #[unroll]
            for j in 0..unit_columns {
                most = max(most, scores[comptime!(i * unit_columns + j)]);
            }
            partials[row * UNITS + first_column] = most;
        }
        sync_cube();

        // All units have read the keys.
        load(&inputs.v, &mut columns, first, end, tokens, tile);
        shift(&partials, &mut largest, &mut totals, &mut sums, tile);
        weigh(&scores, &largest, &mut totals, &mut weights, tile);
        sync_cube();
        add_weighted(&weights, &columns, &mut sums, tile);
        sync_cube();
        first += tokens;
    }

    // The units of a row have counted different columns.
    #[unroll]
    for i in 0..unit_rows {
        let row = first_row + comptime!(UNITS * i);
        partials[row * UNITS + first_column] = totals[i];
    }
    sync_cube();
    #[unroll]
    for i in 0..unit_rows {
        let row = first_row + comptime!(UNITS * i);
        let token = range.first_row + row;
        if token < range.end_row {
            let mut total = partials[row * UNITS];
            #[unroll]
            for unit in 1..UNITS {
                total += partials[row * UNITS + unit];
            }
            store_row(output, token, &sums, 1.0 / total, i, tile);
            if first_column == 0 {
                let place = token * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize;
                lse[place] = largest[i] + f32::ln(total);
            }
        }
    }
}

/// Finds the largest score of each of the unit's rows so far, and scales what was summed up to it.
#[cube]
fn shift<N: Size>(
    partials: &SharedMemory<f32>,
    largest: &mut Array<f32>,
    totals: &mut Array<f32>,
    sums: &mut Array<Vector<f32, N>>,
    #[comptime] tile: Tile,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_vectors = comptime!(tile.unit_vectors());
    #[unroll]
    for i in 0..unit_rows {
        let row = UNIT_POS_Y as usize + comptime!(UNITS * i);
        let mut most = partials[row * UNITS];
        #[unroll]
        for unit in 1..UNITS {
            most = max(most, partials[row * UNITS + unit]);
        }
        let factor = f32::exp(largest[i] - most);
        largest[i] = most;
        totals[i] *= factor;
        #[unroll]
        for m in 0..unit_vectors {
            let place = comptime!(i * unit_vectors + m);
            sums[place] = sums[place] * Vector::<f32, N>::new(factor);
        }
    }
}

/// Turns the unit's scores into weights, which still have to be divided by the row's total.
#[cube]
fn weigh(
    scores: &Array<f32>,
    largest: &Array<f32>,
    totals: &mut Array<f32>,
    weights: &mut SharedMemory<f32>,
    #[comptime] tile: Tile,
) {
    let unit_rows = comptime!(tile.unit_rows());
    let unit_columns = comptime!(tile.unit_columns());
    #[unroll]
    for i in 0..unit_rows {
        let row = UNIT_POS_Y as usize + comptime!(UNITS * i);
        #[unroll]
        for j in 0..unit_columns {
            let column = UNIT_POS_X as usize + comptime!(UNITS * j);
            let weight = f32::exp(scores[comptime!(i * unit_columns + j)] - largest[i]);
            weights[row * comptime!(tile.weights_stride()) + column] = weight;
            totals[i] += weight;
        }
    }
}

//! Distances between all pairs of images, block by block.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use rayon::prelude::*;

use crate::Features;

/// Rows of either side that are compared at once.
const BLOCKS: [usize; 2] = [128, 512];
/// Where a squared distance is this small beside the norms, it is computed from differences: as
/// `|a|^2 - 2ab + |b|^2` it would be rounding error, and copies of an image would not lie at distance 0.
const CANCELLED: f64 = 1e-4;

/// Bytes of memory that metrics of nearest neighbours take for so many images of all sides together: their
/// features, and in every thread blocks of rows in f64 and their distances.
pub fn memory_of_neighbours(images: usize, columns: usize, threads: usize) -> u64 {
    let [rows, others] = BLOCKS;
    let a_block = (rows + others) * columns + rows * others;
    (images * columns * size_of::<f32>() + threads * a_block * size_of::<f64>()) as u64
}

/// For every row of `a`, folds its squared distances to all rows of `b`, in their order.
///
/// `fold` is given the state, the number of the row of `a`, the number of a row of `b`, and the squared
/// distances to it and those after it.
pub(super) fn fold_distances<S: Clone + Send + Sync>(
    a: &Features,
    b: &Features,
    initial: &S,
    fold: impl Fn(&mut S, usize, usize, &[f64]) + Sync,
) -> Vec<S> {
    let norms = |features: &Features| -> Vec<f64> {
        (0..features.rows()).map(|row| squared_norm(features.row(row))).collect()
    };
    let (norms_a, norms_b) = (norms(a), norms(b));
    let starts: Vec<usize> = (0..a.rows()).step_by(BLOCKS[0]).collect();
    let of_block = |&first: &usize| {
        let end = (first + BLOCKS[0]).min(a.rows());
        let mut states = vec![initial.clone(); end - first];
        let rows = widened(a, first, end);
        for first_b in (0..b.rows()).step_by(BLOCKS[1]) {
            let end_b = (first_b + BLOCKS[1]).min(b.rows());
            let others = widened(b, first_b, end_b);
            let mut products = Mat::zeros(end_b - first_b, end - first);
            let columns = a.columns();
            let left = MatRef::from_row_major_slice(&others, end_b - first_b, columns);
            let right = MatRef::from_column_major_slice(&rows, columns, end - first);
            matmul(&mut products, Accum::Replace, left, right, 1.0, Par::Seq);
            for (at, state) in states.iter_mut().enumerate() {
                let row = first + at;
                let distances = products.col_as_slice_mut(at);
                for (offset, distance) in distances.iter_mut().enumerate() {
                    let other = first_b + offset;
                    let scale = norms_a[row] + norms_b[other];
                    *distance = (scale - 2.0 * *distance).max(0.0);
                    if *distance < CANCELLED * scale {
                        *distance = squared_distance(a.row(row), b.row(other));
                    }
                }
                fold(state, row, first_b, distances);
            }
        }
        states
    };
    starts.par_iter().flat_map_iter(of_block).collect()
}

fn widened(features: &Features, first: usize, end: usize) -> Vec<f64> {
    let columns = features.columns();
    let values = &features.values()[first * columns..end * columns];
    values.iter().map(|&value| f64::from(value)).collect()
}

fn squared_norm(row: &[f32]) -> f64 {
    row.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    let difference = |(&a, &b): (&f32, &f32)| f64::from(a) - f64::from(b);
    a.iter().zip(b).map(difference).map(|d| d * d).sum()
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;

    #[test]
    fn every_pair_comes_once_and_copies_are_at_distance_zero() {
        let columns = 400;
        let values = Key::new(2, 0, Purpose::Testing).normals(700 * columns);
        let far = values.iter().map(|x| x / 3.0 + 300.0).collect();
        let a = Features::new(columns, far).unwrap();
        let b = a.range(0..600);
        let rows = fold_distances(&a, &b, &Vec::new(), |row, _, first, distances| {
            assert_eq!(row.len(), first);
            row.extend_from_slice(distances);
        });
        assert_eq!(rows.len(), 700);
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(row.len(), 600);
            for (j, &distance) in row.iter().enumerate() {
                let expected = squared_distance(a.row(i), b.row(j));
                assert!((distance - expected).abs() <= 1e-12 * expected, "{i} {j}");
                assert_eq!(i == j, distance == 0.0);
            }
        }
    }
}

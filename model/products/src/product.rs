//! A product of two matrices.

use rayon::prelude::*;

use crate::tile::{self, LANES};
use crate::{Matrix, pack};

/// Rows of a tile: with [`VECTORS`] vectors of columns, 24 sums of the 32 registers.
pub(crate) const HEIGHT: usize = 8;
/// Vectors of columns of a tile.
const VECTORS: usize = 3;
/// Columns of a panel.
const WIDTH: usize = VECTORS * LANES;
/// Terms that are added at a time: a panel of them stays in the second cache, a block of rows in the first.
const DEPTH: usize = 1152;

/// Whether this processor multiplies bf16.
pub fn is_supported() -> bool {
    tile::is_supported()
}

/// `left right`, row after row: each element is a sum in f32 in the order of the terms, whatever the number of rows,
/// columns and threads.
///
/// # Shapes
/// - left: `[rows, terms]`
/// - right: `[terms, columns]`
/// - output: `[rows, columns]`
///
/// # Panics
/// If the matrices do not fit, or on a processor that does not [multiply bf16](is_supported).
pub fn product(left: &Matrix<'_>, right: &Matrix<'_>) -> Vec<f32> {
    let (rows, terms, columns) = (left.rows(), left.columns(), right.columns());
    assert_eq!(terms, right.rows(), "columns of the left side, rows of the right one");
    let mut out = vec![0.0; rows * columns];
    if out.is_empty() {
        return out;
    }
    let blocks = Blocks::of_left(left);
    // Of every row, the part that is in each panel: they are disjoint, so that panels can be written at once.
    let mut panels: Vec<Vec<&mut [f32]>> =
        (0..columns.div_ceil(WIDTH)).map(|_| Vec::with_capacity(rows)).collect();
    for row in out.chunks_exact_mut(columns) {
        row.chunks_mut(WIDTH).zip(&mut panels).for_each(|(part, panel)| panel.push(part));
    }
    panels.into_par_iter().enumerate().for_each(|(number, mut out)| {
        let first = number * WIDTH;
        let count = WIDTH.min(columns - first);
        let add = match count.div_ceil(LANES) {
            1 => add::<1>,
            2 => add::<2>,
            _ => add::<VECTORS>,
        };
        let width = count.next_multiple_of(LANES);
        let mut words = vec![0; DEPTH / 2 * width];
        for start in (0..terms).step_by(DEPTH) {
            let depth = start..terms.min(start + DEPTH);
            let words = &mut words[..depth.len().div_ceil(2) * width];
            pack::right(right, first..first + count, depth, width, words);
            for (block, out) in out.chunks_mut(HEIGHT).enumerate() {
                add(blocks.of_rows(start / DEPTH, block), words, out);
            }
        }
    });
    out
}

/// Adds the products of a block of rows and a panel.
fn add<const VECTORS: usize>(left: &[u32], right: &[u32], out: &mut [&mut [f32]]) {
    let sums = tile::sums::<HEIGHT, VECTORS>(left, right);
    for (out, sums) in out.iter_mut().zip(&sums) {
        for (out, sum) in out.iter_mut().zip(sums.as_flattened()) {
            *out += sum;
        }
    }
}

/// The left side in blocks of rows, for each part of the terms.
struct Blocks {
    /// Of each part of the terms, the words of all blocks.
    parts: Vec<Vec<u32>>,
    blocks: usize,
}

impl Blocks {
    fn of_left(left: &Matrix<'_>) -> Self {
        let blocks = left.rows().div_ceil(HEIGHT);
        let part = |start: usize| {
            let terms = start..left.columns().min(start + DEPTH);
            let length = terms.len().div_ceil(2) * HEIGHT;
            let mut words = vec![0; blocks * length];
            words.par_chunks_exact_mut(length).enumerate().for_each(|(block, words)| {
                pack::left(left, block * HEIGHT, terms.clone(), words);
            });
            words
        };
        Self { parts: (0..left.columns()).step_by(DEPTH).map(part).collect(), blocks }
    }

    fn of_rows(&self, part: usize, block: usize) -> &[u32] {
        let words = &self.parts[part];
        let length = words.len() / self.blocks;
        &words[block * length..][..length]
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    fn values(count: usize, seed: u32) -> Vec<bf16> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bf16::from_f32((state >> 8) as f32 / 8_388_608.0 - 1.0)
        };
        (0..count).map(next).collect()
    }

    /// Whether there is nothing to test here, which is said.
    fn is_skipped() -> bool {
        if !is_supported() {
            println!("skipped: the processor does not multiply bf16");
        }
        !is_supported()
    }

    /// Shapes at and around the sides of tiles and parts.
    const SHAPES: [[usize; 3]; 7] = [
        [1, 1, 1],
        [2, 3, 17],
        [8, 64, 48],
        [9, 65, 49],
        [31, DEPTH + 1, 97],
        [64, 2 * DEPTH, 33],
        [3, DEPTH - 1, 250],
    ];

    #[test]
    fn products_are_those_of_f64_within_the_roundings_of_a_sum() {
        if is_skipped() {
            return;
        }
        for [rows, terms, columns] in SHAPES {
            let (left, right) = (values(rows * terms, 1), values(terms * columns, 2));
            let found =
                product(&Matrix::new(&left, rows, terms), &Matrix::new(&right, terms, columns));
            for row in 0..rows {
                for column in 0..columns {
                    let term = |k: usize| {
                        f64::from(left[row * terms + k]) * f64::from(right[k * columns + column])
                    };
                    let exact: f64 = (0..terms).map(term).sum();
                    let size: f64 = (0..terms).map(|k| term(k).abs()).sum();
                    let error = (f64::from(found[row * columns + column]) - exact).abs();
                    // A sum of n terms in f32 is off by n roundings at most.
                    let limit = (terms as f64 + 1.0) * f64::from(f32::EPSILON) / 2.0 * size;
                    assert!(error <= limit, "{rows} x {terms} x {columns}: {error} > {limit}");
                }
            }
        }
    }

    #[test]
    fn transposed_sides_give_the_same_bits() {
        if is_skipped() {
            return;
        }
        for [rows, terms, columns] in SHAPES {
            let (left, right) = (values(rows * terms, 3), values(terms * columns, 4));
            let [left, right] =
                [Matrix::new(&left, rows, terms), Matrix::new(&right, terms, columns)];
            let turned = |matrix: &Matrix<'_>| -> Vec<bf16> {
                let element =
                    |column: usize, row: usize| bf16::from_bits(matrix.bits(row, column) as u16);
                (0..matrix.columns())
                    .flat_map(|column| (0..matrix.rows()).map(move |row| element(column, row)))
                    .collect()
            };
            let (a, b) = (turned(&left), turned(&right));
            let turned = [Matrix::new(&a, terms, rows), Matrix::new(&b, columns, terms)];
            let expected = product(&left, &right);
            assert_eq!(product(&turned[0].transposed(), &right), expected);
            assert_eq!(product(&left, &turned[1].transposed()), expected);
        }
    }

    #[test]
    fn a_row_is_the_same_alone_and_among_others() {
        if is_skipped() {
            return;
        }
        let (rows, terms, columns) = (21, DEPTH + 6, 70);
        let (left, right) = (values(rows * terms, 5), values(terms * columns, 6));
        let right = Matrix::new(&right, terms, columns);
        let together = product(&Matrix::new(&left, rows, terms), &right);
        for row in 0..rows {
            let alone = product(&Matrix::new(&left[row * terms..][..terms], 1, terms), &right);
            assert_eq!(alone, together[row * columns..][..columns]);
        }
    }

    #[test]
    fn empty_sides_have_an_empty_product_or_zeros() {
        let none = product(&Matrix::new(&[], 0, 5), &Matrix::new(&values(10, 1), 5, 2));
        assert!(none.is_empty());
        assert_eq!(product(&Matrix::new(&[], 2, 0), &Matrix::new(&[], 0, 3)), [0.0; 6]);
    }
}

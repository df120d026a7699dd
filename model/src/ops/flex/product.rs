//! Products of the small matrices of one head of attention.
//!
//! The right side is copied once into columns of vectors and used for many blocks of rows; the left
//! side is read where it is. Everything is inlined into a caller that is compiled for `S`.

use std::array::from_fn;
use std::ops::Range;

use pulp::Simd;

/// Rows of a register tile: with [`MOST_VECTORS`], twelve sums, which sixteen registers hold.
const ROWS: usize = 4;

/// Vectors of a register tile.
const MOST_VECTORS: usize = 3;

/// Terms of a sum that are added at a time: as many rows of a tile stay in the first cache.
const MOST_TERMS: usize = 128;

/// Rows of a matrix that may have others between them.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
    count: usize,
    width: usize,
}

impl<'a> Rows<'a> {
    /// `count` rows of `width` values, `stride` values apart.
    pub(super) fn new(values: &'a [f32], stride: usize, count: usize, width: usize) -> Self {
        Self { values, stride, count, width }
    }

    #[inline(always)]
    pub(super) fn row(&self, index: usize) -> &'a [f32] {
        &self.values[index * self.stride..][..self.width]
    }

    pub(super) fn slice(&self, rows: Range<usize>) -> Self {
        let values = &self.values[(rows.start * self.stride).min(self.values.len())..];
        Self::new(values, self.stride, rows.len(), self.width)
    }
}

/// The left side of a product.
pub(super) trait Left: Copy {
    /// The number of its rows.
    fn height(&self) -> usize;

    /// `N` of its rows from `first` on, from `from` to `to`: the `k`th element of each.
    fn elements<const N: usize>(
        &self,
        first: usize,
        terms: Range<usize>,
    ) -> impl Fn(usize) -> [f32; N];
}

impl Left for Rows<'_> {
    #[inline(always)]
    fn height(&self) -> usize {
        self.count
    }

    #[inline(always)]
    fn elements<const N: usize>(
        &self,
        first: usize,
        terms: Range<usize>,
    ) -> impl Fn(usize) -> [f32; N] {
        let rows: [&[f32]; N] = from_fn(|i| &self.row(first + i)[terms.clone()]);
        #[inline(always)]
        move |k| {
            let mut elements = [0.0; N];
            for i in 0..N {
                elements[i] = rows[i][k];
            }
            elements
        }
    }
}

/// A matrix whose columns are the rows of a product.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a>(pub Rows<'a>);

impl Left for Columns<'_> {
    #[inline(always)]
    fn height(&self) -> usize {
        self.0.width
    }

    #[inline(always)]
    fn elements<const N: usize>(
        &self,
        first: usize,
        terms: Range<usize>,
    ) -> impl Fn(usize) -> [f32; N] {
        let rows = self.0;
        #[inline(always)]
        move |k| {
            let row = &rows.row(terms.start + k)[first..][..N];
            let mut elements = [0.0; N];
            elements.copy_from_slice(row);
            elements
        }
    }
}

/// The right side of a product: of each vector's columns, one row after the other.
pub(super) struct Right {
    values: Vec<f32>,
    terms: usize,
    vectors: usize,
}

impl Right {
    fn new<S: Simd>(terms: usize, columns: usize) -> Self {
        let vectors = columns.div_ceil(S::F32_LANES);
        Self { values: vec![0.0; vectors * terms * S::F32_LANES], terms, vectors }
    }

    /// The matrix itself.
    #[inline(always)]
    pub(super) fn of_rows<S: Simd>(_: S, matrix: Rows<'_>) -> Self {
        let mut right = Self::new::<S>(matrix.count, matrix.width);
        let panel = matrix.count * S::F32_LANES;
        for k in 0..matrix.count {
            for (vector, from) in matrix.row(k).chunks(S::F32_LANES).enumerate() {
                let start = vector * panel + k * S::F32_LANES;
                right.values[start..start + from.len()].copy_from_slice(from);
            }
        }
        right
    }

    /// Its transpose times a factor.
    #[inline(always)]
    pub(super) fn of_columns<S: Simd>(_: S, matrix: Rows<'_>, factor: f32) -> Self {
        let mut right = Self::new::<S>(matrix.width, matrix.count);
        let panel = matrix.width * S::F32_LANES;
        for index in 0..matrix.count {
            let start = index / S::F32_LANES * panel + index % S::F32_LANES;
            let places = right.values[start..].iter_mut().step_by(S::F32_LANES);
            for (place, value) in places.zip(matrix.row(index)) {
                *place = value * factor;
            }
        }
        right
    }

    /// One vector's columns, some of its terms.
    #[inline(always)]
    fn panel<S: Simd>(&self, vector: usize, terms: Range<usize>) -> &[S::f32s] {
        let panel = &self.values[vector * self.terms * S::F32_LANES..];
        &S::as_simd_f32s(panel).0[terms]
    }
}

/// A matrix with whole vectors in a row.
pub(super) struct Padded {
    values: Vec<f32>,
    stride: usize,
}

impl Padded {
    pub(super) fn zeros<S: Simd>(_: S, rows: usize, columns: usize) -> Self {
        let stride = columns.next_multiple_of(S::F32_LANES);
        Self { values: vec![0.0; rows * stride], stride }
    }

    #[inline(always)]
    pub(super) fn row_mut(&mut self, index: usize, width: usize) -> &mut [f32] {
        &mut self.values[index * self.stride..][..width]
    }

    /// Its values without the padding.
    pub(super) fn unpadded(&self, rows: usize, columns: usize) -> Vec<f32> {
        let rows = (0..rows).flat_map(|row| &self.values[row * self.stride..][..columns]);
        rows.copied().collect()
    }

    pub(super) fn rows(&self, count: usize, width: usize) -> Rows<'_> {
        Rows::new(&self.values, self.stride, count, width)
    }
}

/// Where a product goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Over what is there.
    Replace,
    /// To what is there.
    Add,
}

/// `out = left right` or `out += left right`.
///
/// Every element is a sum in the order of the terms, whatever the processor.
#[inline(always)]
pub(super) fn multiply<S: Simd>(
    simd: S,
    left: impl Left,
    right: &Right,
    target: Target,
    out: &mut Padded,
) {
    for from in (0..right.terms).step_by(MOST_TERMS) {
        let terms = from..right.terms.min(from + MOST_TERMS);
        let add = from > 0 || target == Target::Add;
        let mut vector = 0;
        while vector < right.vectors {
            let part = Part { first: vector, terms: terms.clone(), add };
            vector += match right.vectors - vector {
                1 => panels::<S, 1>(simd, left, right, part, out),
                2 => panels::<S, 2>(simd, left, right, part, out),
                _ => panels::<S, MOST_VECTORS>(simd, left, right, part, out),
            };
        }
    }
}

/// Some vectors of a product, of some of its terms.
struct Part {
    first: usize,
    terms: Range<usize>,
    /// Whether they come to what is there.
    add: bool,
}

/// All rows of some vectors of the product; returns how many vectors.
#[inline(always)]
fn panels<S: Simd, const N: usize>(
    simd: S,
    left: impl Left,
    right: &Right,
    Part { first, terms, add }: Part,
    out: &mut Padded,
) -> usize {
    let panels: [&[S::f32s]; N] = from_fn(|j| right.panel::<S>(first + j, terms.clone()));
    let mut row = 0;
    while row + ROWS <= left.height() {
        let elements = left.elements::<ROWS>(row, terms.clone());
        let sums = sums::<S, ROWS, N>(simd, elements, panels);
        put(simd, sums, row, first, add, out);
        row += ROWS;
    }
    while row < left.height() {
        let elements = left.elements::<1>(row, terms.clone());
        let sums = sums::<S, 1, N>(simd, elements, panels);
        put(simd, sums, row, first, add, out);
        row += 1;
    }
    N
}

/// A register tile of the product.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // `k` indexes every panel, and `left`.
fn sums<S: Simd, const R: usize, const N: usize>(
    simd: S,
    left: impl Fn(usize) -> [f32; R],
    panels: [&[S::f32s]; N],
) -> [[S::f32s; N]; R] {
    let mut sums = [[simd.splat_f32s(0.0); N]; R];
    let terms = panels[0].len();
    let panels = panels.map(|panel| &panel[..terms]);
    for k in 0..terms {
        // Plain loops: what `from_fn` makes is not always inlined, and then lies on the stack.
        let mut right = [simd.splat_f32s(0.0); N];
        for j in 0..N {
            right[j] = panels[j][k];
        }
        let left = left(k);
        for i in 0..R {
            let factor = simd.splat_f32s(left[i]);
            for j in 0..N {
                sums[i][j] = simd.mul_add_e_f32s(factor, right[j], sums[i][j]);
            }
        }
    }
    sums
}

#[inline(always)]
fn put<S: Simd, const R: usize, const N: usize>(
    simd: S,
    sums: [[S::f32s; N]; R],
    row: usize,
    first: usize,
    add: bool,
    out: &mut Padded,
) {
    for (i, sums) in sums.into_iter().enumerate() {
        let start = (row + i) * out.stride + first * S::F32_LANES;
        let (vectors, _) = S::as_mut_simd_f32s(&mut out.values[start..][..N * S::F32_LANES]);
        for (place, sum) in vectors.iter_mut().zip(sums) {
            *place = if add { simd.add_f32s(*place, sum) } else { sum };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Products {
        rows: usize,
        terms: usize,
        columns: usize,
    }

    fn values(count: usize, seed: usize) -> Vec<f32> {
        let value = |i: usize| ((i * 7 + seed * 13) % 23) as f32 - 11.0;
        (0..count).map(value).collect()
    }

    impl pulp::WithSimd for Products {
        type Output = ();

        fn with_simd<S: Simd>(self, simd: S) {
            let Self { rows, terms, columns } = self;
            let (a, b) = (values(rows * terms, 1), values(terms * columns, 2));
            let transpose = |x: &[f32], width: usize| -> Vec<f32> {
                let height = x.len() / width;
                (0..x.len()).map(|i| x[i % height * width + i / height]).collect()
            };
            let (a_turned, b_turned) = (transpose(&a, terms), transpose(&b, columns));
            let expected = |row: usize, column: usize| -> f32 {
                let term = |k: usize| a[row * terms + k] * b[k * columns + column];
                (0..terms).map(term).sum()
            };
            let right = Right::of_rows(simd, Rows::new(&b, columns, terms, columns));
            let turned = Right::of_columns(simd, Rows::new(&b_turned, terms, columns, terms), 2.0);
            let left = Rows::new(&a, terms, rows, terms);
            let columns_left = Columns(Rows::new(&a_turned, rows, terms, rows));
            let mut out = Padded::zeros(simd, rows, columns);
            multiply(simd, left, &right, Target::Replace, &mut out);
            multiply(simd, columns_left, &turned, Target::Add, &mut out);
            for row in 0..rows {
                for column in 0..columns {
                    // Whole numbers: exact.
                    let found = out.rows(rows, columns).row(row)[column];
                    assert_eq!(found, 3.0 * expected(row, column), "{row}, {column}");
                }
            }
        }
    }

    #[test]
    fn products_are_exact_at_every_shape() {
        for (rows, terms, columns) in [(1, 1, 1), (4, 72, 64), (7, 129, 40), (130, 300, 51)] {
            pulp::Arch::new().dispatch(Products { rows, terms, columns });
            // What a processor without vectors would do.
            pulp::WithSimd::with_simd(Products { rows, terms, columns }, pulp::Scalar);
        }
    }
}

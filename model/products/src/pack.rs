//! Copies of both sides of a product, in the order in which the tiles read them.
//!
//! A word has the bits of two neighbouring terms, the earlier one in its low half.

// What `pulp` dispatches must be inlined into it to be compiled for wide vectors.
#![allow(clippy::inline_always)]

use std::ops::Range;

use half::bf16;

use crate::Matrix;
use crate::product::HEIGHT;

/// A word of two terms.
#[inline(always)]
fn pair(low: u32, high: u32) -> u32 {
    low | high << 16
}

#[inline(always)]
fn bits(value: bf16) -> u32 {
    u32::from(value.to_bits())
}

/// Some terms of [`HEIGHT`] rows of the left side: of each pair of terms, a word a row.
///
/// Rows and terms that are not there are zeros.
pub(crate) fn left(matrix: &Matrix<'_>, first: usize, terms: Range<usize>, words: &mut [u32]) {
    let (count, pairs) = (terms.len(), terms.len() / 2);
    for row in 0..HEIGHT {
        let places = words[row..].iter_mut().step_by(HEIGHT);
        let whole =
            (first + row < matrix.rows()).then(|| matrix.row(first + row, terms.start, count));
        if let Some(values) = whole.flatten() {
            let (values, rest) = values.split_at(2 * pairs);
            let rest = rest.iter().map(|&value| bits(value));
            let values = values.chunks_exact(2).map(|two| pair(bits(two[0]), bits(two[1])));
            places.zip(values.chain(rest)).for_each(|(place, word)| *place = word);
        } else {
            for (place, term) in places.zip(terms.clone().step_by(2)) {
                let at =
                    |term| if terms.contains(&term) { matrix.bits(first + row, term) } else { 0 };
                *place = pair(at(term), at(term + 1));
            }
        }
    }
}

/// Some terms of some columns of the right side: of each pair of terms, a word a column, `width` words in all.
///
/// Columns and terms that are not there are zeros.
pub(crate) fn right(
    matrix: &Matrix<'_>,
    columns: Range<usize>,
    terms: Range<usize>,
    width: usize,
    words: &mut [u32],
) {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || fill_right(matrix, columns, terms, width, words),
    );
}

#[inline(always)]
fn fill_right(
    matrix: &Matrix<'_>,
    columns: Range<usize>,
    terms: Range<usize>,
    width: usize,
    words: &mut [u32],
) {
    let count = columns.len();
    for (term, words) in terms.clone().step_by(2).zip(words.chunks_exact_mut(width)) {
        words[count..].fill(0);
        let row = |term: usize| matrix.row(term, columns.start, count);
        if let Some(low) = row(term) {
            let next = (term + 1 < terms.end).then(|| row(term + 1)).flatten();
            if let Some(high) = next {
                for ((word, low), high) in words.iter_mut().zip(low).zip(high) {
                    *word = pair(bits(*low), bits(*high));
                }
            } else {
                words.iter_mut().zip(low).for_each(|(word, low)| *word = bits(*low));
            }
        } else {
            for (word, column) in words.iter_mut().zip(columns.clone()) {
                let high = if term + 1 < terms.end { matrix.bits(term + 1, column) } else { 0 };
                *word = pair(matrix.bits(term, column), high);
            }
        }
    }
}

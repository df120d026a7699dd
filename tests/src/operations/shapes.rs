//! The few shapes that all cases share: on some backends every other shape compiles another kernel.

/// Rows and columns of the tokens of some examples.
pub(super) type Grids = &'static [(usize, usize)];

/// A packed sequence: one token, odd numbers, equal neighbours, nothing square but the smallest.
pub(super) const PACKED: Grids = &[(1, 1), (1, 3), (3, 1), (7, 1), (2, 8)];

/// As many tokens in equal examples: what the sampler computes.
pub(super) const DENSE: Grids = &[(3, 5), (3, 5)];

/// Tokens of all examples of both.
pub(super) const TOKENS: usize = 30;

/// Keys of each example of the packed sequence in cross-attention: more than queries, or fewer.
pub(super) const PACKED_KEYS: &[usize] = &[2, 4, 4, 5, 9];

/// Keys of each example of the dense batch in cross-attention.
pub(super) const DENSE_KEYS: &[usize] = &[16, 16];

/// A packed sequence that is longer than the tiles of attention: none of them a multiple of one.
pub(super) const LONG: Grids = &[(1, 1), (3, 11), (5, 13)];

/// Keys of each example of the long sequence in cross-attention.
pub(super) const LONG_KEYS: &[usize] = &[65, 2, 40];

/// Heads in attention.
pub(super) const HEADS: usize = 2;

/// Features: two heads of 72, as in the paper.
pub(super) const WIDTH: usize = 144;

/// Two heads of 64.
pub(super) const NARROW: usize = 128;

/// Tokens of each example.
pub(super) fn lengths(grids: Grids) -> Vec<usize> {
    grids.iter().map(|(height, width)| height * width).collect()
}

//! Cutting packed tokens into chunks of work.

use rayon::prelude::*;

use super::rows::vectorised;
use crate::Segments;

/// Most tokens of a chunk: small enough to balance, large enough to pay for a task.
const MOST_TOKENS: usize = 64;

/// Consecutive tokens of one example.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub example: usize,
    pub first_token: usize,
    pub tokens: usize,
}

impl Chunk {
    /// The chunk's rows of a matrix of `width` columns.
    pub(super) fn of<'a>(&self, matrix: &'a [f32], width: usize) -> &'a [f32] {
        &matrix[self.first_token * width..(self.first_token + self.tokens) * width]
    }

    /// The row of the chunk's example in a matrix of `width` columns.
    pub(super) fn row<'a>(&self, matrix: &'a [f32], width: usize) -> &'a [f32] {
        &matrix[self.example * width..(self.example + 1) * width]
    }
}

/// All tokens in chunks, in order.
pub(super) fn chunks_of(segments: &Segments) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut first_token = 0;
    for (example, &length) in segments.lengths().iter().enumerate() {
        for start in (0..length).step_by(MOST_TOKENS) {
            let tokens = MOST_TOKENS.min(length - start);
            chunks.push(Chunk { example, first_token: first_token + start, tokens });
        }
        first_token += length;
    }
    chunks
}

/// Tokens without examples: as if all belonged to one.
pub(super) fn chunks_of_tokens(tokens: usize) -> Vec<Chunk> {
    chunks_of(&Segments::new(vec![tokens]))
}

/// Runs `job` on every chunk with its part of the `output`; what each returns, in order.
///
/// # Shapes
/// - output: `[tokens, width]`
pub(super) fn for_each_chunk<R: Send>(
    chunks: &[Chunk],
    output: &mut [f32],
    width: usize,
    job: impl Fn(&Chunk, &mut [f32]) -> R + Sync,
) -> Vec<R> {
    let mut rest = output;
    let mut tasks = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let (part, after) = rest.split_at_mut(chunk.tokens * width);
        tasks.push((chunk, part));
        rest = after;
    }
    tasks.into_par_iter().map(|(chunk, part)| vectorised(|| job(chunk, part))).collect()
}

/// Sums the chunks' rows into their examples, in order.
///
/// # Shapes
/// - output: `[examples, width]`
pub(super) fn sum_by_example<'a>(
    chunks: &[Chunk],
    rows: impl Iterator<Item = &'a Vec<f32>>,
    examples: usize,
    width: usize,
) -> Vec<f32> {
    let mut sums = vec![0.0; examples * width];
    for (chunk, row) in chunks.iter().zip(rows) {
        let sum = &mut sums[chunk.example * width..][..width];
        add(sum, row);
    }
    sums
}

/// Sums all rows, in order.
pub(super) fn sum_all<'a>(rows: impl Iterator<Item = &'a Vec<f32>>, width: usize) -> Vec<f32> {
    let mut total = vec![0.0; width];
    rows.for_each(|row| add(&mut total, row));
    total
}

fn add(sum: &mut [f32], row: &[f32]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_token_once() {
        let segments = Segments::new(vec![1, 64, 65, 130]);
        let chunks = chunks_of(&segments);
        let mut next = 0;
        for chunk in &chunks {
            assert_eq!(chunk.first_token, next);
            assert!((1..=MOST_TOKENS).contains(&chunk.tokens));
            next += chunk.tokens;
        }
        assert_eq!(next, segments.tokens());
        assert_eq!(chunks.iter().filter(|chunk| chunk.example == 3).count(), 3);
    }
}

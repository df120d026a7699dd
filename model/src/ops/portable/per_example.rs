//! Broadcasting rows of examples to their tokens, and summing tokens to rows of examples.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::Segments;

/// Repeats each example's row for each of its tokens.
///
/// # Shapes
/// - rows: `[examples, width]`
/// - output: `[tokens, width]`, or anything that broadcasts to it
pub(super) fn to_tokens<B: Backend>(rows: Tensor<B, 2>, segments: &Segments) -> Tensor<B, 2> {
    let [count, width] = rows.dims();
    let mut parts: Vec<Tensor<B, 2>> = segments
        .runs()
        .iter()
        .map(|run| {
            let rows = if run.examples == count {
                rows.clone()
            } else {
                rows.clone().narrow(0, run.first_example, run.examples)
            };
            rows.reshape([run.examples, 1, width])
                .expand([run.examples, run.length, width])
                .reshape([run.examples * run.length, width])
        })
        .collect();
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}

/// Sums the tokens of each example.
///
/// # Shapes
/// - x: `[tokens, width]`
/// - output: `[examples, width]`
pub(super) fn sum_tokens<B: Backend>(x: Tensor<B, 2>, segments: &Segments) -> Tensor<B, 2> {
    let [tokens, width] = x.dims();
    let mut parts: Vec<Tensor<B, 2>> = segments
        .runs()
        .iter()
        .map(|run| {
            let count = run.examples * run.length;
            let x = if count == tokens {
                x.clone()
            } else {
                x.clone().narrow(0, run.first_token, count)
            };
            let x = x.reshape([run.examples, run.length, width]);
            x.sum_dim(1).reshape([run.examples, width])
        })
        .collect();
    if parts.len() == 1 { parts.remove(0) } else { Tensor::cat(parts, 0) }
}

//! Attention in which every query sees the keys of its own example.

use super::example_of_tokens;
use crate::operations::{Matrix, Scalar};

/// `softmax(q k' / sqrt(head_dim) + bias) v`, per head and example.
///
/// The bias is a row of one number a key.
pub fn packed_attention<'m, 't>(
    [q, k, v]: [&'m Matrix<'t>; 3],
    bias: Option<&Matrix<'t>>,
    query_lengths: &[usize],
    key_lengths: &[usize],
    heads: usize,
) -> Matrix<'t> {
    let head_dim = q.columns() / heads;
    let example_of_key: Vec<usize> = example_of_tokens(key_lengths).collect();
    let attended = |(query, example): (usize, usize)| {
        let own = (0..k.rows()).filter(|&key| example_of_key[key] == example);
        let keys: Vec<usize> = own.collect();
        let bias = bias.map(|bias| keys.iter().map(|&key| bias.row(0)[key]).collect::<Vec<_>>());
        let head = |head: usize| {
            let part = head * head_dim..(head + 1) * head_dim;
            let rows = |x: &'m Matrix<'t>| -> Vec<&'m [Scalar<'t>]> {
                keys.iter().map(|&key| &x.row(key)[part.clone()]).collect()
            };
            let q = &q.row(query)[part.clone()];
            attend(q, &rows(k), &rows(v), bias.as_deref())
        };
        (0..heads).flat_map(head).collect()
    };
    Matrix::from_rows(example_of_tokens(query_lengths).enumerate().map(attended))
}

/// One query of one head.
fn attend<'t>(
    q: &[Scalar<'t>],
    k: &[&[Scalar<'t>]],
    v: &[&[Scalar<'t>]],
    bias: Option<&[Scalar<'t>]>,
) -> Vec<Scalar<'t>> {
    let factor = 1.0 / (q.len() as f64).sqrt();
    let scaled: Vec<Scalar<'t>> = q.iter().map(|&q| (q * factor).store()).collect();
    let mut scores: Vec<Scalar<'t>> = k.iter().map(|k| dot(&scaled, k).store()).collect();
    if let Some(bias) = bias {
        scores = scores.iter().zip(bias).map(|(&score, &bias)| score + bias).collect();
    }
    let weights: Vec<Scalar<'t>> = softmax(&scores).into_iter().map(Scalar::store).collect();
    let feature = |i| {
        let products = weights.iter().zip(v).map(|(&weight, v)| weight * v[i]);
        products.sum::<Scalar<'t>>().store()
    };
    (0..q.len()).map(feature).collect()
}

/// `e^(x - max) / sum of e^(x - max)`; it does not depend on what is subtracted.
fn softmax<'t>(scores: &[Scalar<'t>]) -> Vec<Scalar<'t>> {
    let most = scores.iter().fold(f64::NEG_INFINITY, |most, score| most.max(score.value()));
    let powers: Vec<Scalar<'t>> = scores.iter().map(|&score| (score - most).exp()).collect();
    let sum: Scalar<'t> = powers.iter().copied().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

fn dot<'t>(a: &[Scalar<'t>], b: &[Scalar<'t>]) -> Scalar<'t> {
    a.iter().zip(b).map(|(&a, &b)| a * b).sum()
}

//! Attention in which every query sees the keys of its own example.

use crate::operations::{Matrix, Scalar};

/// `softmax(q k' / sqrt(head_dim) + bias) v`, per head and example.
///
/// The bias is a row of one number a key.
pub fn packed_attention<'t>(
    [q, k, v]: [&Matrix<'t>; 3],
    bias: Option<&Matrix<'t>>,
    query_lengths: &[usize],
    key_lengths: &[usize],
    heads: usize,
) -> Matrix<'t> {
    let head_dim = q.columns() / heads;
    let (mut rows, mut first_query, mut first_key) = (Vec::new(), 0, 0);
    for (queries, keys) in query_lengths.iter().zip(key_lengths) {
        for query in first_query..first_query + queries {
            let mut row = Vec::with_capacity(q.columns());
            for head in 0..heads {
                let part = head * head_dim..(head + 1) * head_dim;
                let keys = first_key..first_key + keys;
                let bias = bias.map(|bias| &bias.row(0)[keys.clone()]);
                let of_head = |x: &Matrix<'t>| {
                    let rows = keys.clone().map(|key| x.row(key)[part.clone()].to_vec());
                    rows.collect::<Vec<_>>()
                };
                row.extend(attend(
                    &q.row(query)[part.clone()],
                    &of_head(k),
                    &of_head(v),
                    bias,
                ));
            }
            rows.push(row);
        }
        first_query += queries;
        first_key += keys;
    }
    Matrix::from_rows(rows)
}

/// One query of one head.
fn attend<'t>(
    q: &[Scalar<'t>],
    k: &[Vec<Scalar<'t>>],
    v: &[Vec<Scalar<'t>>],
    bias: Option<&[Scalar<'t>]>,
) -> Vec<Scalar<'t>> {
    let factor = 1.0 / (q.len() as f64).sqrt();
    let scaled: Vec<Scalar<'t>> = q.iter().map(|&q| (q * factor).store()).collect();
    let mut scores: Vec<Scalar<'t>> = k.iter().map(|k| dot(&scaled, k).store()).collect();
    if let Some(bias) = bias {
        scores = scores
            .iter()
            .zip(bias)
            .map(|(&score, &bias)| score + bias)
            .collect();
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
    let most = scores
        .iter()
        .fold(f64::NEG_INFINITY, |most, score| most.max(score.value()));
    let powers: Vec<Scalar<'t>> = scores.iter().map(|&score| (score - most).exp()).collect();
    let sum: Scalar<'t> = powers.iter().copied().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

fn dot<'t>(a: &[Scalar<'t>], b: &[Scalar<'t>]) -> Scalar<'t> {
    a.iter().zip(b).map(|(&a, &b)| a * b).sum()
}

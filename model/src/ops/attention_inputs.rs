//! What packed attention takes and returns.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use crate::{EqualSegments, Segments};

/// Queries, keys and values.
#[derive(Debug)]
pub struct AttentionInputs<B: Backend> {
    /// Queries, `[queries, heads * head_dim]`.
    pub q: FloatTensor<B>,
    /// Keys, `[keys, heads * head_dim]`.
    pub k: FloatTensor<B>,
    /// Values, `[keys, heads * head_dim]`.
    pub v: FloatTensor<B>,
    /// Added to all scores of a key, `[keys]`; a constant.
    pub bias: Option<FloatTensor<B>>,
}

impl<B: Backend> Clone for AttentionInputs<B> {
    fn clone(&self) -> Self {
        let Self { q, k, v, bias } = self;
        Self { q: q.clone(), k: k.clone(), v: v.clone(), bias: bias.clone() }
    }
}

/// Which rows belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionLayout {
    /// Queries of each example.
    pub query_segments: Segments,
    /// Keys of each example.
    pub key_segments: Segments,
    /// Heads that a row is made of.
    pub heads: usize,
}

impl AttentionLayout {
    /// The queries of each example meet its own keys.
    pub fn new(queries: &Segments, keys: &Segments, heads: usize) -> Self {
        Self { query_segments: queries.clone(), key_segments: keys.clone(), heads }
    }

    /// Runs of queries and of their keys; see [`Segments::paired_runs`].
    pub(super) fn runs(&self) -> Vec<(EqualSegments, EqualSegments)> {
        self.query_segments.paired_runs(&self.key_segments)
    }
}

/// The result of attention, and what its backward pass needs besides the inputs.
#[derive(Debug)]
pub struct Attended<B: Backend> {
    /// The result, `[queries, heads * head_dim]`.
    pub output: FloatTensor<B>,
    /// The logarithm of the sum of the exponentials of a query's scores, `[queries, heads]`, in
    /// f32.
    pub lse: FloatTensor<B>,
}

impl<B: Backend> Clone for Attended<B> {
    fn clone(&self) -> Self {
        Self { output: self.output.clone(), lse: self.lse.clone() }
    }
}

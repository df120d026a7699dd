//! What attention adds for the distance between two tokens.

use burn::module::{Initializer, Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor, TensorData};

use super::T5Config;

/// A number for each head and kind of distance, shared by all blocks (Raffel et al. 2020, section 2.1).
#[derive(Module, Debug)]
pub struct RelativePosition<B: Backend> {
    /// `[buckets, heads]`.
    pub weight: Param<Tensor<B, 2>>,
    max_distance: usize,
}

impl<B: Backend> RelativePosition<B> {
    pub(super) fn uninitialised(config: &T5Config, device: &B::Device) -> Self {
        let shape = [config.relative_attention_num_buckets, config.num_heads];
        Self {
            weight: Initializer::Zeros.init(shape, device),
            max_distance: config.relative_attention_max_distance,
        }
    }

    /// The bias of texts of `length` tokens, in f32.
    ///
    /// # Shapes
    /// - output: `[1, heads, queries, keys]`, both `length`
    pub fn bias(&self, length: usize) -> Tensor<B, 4> {
        let table = self.weight.val();
        let [buckets, heads] = table.dims();
        let mut indices = Vec::with_capacity(length * length);
        for query in 0..length as i64 {
            let bucket = |key| relative_bucket(key - query, buckets, self.max_distance) as i64;
            indices.extend((0..length as i64).map(bucket));
        }
        let device = table.device();
        let indices = TensorData::new(indices, [length * length]);
        table
            .cast(DType::F32)
            .select(0, Tensor::<B, 1, Int>::from_data(indices, &device))
            .reshape([length, length, heads])
            .permute([2, 0, 1])
            .unsqueeze_dim(0)
    }
}

/// The kind of a distance, key's position less query's.
///
/// Half of the `buckets` are for keys behind the query. Of each half, the first half is for short
/// distances, one each; the rest grows by logarithms up to `max_distance`.
pub fn relative_bucket(distance: i64, buckets: usize, max_distance: usize) -> usize {
    let half = buckets / 2;
    let side = if distance > 0 { half } else { 0 };
    let length = distance.unsigned_abs() as usize;
    let exact = half / 2;
    if length < exact {
        return side + length;
    }
    // In f32, as the reference computes it: where a logarithm is all but whole, it matters.
    let ratio = (length as f32 / exact as f32).ln()
        / (max_distance as f64 / exact as f64).ln() as f32
        * (half - exact) as f32;
    side + (exact + ratio as usize).min(half - 1)
}

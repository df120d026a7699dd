//! Class embedding, with one more row for "no class".

use burn::module::{Initializer, Module};
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

/// A row per class; the last row is the null class.
#[derive(Module, Debug)]
pub struct ClassEmbedder<B: Backend> {
    /// The table, `[classes + 1, width]`.
    pub embedding_table: Embedding<B>,
}

impl<B: Backend> ClassEmbedder<B> {
    pub(crate) fn uninitialised(classes: usize, width: usize, device: &B::Device) -> Self {
        let config = EmbeddingConfig::new(classes + 1, width).with_initializer(Initializer::Zeros);
        Self { embedding_table: config.init(device) }
    }

    /// The rows of the labels.
    ///
    /// # Shapes
    /// - output: `[labels, width]`
    ///
    /// # Panics
    /// If a label is larger than the null class.
    pub fn forward(&self, labels: &[usize]) -> Tensor<B, 2> {
        let table = self.embedding_table.weight.val();
        let rows = table.dims()[0];
        assert!(labels.iter().all(|&label| label < rows), "labels {labels:?} of {rows} rows");
        let labels: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
        let indices =
            Tensor::<B, 1, Int>::from_data(TensorData::from(labels.as_slice()), &table.device());
        table.select(0, indices)
    }
}

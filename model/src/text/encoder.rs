//! The T5 encoder.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor, TensorData};

use super::{RelativePosition, T5Block, T5Config};
use crate::layers::RmsNorm;
use crate::ops::PixelFlowBackend;
use crate::{Segments, TextStates};

/// The encoder of T5 1.1 and Flan-T5: embedding → blocks → RMS norm (Raffel et al. 2020).
///
/// Texts are padded to the longest of a batch inside, and packed again on the way out.
#[derive(Module, Debug)]
pub struct T5Encoder<B: Backend> {
    /// Embedding of the tokens, `[vocabulary, width]`.
    pub embedding: Embedding<B>,
    /// What attention adds for the distance of two tokens, in all blocks.
    pub relative_position: RelativePosition<B>,
    /// The blocks.
    pub blocks: Vec<T5Block<B>>,
    /// Normalisation of the states.
    pub final_norm: RmsNorm<B>,
}

impl<B: Backend> T5Encoder<B> {
    /// The encoder without values; they are set before it is used.
    pub(crate) fn uninitialised(config: &T5Config, device: &B::Device) -> Self {
        let embedding = EmbeddingConfig::new(config.vocab_size, config.d_model)
            .with_initializer(burn::module::Initializer::Zeros);
        Self {
            embedding: embedding.init(device),
            relative_position: RelativePosition::uninitialised(config, device),
            blocks: (0..config.num_layers)
                .map(|_| T5Block::uninitialised(config, device))
                .collect(),
            final_norm: RmsNorm::uninitialised(config.d_model, device),
        }
    }

    /// Width of the states.
    pub fn width(&self) -> usize {
        self.embedding.weight.lazy_shape()[1]
    }

    /// Number of tokens that have an embedding.
    pub fn vocabulary(&self) -> usize {
        self.embedding.weight.lazy_shape()[0]
    }
}

impl<B: PixelFlowBackend> T5Encoder<B> {
    /// The states of some texts, packed: padding is neither seen nor returned.
    ///
    /// # Shapes
    /// - texts: the ids of each text, at least one
    /// - output: states `[tokens of all texts, width]`, in f32
    ///
    /// # Panics
    /// If there is no text, a text has no token, or an id is not in the vocabulary.
    pub fn encode(&self, texts: &[Vec<u32>]) -> TextStates<B> {
        let lengths: Vec<usize> = texts.iter().map(Vec::len).collect();
        assert!(lengths.iter().all(|&length| length > 0), "a text without tokens");
        let longest = lengths.iter().copied().max().expect("at least one text");
        let pad = |text: &Vec<u32>| {
            let ids = text.iter().map(|&id| i64::from(id));
            ids.chain(std::iter::repeat(0)).take(longest).collect::<Vec<_>>()
        };
        let ids: Vec<i64> = texts.iter().flat_map(pad).collect();
        let padded = lengths.iter().any(|&length| length < longest);
        let states = self.forward(&ids, [texts.len(), longest], padded.then_some(&lengths));
        let states = if padded {
            let rows = lengths.iter().enumerate().flat_map(|(text, &length)| {
                (0..length).map(move |token| (text * longest + token) as i64)
            });
            let rows: Vec<i64> = rows.collect();
            let rows = TensorData::from(rows.as_slice());
            let rows = Tensor::<B, 1, Int>::from_data(rows, &states.device());
            states.select(0, rows)
        } else {
            states
        };
        TextStates { states, segments: Segments::new(lengths), bias: None }
    }

    /// The states of a padded batch; of each text only the first `lengths` tokens are attended to.
    ///
    /// # Shapes
    /// - ids: `batch * length`, row by row
    /// - output: `[batch * length, width]`, in f32
    ///
    /// # Panics
    /// If an id is not in the vocabulary, or the numbers do not fit together.
    pub fn forward(
        &self,
        ids: &[i64],
        [batch, length]: [usize; 2],
        lengths: Option<&Vec<usize>>,
    ) -> Tensor<B, 2> {
        let table = self.embedding.weight.val();
        let (rows, device) = (table.dims()[0] as i64, table.device());
        assert_eq!(ids.len(), batch * length, "ids of another batch");
        assert!(
            ids.iter().all(|id| (0..rows).contains(id)),
            "an id is not among the {rows} of the vocabulary"
        );
        let indices = Tensor::<B, 1, Int>::from_data(TensorData::from(ids), &device);
        let mut h = table.select(0, indices).cast(DType::F32);
        let mut bias = vec![self.relative_position.bias(length)];
        bias.extend(lengths.map(|lengths| padding_bias(lengths, length, &device)));
        for block in &self.blocks {
            h = block.forward(h, [batch, length], &bias);
        }
        self.final_norm.forward(h)
    }
}

/// Added to the scores of padding: the least number of f32.
///
/// # Shapes
/// - output: `[batch, 1, 1, length]`
fn padding_bias<B: Backend>(lengths: &[usize], length: usize, device: &B::Device) -> Tensor<B, 4> {
    let of_text =
        |&kept: &usize| (0..length).map(move |key| if key < kept { 0.0 } else { f32::MIN });
    let values: Vec<f32> = lengths.iter().flat_map(of_text).collect();
    Tensor::from_data(TensorData::new(values, [lengths.len(), 1, 1, length]), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn_flex::{Flex, FlexDevice};

    use super::*;

    #[test]
    fn a_text_s_states_do_not_depend_on_the_texts_beside_it() {
        let config = T5Config::small(64, 2, 50);
        let encoder: T5Encoder<Flex> = config.init(3, &FlexDevice).unwrap();
        let texts = [vec![4, 7, 1], vec![1], vec![9; 12]];
        let together = encoder.encode(&texts);
        assert_eq!(together.segments.lengths(), [3, 1, 12]);
        let mut first = 0;
        for text in texts {
            let alone = encoder.encode(std::slice::from_ref(&text)).states;
            let count = text.len();
            let beside = together.states.clone().narrow(0, first, count);
            first += count;
            let difference = (alone - beside).abs().max().into_scalar();
            assert!(difference < 1e-5, "{difference}");
        }
    }

    #[test]
    fn states_depend_on_the_order_of_the_tokens() {
        let config = T5Config::small(64, 1, 50);
        let encoder: T5Encoder<Flex> = config.init(3, &FlexDevice).unwrap();
        let state = |text: Vec<u32>| encoder.encode(&[text]).states.narrow(0, 0, 1);
        let difference = (state(vec![5, 6, 7, 1]) - state(vec![5, 7, 6, 1])).abs().max();
        assert!(difference.into_scalar() > 1e-4);
    }
}

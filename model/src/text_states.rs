//! What the transformer attends to of texts.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::Segments;

/// Packed states of a text encoder.
#[derive(Clone, Debug)]
pub struct TextStates<B: Backend> {
    /// `[keys, cross_attention_dim]`.
    pub states: Tensor<B, 2>,
    /// Which states belong to which example.
    pub segments: Segments,
    /// Added to every attention score of a key, `[keys]`; the reference masks padding by -10000.
    ///
    /// In f32 that leaves exactly nothing of a padded key, unless all keys of an example are padded:
    /// states without padding need no bias, and are computed faster.
    pub bias: Option<Tensor<B, 1>>,
}

impl<B: Backend> TextStates<B> {
    /// The texts of some examples, one behind the other: each is example `n` of some states.
    ///
    /// # Panics
    /// If there are none, or one has no such example.
    pub fn gather(texts: &[(&Self, usize)]) -> Self {
        let any_bias = texts.iter().any(|(text, _)| text.bias.is_some());
        let (mut states, mut biases, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
        for (text, example) in texts {
            let all = text.segments.lengths();
            let (first, length) = (all[..*example].iter().sum(), all[*example]);
            states.push(text.states.clone().narrow(0, first, length));
            lengths.push(length);
            if any_bias {
                let device = text.states.device();
                biases.push(match &text.bias {
                    Some(bias) => bias.clone().narrow(0, first, length),
                    None => Tensor::zeros([length], &device),
                });
            }
        }
        Self {
            states: Tensor::cat(states, 0),
            segments: Segments::new(lengths),
            bias: any_bias.then(|| Tensor::cat(biases, 0)),
        }
    }
}

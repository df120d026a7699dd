//! What each image of a run is conditioned on, and what stands for nothing.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::{Context, Segments, TextStates};

/// The conditions of all images of a run.
#[derive(Clone, Debug)]
pub enum Conditions<B: Backend> {
    /// A label per image.
    Class {
        /// The labels.
        labels: Vec<usize>,
        /// The null class.
        null: usize,
    },
    /// A prompt per image.
    Text {
        /// States of the prompts.
        prompts: TextStates<B>,
        /// States of the negative prompts, as many.
        negatives: TextStates<B>,
    },
}

impl<B: Backend> Conditions<B> {
    /// Number of images.
    pub fn images(&self) -> usize {
        match self {
            Self::Class { labels, .. } => labels.len(),
            Self::Text { prompts, .. } => prompts.segments.examples(),
        }
    }

    /// The context of a batch of some images unconditionally, then some conditionally.
    pub(super) fn batch(&self, unconditional: &[usize], conditional: &[usize]) -> Context<B> {
        match self {
            Self::Class { labels, null } => {
                let nulls = unconditional.iter().map(|_| *null);
                Context::Class(
                    nulls
                        .chain(conditional.iter().map(|&i| labels[i]))
                        .collect(),
                )
            }
            Self::Text { prompts, negatives } => {
                let from_negatives = unconditional.iter().map(|&image| (negatives, image));
                let from_prompts = conditional.iter().map(|&image| (prompts, image));
                Context::Text(gather(
                    &from_negatives.chain(from_prompts).collect::<Vec<_>>(),
                ))
            }
        }
    }
}

/// The texts of some examples, packed one after the other.
fn gather<B: Backend>(texts: &[(&TextStates<B>, usize)]) -> TextStates<B> {
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
    TextStates {
        states: Tensor::cat(states, 0),
        segments: Segments::new(lengths),
        bias: any_bias.then(|| Tensor::cat(biases, 0)),
    }
}

//! What each image of a run is conditioned on, and what stands for nothing.

use burn::tensor::backend::Backend;

use crate::{Context, Error, Result, TextStates};

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

    /// Refuses a class that a model of `classes` classes does not have.
    pub(super) fn check_classes(&self, classes: usize) -> Result<()> {
        let Self::Class { labels, .. } = self else {
            return Ok(());
        };
        match labels.iter().find(|&&label| label > classes) {
            Some(&class) => Err(Error::ClassOutOfRange { class, classes }),
            None => Ok(()),
        }
    }

    /// The context of a batch of some images unconditionally, then some conditionally.
    pub(super) fn batch(&self, unconditional: &[usize], conditional: &[usize]) -> Context<B> {
        match self {
            Self::Class { labels, null } => {
                let nulls = unconditional.iter().map(|_| *null);
                Context::Class(nulls.chain(conditional.iter().map(|&i| labels[i])).collect())
            }
            Self::Text { prompts, negatives } => {
                let from_negatives = unconditional.iter().map(|&image| (negatives, image));
                let from_prompts = conditional.iter().map(|&image| (prompts, image));
                Context::Text(TextStates::gather(
                    &from_negatives.chain(from_prompts).collect::<Vec<_>>(),
                ))
            }
        }
    }
}

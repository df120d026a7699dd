//! Conditions of the images of a request: classes, or encoded texts on the device.

use std::collections::HashMap;

use super::{ImageRequest, Subject};
use crate::TextStates;
use crate::ops::PixelFlowBackend;
use crate::sampler::Conditions;
use crate::text::EncodedTexts;

/// Conditions of the images of a request: classes, or encoded texts on the device.
#[derive(Clone, Debug)]
pub enum Subjects<B: PixelFlowBackend> {
    /// Classes, which the request names.
    Classes,
    /// Texts.
    Texts {
        /// The states of every text that is needed.
        texts: TextStates<B>,
        /// For each image, which of them is its prompt.
        prompts: Vec<usize>,
        /// For each image, which of them is its negative prompt.
        negatives: Vec<usize>,
    },
}

impl<B: PixelFlowBackend> Subjects<B> {
    /// The prompts of a request, every text on the device once.
    ///
    /// # Panics
    /// If a text is not among those that were encoded.
    pub(super) fn of_texts(
        images: &[ImageRequest],
        texts: &EncodedTexts,
        device: &B::Device,
    ) -> Self {
        let mut chosen: Vec<&str> = Vec::new();
        let mut places = HashMap::new();
        let mut place = |text| {
            *places.entry(text).or_insert_with(|| {
                chosen.push(text);
                chosen.len() - 1
            })
        };
        let (mut prompts, mut negatives) = (Vec::new(), Vec::new());
        for image in images {
            if let Subject::Prompt { prompt, negative } = &image.subject {
                prompts.push(place(prompt.as_str()));
                negatives.push(place(negative.as_str()));
            }
        }
        if chosen.is_empty() {
            return Self::Classes;
        }
        Self::Texts { texts: texts.upload(&chosen, device), prompts, negatives }
    }

    /// The conditions of a stretch of the images, from number `first` on.
    pub(super) fn conditions(
        &self,
        images: &[ImageRequest],
        first: usize,
        null: usize,
    ) -> Conditions<B> {
        match self {
            Self::Classes => {
                let class = |image: &ImageRequest| match image.subject {
                    Subject::Class(class) => class,
                    Subject::Prompt { .. } => null,
                };
                Conditions::Class { labels: images.iter().map(class).collect(), null }
            }
            Self::Texts { texts, prompts, negatives } => {
                let gather = |numbers: &[usize]| {
                    let chosen = &numbers[first..first + images.len()];
                    let pairs: Vec<_> = chosen.iter().map(|&number| (texts, number)).collect();
                    TextStates::gather(&pairs)
                };
                Conditions::Text { prompts: gather(prompts), negatives: gather(negatives) }
            }
        }
    }
}

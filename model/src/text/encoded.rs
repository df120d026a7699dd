//! States of texts on the host.

use std::collections::HashMap;

use burn::tensor::{DType, Tensor, TensorData};

use crate::ops::PixelFlowBackend;
use crate::{Segments, TextStates};

/// The states of one text on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedText {
    /// `[tokens, width]`.
    pub values: Vec<f32>,
    /// Number of its tokens.
    pub tokens: usize,
}

/// Keeps the states of texts from one run to the next.
///
/// All texts of a store are of one encoder with one tokenizer, in one number format, on one kind of
/// device: these decide their bits.
pub trait TextStore {
    /// The states of a text of `tokens` tokens, `width` features each; `None` if there are none.
    fn get(&self, text: &str, tokens: usize, width: usize) -> Option<EncodedText>;

    /// Keeps the states of a text, if it can.
    fn keep(&self, text: &str, encoded: &EncodedText);
}

/// The states of some texts on the host, each text once.
#[derive(Clone, Debug, Default)]
pub struct EncodedTexts {
    pub(super) texts: HashMap<String, EncodedText>,
    pub(super) cut: Vec<(String, usize)>,
}

impl EncodedTexts {
    /// Whether a text is among them.
    pub fn has(&self, text: &str) -> bool {
        self.texts.contains_key(text)
    }

    /// The states of a text.
    pub fn get(&self, text: &str) -> Option<&EncodedText> {
        self.texts.get(text)
    }

    /// All texts, in no order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Texts that were too long, each with the number of tokens that were cut off.
    pub fn cut(&self) -> &[(String, usize)] {
        &self.cut
    }

    /// The states of some texts on a device, one behind the other.
    ///
    /// # Panics
    /// If there is no text, or one is not among them.
    pub fn upload<B: PixelFlowBackend>(&self, texts: &[&str], device: &B::Device) -> TextStates<B> {
        let texts = || texts.iter().map(|text| &self.texts[*text]);
        let lengths: Vec<usize> = texts().map(|text| text.tokens).collect();
        let values: Vec<f32> = texts().flat_map(|text| &text.values).copied().collect();
        let tokens: usize = lengths.iter().sum();
        let shape = [tokens, values.len() / tokens];
        TextStates {
            states: Tensor::from_data(TensorData::new(values, shape), (device, DType::F32)),
            segments: Segments::new(lengths),
            bias: None,
        }
    }
}

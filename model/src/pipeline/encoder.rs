//! The text encoder of a pipeline.

use std::collections::BTreeSet;

use super::{CheckedRequest, EncoderProvenance, Unseen};
use crate::ops::PixelFlowBackend;
use crate::text::{EncodedTexts, TextReader, TextStore};
use crate::weights::TextEncoderFiles;
use crate::{NumberFormat, Result};

/// The files of a text encoder, which is loaded only while it encodes.
pub(super) struct Encoder {
    pub(super) files: TextEncoderFiles,
    pub(super) format: NumberFormat,
    pub(super) store: Option<Box<dyn TextStore + Send + Sync>>,
}

impl Encoder {
    /// Features of a state.
    pub(super) fn width(&self) -> usize {
        self.files.config.d_model
    }

    /// Parts of texts that it does not see.
    pub(super) fn unseen(&self, texts: &EncodedTexts) -> Result<Unseen> {
        let tokenizer = &self.files.tokenizer;
        let mut unknown = BTreeSet::new();
        for text in texts.texts() {
            unknown.extend(tokenizer.unknown_words(text)?);
        }
        Ok(Unseen {
            cut: texts.cut().to_vec(),
            max_tokens: tokenizer.max_tokens(),
            unknown: unknown.into_iter().collect(),
        })
    }

    /// Hash and number format, for a picture's recipe.
    pub(super) fn provenance(&self) -> Result<EncoderProvenance> {
        Ok(EncoderProvenance { hash: self.files.hash()?.to_owned(), dtype: self.format })
    }

    /// Adds the states of a request's texts to those that are known.
    pub(super) async fn encode<B: PixelFlowBackend>(
        &self,
        request: &CheckedRequest,
        texts: &mut EncodedTexts,
        device: &B::Device,
        watch: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        let store = self.store.as_ref().map(|store| &**store as &dyn TextStore);
        let reader = TextReader { tokenizer: &self.files.tokenizer, width: self.width(), store };
        let load = || self.files.load::<B>(self.format.dtype(), device);
        texts.add(&request.texts(), &reader, load, watch).await
    }
}

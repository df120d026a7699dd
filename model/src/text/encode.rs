//! From texts to states, each text encoded as if it were alone.

use std::collections::HashSet;

use super::{EncodedText, EncodedTexts, T5Encoder, TextError, TextStore, TextTokenizer, Tokens};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// How texts become tokens, and where their states may be known already.
#[derive(Clone, Copy)]
pub struct TextReader<'a> {
    /// The encoder's tokenizer.
    pub tokenizer: &'a TextTokenizer,
    /// Features of a state.
    pub width: usize,
    /// States of the same encoder.
    pub store: Option<&'a dyn TextStore>,
}

impl EncodedTexts {
    /// Adds the states of more texts. Each new text is taken from the store, or else encoded by itself.
    /// `load` is called only if something must be encoded; the encoder is dropped before this returns.
    /// `done` is told how many of how many texts are encoded.
    ///
    /// A text alone in its batch has the same bits whatever else is encoded: products of other
    /// numbers of rows may round differently, and padding changes their number.
    ///
    /// # Errors
    /// [`TextError::Text`], [`TextError::NotFinite`], [`Error::Device`], and what `load` says.
    pub async fn add<B: PixelFlowBackend>(
        &mut self,
        texts: &[&str],
        reader: &TextReader<'_>,
        load: impl FnOnce() -> Result<T5Encoder<B>>,
        done: &mut dyn FnMut(usize, usize),
    ) -> Result<()> {
        let TextReader { tokenizer, width, store } = *reader;
        let mut open: Vec<(&str, Tokens)> = Vec::new();
        let mut seen = HashSet::new();
        for text in texts {
            if self.has(text) || !seen.insert(*text) {
                continue;
            }
            let tokens = tokenizer.tokens(text)?;
            match store.and_then(|store| store.get(text, tokens.ids.len(), width)) {
                Some(encoded) => self.insert(text, encoded, tokens.cut),
                None => open.push((text, tokens)),
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let encoder = load()?;
        for (number, (text, Tokens { ids, cut })) in open.iter().enumerate() {
            done(number, open.len());
            let encoded = encode_alone(&encoder, ids).await?;
            if let Some(store) = store {
                store.keep(text, &encoded);
            }
            self.insert(text, encoded, *cut);
        }
        done(open.len(), open.len());
        Ok(())
    }

    fn insert(&mut self, text: &str, encoded: EncodedText, cut: usize) {
        if cut > 0 {
            self.cut.push((text.to_owned(), cut));
        }
        self.texts.insert(text.to_owned(), encoded);
    }
}

/// The states of one text.
async fn encode_alone<B: PixelFlowBackend>(
    encoder: &T5Encoder<B>,
    ids: &[u32],
) -> Result<EncodedText> {
    let states = encoder.encode(&[ids.to_vec()]).states.into_data_async().await;
    let states = states.map_err(|error| Error::Device { reason: error.to_string() })?;
    let values: Vec<f32> = states.iter::<f32>().collect();
    if values.iter().all(|value| value.is_finite()) {
        Ok(EncodedText { values, tokens: ids.len() })
    } else {
        Err(TextError::NotFinite.into())
    }
}

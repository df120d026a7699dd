//! All tokenizers that T5 and its relatives have, by the crate `tokenizers`.

use tokenizers::Tokenizer;

use super::tokenizer_file;

/// A tokenizer of any form that [`tokenizer_file`] lets through.
#[derive(Clone, Debug)]
pub(super) struct AnyTokenizer(Tokenizer);

impl AnyTokenizer {
    /// Reads the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// Which part cannot be, and what it may be.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        tokenizer_file::parse(text).map(Self::new)
    }

    pub(super) fn new(mut tokenizer: Tokenizer) -> Self {
        // The file may say otherwise; texts are padded where they are encoded, and cut by `TextTokenizer`.
        tokenizer.with_padding(None);
        let _ = tokenizer.with_truncation(None);
        Self(tokenizer)
    }

    /// Number of tokens that it knows.
    pub(super) fn vocabulary(&self) -> usize {
        self.0.get_vocab_size(true)
    }

    /// The largest number of a token that it knows; a file may number them as it likes.
    pub(super) fn largest_id(&self) -> Option<u32> {
        self.0.get_vocab(true).into_values().max()
    }

    /// The number of a token.
    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.0.token_to_id(token)
    }

    /// The numbers of the tokens of a text.
    ///
    /// # Errors
    /// What is wrong with the tokenizer.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        let encode = || self.0.encode(text, true).map_err(|error| error.to_string());
        Ok(tokenizer_file::caught(encode)?.get_ids().to_vec())
    }

    /// Whether another one cuts all texts alike.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let text = |tokenizer: &Tokenizer| tokenizer.to_string(false).ok();
        text(&self.0) == text(&other.0)
    }

    /// The text of its `tokenizer.json`.
    ///
    /// # Errors
    /// What is wrong with the tokenizer.
    #[cfg(feature = "save")]
    pub(super) fn json(&self) -> Result<String, String> {
        self.0.to_string(true).map_err(|error| error.to_string())
    }
}

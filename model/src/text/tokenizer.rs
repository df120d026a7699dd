//! From texts to tokens.

use std::io;
use std::path::Path;

#[cfg(feature = "tokenizer")]
use super::any_tokenizer::AnyTokenizer as Tokenizer;
#[cfg(not(feature = "tokenizer"))]
use super::word_tokenizer::WordTokenizer as Tokenizer;
use super::{MAX_TOKENS, T5Config, TextError};
use crate::plain_text;

/// The token that fills up, with id 0 where a tokenizer is trained.
pub(super) const PADDING: &str = "<pad>";
/// The token that ends a text, with id 1 there.
pub(super) const END: &str = "</s>";
/// The token of words that no caption had, with id 2 there.
pub(super) const UNKNOWN: &str = "<unk>";

/// Longest file, in bytes; that of mT5, with 250,000 tokens, has 16 million.
const MAX_LENGTH: u64 = 32 << 20;

/// Characters of a text that messages show.
const SHOWN: usize = 40;

/// A text as an encoder sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Ids of its tokens, the last one ends it.
    pub ids: Vec<u32>,
    /// How many tokens did not fit and were cut off.
    pub cut: usize,
}

/// Cuts texts into tokens as a `tokenizer.json` says.
#[derive(Clone, Debug)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    end: u32,
    max_tokens: usize,
}

impl TextTokenizer {
    /// Reads a `tokenizer.json` and checks that it belongs to an encoder.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`], and what [`check`](Self::check) says.
    pub fn read(path: &Path, config: &T5Config) -> Result<Self, TextError> {
        Self::of_file(path, plain_text::read(path, MAX_LENGTH), config)
    }

    /// As [`read`](Self::read), of the bytes of the file, which errors call `name`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(name: &str, bytes: &[u8], config: &T5Config) -> Result<Self, TextError> {
        Self::of_file(Path::new(name), plain_text::of_bytes(bytes.to_vec(), MAX_LENGTH), config)
    }

    fn of_file(
        path: &Path,
        text: io::Result<String>,
        config: &T5Config,
    ) -> Result<Self, TextError> {
        let text = text.map_err(|error| error.to_string());
        let tokenizer = text
            .and_then(|text| Tokenizer::parse(&text))
            .map_err(|reason| TextError::Tokenizer { path: path.to_owned(), reason })?;
        let this = Self::new(tokenizer, config.eos_token_id);
        this.check(config)?;
        Ok(this)
    }

    /// A tokenizer whose texts are ended by the token `end`.
    pub(super) fn new(tokenizer: Tokenizer, end: u32) -> Self {
        Self { tokenizer, end, max_tokens: MAX_TOKENS }
    }

    /// The same, but texts are cut to `max_tokens` tokens, at least one.
    #[must_use]
    pub fn with_max_tokens(self, max_tokens: usize) -> Self {
        Self { max_tokens: max_tokens.max(1), ..self }
    }

    /// Number of tokens it knows.
    pub fn vocabulary(&self) -> usize {
        self.tokenizer.vocabulary()
    }

    /// Whether another tokenizer cuts all texts alike.
    pub fn is_same(&self, other: &Self) -> bool {
        self.end == other.end && self.tokenizer.is_same(&other.tokenizer)
    }

    /// Tokens of a text at most.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Checks that an encoder embeds all tokens, and that both end a text alike.
    ///
    /// # Errors
    /// [`TextError::OtherTokenizer`], [`TextError::OtherEnd`], [`TextError::Text`].
    pub fn check(&self, config: &T5Config) -> Result<(), TextError> {
        if let Some(tokenizer) = self.tokenizer.id(END)
            && tokenizer != config.eos_token_id
        {
            return Err(TextError::OtherEnd { tokenizer, encoder: config.eos_token_id });
        }
        // A post-processor may put any number around every text.
        let ids = self.tokens("")?.ids.into_iter().chain(self.tokenizer.largest_id());
        let tokenizer = ids.max().map_or(0, |largest| largest as usize + 1);
        if tokenizer > config.vocab_size {
            return Err(TextError::OtherTokenizer { tokenizer, encoder: config.vocab_size });
        }
        Ok(())
    }

    /// The tokens of a text.
    ///
    /// # Errors
    /// [`TextError::Text`].
    pub fn tokens(&self, text: &str) -> Result<Tokens, TextError> {
        let failed = |reason| TextError::Text { text: text.chars().take(SHOWN).collect(), reason };
        let mut ids = self.tokenizer.ids(text).map_err(failed)?;
        // A `tokenizer.json` without a post-processor leaves this to others.
        if ids.last() != Some(&self.end) {
            ids.push(self.end);
        }
        let cut = ids.len().saturating_sub(self.max_tokens);
        if cut > 0 {
            ids.truncate(self.max_tokens - 1);
            ids.push(self.end);
        }
        Ok(Tokens { ids, cut })
    }

    /// Words of a text that the tokenizer does not know.
    ///
    /// # Errors
    /// [`TextError::Text`].
    pub fn unknown_words(&self, text: &str) -> Result<Vec<String>, TextError> {
        let unknown = self.tokenizer.id(UNKNOWN);
        let is_unknown = |word: &&str| {
            self.tokens(word).is_ok_and(|tokens| tokens.ids.iter().any(|id| Some(*id) == unknown))
        };
        Ok(text.split_whitespace().filter(is_unknown).map(str::to_owned).collect())
    }

    /// Writes a `tokenizer.json`.
    ///
    /// # Errors
    /// [`TextError::WriteTokenizer`]; what was there before is as it was.
    #[cfg(all(feature = "save", feature = "tokenizer"))]
    pub fn write(&self, path: &Path) -> Result<(), TextError> {
        let failed = |reason: String| TextError::WriteTokenizer { path: path.to_owned(), reason };
        let text = self.tokenizer.json().map_err(failed)?;
        crate::durable::write_text(path, &text).map_err(|error| failed(error.to_string()))
    }
}

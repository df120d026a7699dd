//! From texts to tokens.

use std::path::Path;

use tokenizers::Tokenizer;

use super::tokenizer_training::{END, UNKNOWN};
use super::{MAX_TOKENS, T5Config, TextError, tokenizer_file};

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
        let tokenizer = tokenizer_file::read(path)
            .map_err(|reason| TextError::Tokenizer { path: path.to_owned(), reason })?;
        let this = Self::new(tokenizer, config.eos_token_id);
        this.check(config)?;
        Ok(this)
    }

    /// A tokenizer whose texts are ended by the token `end`.
    pub(super) fn new(mut tokenizer: Tokenizer, end: u32) -> Self {
        // The file may say otherwise; texts are padded where they are encoded, and cut below.
        tokenizer.with_padding(None);
        let _ = tokenizer.with_truncation(None);
        Self { tokenizer, end, max_tokens: MAX_TOKENS }
    }

    /// The same, but texts are cut to `max_tokens` tokens, at least one.
    #[must_use]
    pub fn with_max_tokens(self, max_tokens: usize) -> Self {
        Self { max_tokens: max_tokens.max(1), ..self }
    }

    /// Number of tokens it knows.
    pub fn vocabulary(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// Whether another tokenizer cuts all texts alike.
    pub fn is_same(&self, other: &Self) -> bool {
        let text = |tokenizer: &Tokenizer| tokenizer.to_string(false).ok();
        self.end == other.end && text(&self.tokenizer) == text(&other.tokenizer)
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
        if let Some(tokenizer) = self.tokenizer.token_to_id(END)
            && tokenizer != config.eos_token_id
        {
            return Err(TextError::OtherEnd { tokenizer, encoder: config.eos_token_id });
        }
        // A file may number its tokens as it likes.
        let ids = self.tokenizer.get_vocab(true).into_values();
        // And its post-processor may put any number around every text.
        let ids = ids.chain(self.tokens("")?.ids);
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
        let encode = || self.tokenizer.encode(text, true).map_err(|error| error.to_string());
        let encoding = tokenizer_file::caught(encode).map_err(|reason| TextError::Text {
            text: text.chars().take(SHOWN).collect(),
            reason,
        })?;
        let mut ids = encoding.get_ids().to_vec();
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
        let unknown = self.tokenizer.token_to_id(UNKNOWN);
        let is_unknown = |word: &&str| {
            self.tokens(word).is_ok_and(|tokens| tokens.ids.iter().any(|id| Some(*id) == unknown))
        };
        Ok(text.split_whitespace().filter(is_unknown).map(str::to_owned).collect())
    }

    /// Writes a `tokenizer.json`.
    ///
    /// # Errors
    /// [`TextError::WriteTokenizer`]; what was there before is as it was.
    #[cfg(feature = "save")]
    pub fn write(&self, path: &Path) -> Result<(), TextError> {
        let failed = |reason: String| TextError::WriteTokenizer { path: path.to_owned(), reason };
        let text = self.tokenizer.to_string(true).map_err(|error| failed(error.to_string()))?;
        crate::durable::write_text(path, &text).map_err(|error| failed(error.to_string()))
    }
}

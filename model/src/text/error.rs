//! What can go wrong with text encoders and tokenizers.

use std::path::PathBuf;

use crate::excerpt::reason_excerpt;

/// A text encoder or its tokenizer cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The configuration cannot describe an encoder.
    #[error("invalid text encoder: {reason}")]
    InvalidEncoder {
        /// Which field, its value, and what it may be.
        reason: String,
    },
    /// A tokenizer's file cannot be read.
    #[error("cannot use the tokenizer {}: {}", path.display(), reason_excerpt(reason))]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A tokenizer could not be written; what was there before is as it was.
    #[error("cannot write the tokenizer {}: {reason}", path.display())]
    WriteTokenizer {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A tokenizer belongs to another encoder.
    #[error(
        "the tokenizer does not belong to the text encoder: it numbers {tokenizer} tokens, the \
         encoder embeds {encoder}; take the tokenizer.json of the same model"
    )]
    OtherTokenizer {
        /// Tokens of the tokenizer, up to the one with the largest number.
        tokenizer: usize,
        /// Tokens that the encoder has an embedding of.
        encoder: usize,
    },
    /// A tokenizer belongs to another encoder: its texts end otherwise.
    #[error(
        "the tokenizer does not belong to the text encoder: it ends texts by {tokenizer}, the encoder \
         by {encoder}; take the tokenizer.json of the same model"
    )]
    OtherEnd {
        /// Id of the tokenizer's end.
        tokenizer: u32,
        /// Id of the encoder's.
        encoder: u32,
    },
    /// A text cannot be cut into tokens.
    #[error("cannot tokenize `{text}`: {reason}")]
    Text {
        /// The text's beginning.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// The encoder gave values that are not finite.
    #[error(
        "the text encoder gave values that are not finite: its weights are damaged, or the precision \
         is too low for them; try f32"
    )]
    NotFinite,
    /// A tokenizer cannot be made from texts.
    #[error("cannot make a tokenizer from the captions: {reason}")]
    Training {
        /// What is wrong.
        reason: String,
    },
}

//! Text: the T5 encoder and its tokenizer.
//!
//! - [`TextTokenizer`]: from a text to the ids of its tokens.
//! - [`T5Config`] → [`T5Encoder`]: from ids to a state a token, which the transformer attends to.
//!
//! Files are those of Hugging Face, see [`crate::weights`]: a folder with `config.json`,
//! `tokenizer.json` and safetensors is read as it is, and what is trained here is written alike.

#[cfg(feature = "tokenizer")]
mod any_tokenizer;
mod attention;
mod block;
mod config;
#[cfg(feature = "text")]
mod encode;
mod encoded;
mod encoder;
mod error;
mod feed_forward;
mod initialisation;
mod names;
#[cfg(feature = "tokenizer")]
mod precompiled_map;
mod relative_position;
#[cfg(feature = "text")]
mod tokenizer;
#[cfg(feature = "tokenizer")]
mod tokenizer_file;
#[cfg(feature = "tokenizer")]
mod tokenizer_training;
#[cfg(all(feature = "text", any(test, not(feature = "tokenizer"))))]
mod word_tokenizer;

pub use attention::T5Attention;
pub use block::T5Block;
pub use config::{MAX_TOKENS, T5Config};
#[cfg(feature = "text")]
pub use encode::TextReader;
pub use encoded::{EncodedText, EncodedTexts, TextStore};
pub use encoder::T5Encoder;
pub use error::TextError;
pub use feed_forward::T5FeedForward;
pub(crate) use names::hugging_face_name;
pub use relative_position::{RelativePosition, relative_bucket};
#[cfg(feature = "text")]
pub use tokenizer::{TextTokenizer, Tokens};

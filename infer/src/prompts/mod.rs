//! Prompts: reading them, and making states of them before the model itself is loaded.
//!
//! Every different text is encoded once, in batches; then the encoder leaves the memory. States are
//! kept on disk, so that the same prompt needs no encoder the next time.

mod cache;
mod encode;
pub(crate) mod file;
mod source;

pub use cache::PromptCache;
pub use encode::{BATCH_TOKENS, EncodePrompts, EncodedText, EncodedTexts, encode_tokens};
pub use file::read_prompts;
pub use source::{folder_of, text_encoder_config, text_encoder_files};

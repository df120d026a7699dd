//! Prompts: reading them, finding their encoder, and keeping its states on disk, so that the same prompt
//! needs no encoder the next time.

mod cache;
pub(crate) mod file;
mod hash;
mod source;

pub use cache::PromptCache;
pub use file::read_prompts;
pub use hash::{hash_of_prompts, hash_of_texts};
pub use source::{folder_of, text_encoder_config, text_encoder_files};

//! A text encoder written to a folder in Hugging Face's layout.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;

use super::save::save_from;
use super::{DESCRIPTION_FILE, DType, TOKENIZER_FILE, WeightSet, WeightsError};
use crate::Result;
use crate::durable::write_text;
use crate::text::{T5Config, T5Encoder, TextTokenizer, hugging_face_name};

/// Writes an encoder's weights to `folder`, with its configuration and tokenizer.
///
/// # Errors
/// [`WeightsError::Write`] or [`crate::text::TextError::WriteTokenizer`]; every file is replaced at
/// once or not at all.
///
/// # Panics
/// If `dtype` is no float format.
pub fn save_text_encoder<B: Backend>(
    encoder: &T5Encoder<B>,
    config: &T5Config,
    tokenizer: &TextTokenizer,
    folder: &Path,
    set: WeightSet,
    dtype: DType,
) -> Result<()> {
    let path = folder.join(DESCRIPTION_FILE);
    let text = serde_json::to_string_pretty(config).expect("a configuration has a form in JSON");
    let write = |source| WeightsError::Write { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(write)?;
    write_text(&path, &text).map_err(write)?;
    tokenizer.write(&folder.join(TOKENIZER_FILE))?;
    let none = BTreeMap::new();
    save_from(encoder, &folder.join(set.file_name()), &hugging_face_name, dtype, &none)?;
    Ok(())
}

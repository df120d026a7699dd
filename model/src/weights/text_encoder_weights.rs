//! Shape and weights of a text encoder in Hugging Face's layout.

use std::io;
use std::path::Path;

use burn::tensor::backend::Backend;

use super::description::with_key;
use super::load::{Names, load_into};
use super::{DESCRIPTION_FILE, TensorFile, WeightsError};
use crate::plain_text::{self, MAX_DESCRIPTION};
use crate::text::{T5Config, T5Encoder, hugging_face_name};

/// The shape of the text encoder in a folder, checked.
///
/// # Errors
/// [`WeightsError::Open`] for a missing file, [`WeightsError::Config`].
pub fn read_text_encoder_config(folder: &Path) -> Result<T5Config, WeightsError> {
    let path = folder.join(DESCRIPTION_FILE);
    parsed(&path, plain_text::read(&path, MAX_DESCRIPTION))
}

/// As [`read_text_encoder_config`], of the bytes of its file.
#[cfg(feature = "text")]
pub(super) fn text_encoder_config_of(bytes: &[u8]) -> Result<T5Config, WeightsError> {
    let text = plain_text::of_bytes(bytes.to_vec(), MAX_DESCRIPTION);
    parsed(Path::new(DESCRIPTION_FILE), text)
}

fn parsed(path: &Path, text: io::Result<String>) -> Result<T5Config, WeightsError> {
    let text = text.map_err(|source| WeightsError::Open { path: path.to_owned(), source })?;
    let config: T5Config =
        serde_json::from_str(&text).map_err(|error| unusable(path, with_key(&text, &error)))?;
    config.check().map_err(|error| unusable(path, error.to_string()))?;
    Ok(config)
}

pub(super) fn unusable(path: &Path, reason: String) -> WeightsError {
    WeightsError::Config { path: path.to_owned(), reason }
}

/// An encoder with the weights of a file of Hugging Face's, which may be of the whole T5.
///
/// # Errors
/// [`WeightsError::Mismatch`] listing every tensor that does not fit, [`WeightsError::NotFinite`], or
/// what went wrong on reading.
pub fn load_text_encoder<B: Backend>(
    file: &TensorFile,
    config: &T5Config,
    dtype: burn::tensor::DType,
    device: &B::Device,
) -> Result<T5Encoder<B>, WeightsError> {
    // Some files have the table of embeddings under the encoder's name alone.
    let shared = file.tensors().contains_key("shared.weight");
    let in_file = |name: &str| match hugging_face_name(name) {
        name if name == "shared.weight" && !shared => "encoder.embed_tokens.weight".to_owned(),
        name => name,
    };
    let ignored = |name: &str| {
        ["decoder.", "lm_head.", "encoder.embed_tokens."]
            .iter()
            .any(|start| name.starts_with(start))
    };
    let names = Names { in_file: &in_file, ignored: &ignored };
    let encoder = T5Encoder::<B>::uninitialised(config, device);
    load_into(file, encoder, &names, |name| format_of(name, dtype))
}

/// The format of a parameter in a model of `dtype`.
fn format_of(name: &str, dtype: burn::tensor::DType) -> burn::tensor::DType {
    // The sums of this product are beyond f16 (Hugging Face keeps it in f32 as well).
    if dtype == burn::tensor::DType::F16 && name.ends_with(".wo.weight") {
        burn::tensor::DType::F32
    } else {
        dtype
    }
}

//! The configuration beside native weights.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::WeightsError;
use crate::cascade::CascadeConfig;
use crate::plain_text::{self, MAX_DESCRIPTION};
use crate::sampler::SamplerConfig;
use crate::{Error, PixelFlowConfig};

/// Largest side of the images that a model is trained on, in pixels.
const MOST_PIXELS: usize = 16_384;
/// Most tokens that a model's prompts may have.
const MOST_TOKENS: usize = 65_536;

/// What a model's weights do not say: `config.json` beside `model.safetensors`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDescription {
    /// The transformer.
    pub model: PixelFlowConfig,
    /// The cascade it was trained with.
    pub cascade: CascadeConfig,
    /// Side of the square images it was trained on, in pixels.
    pub resolution: usize,
    /// Names of the classes, one each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_names: Option<Vec<String>>,
    /// The text encoder, of a text model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextDescription>,
    /// How images are drawn unless the user says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerConfig>,
}

/// The text encoder of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextDescription {
    /// Its folder, seen from the model's, or `hf:OWNER/NAME`.
    pub encoder: String,
    /// Tokens of a prompt at most.
    pub max_tokens: usize,
}

impl ModelDescription {
    /// Whether the model draws from text, not from classes.
    pub fn is_text(&self) -> bool {
        self.model.cross_attention_dim.is_some()
    }

    /// The name of a class, or its number where it has none.
    pub fn class_name(&self, class: usize) -> String {
        let name = self.class_names.as_ref().and_then(|names| names.get(class));
        name.cloned().unwrap_or_else(|| class.to_string())
    }

    /// Reads and checks a description.
    ///
    /// # Errors
    /// [`WeightsError::Open`], or [`WeightsError::Config`] naming what does not fit.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let open = |source| WeightsError::Open { path: path.to_owned(), source };
        Self::parse(path, &plain_text::read(path, MAX_DESCRIPTION).map_err(open)?)
    }

    /// Reads and checks a description in memory; errors call it `path`.
    ///
    /// # Errors
    /// [`WeightsError::Config`] naming what does not fit.
    pub fn parse(path: &Path, text: &str) -> Result<Self, WeightsError> {
        let config = |reason: String| WeightsError::Config { path: path.to_owned(), reason };
        let text = plain_text::without_mark(text);
        let description: Self =
            serde_json::from_str(text).map_err(|error| config(with_key(text, &error)))?;
        description.check().map_err(|error| config(error.to_string()))?;
        if let Some(names) = &description.class_names
            && names.len() != description.model.num_classes
        {
            return Err(config(format!(
                "it names {} classes, the model has {}",
                names.len(),
                description.model.num_classes
            )));
        }
        Ok(description)
    }

    /// Checks every part, and that the images fit the cascade. No size is multiplied before it is
    /// bounded.
    ///
    /// # Errors
    /// [`crate::Error`] of the part that cannot be.
    pub fn check(&self) -> crate::Result<()> {
        self.model.check()?;
        let invalid = |reason: String| Err(Error::InvalidModel { reason });
        let channels = self.model.in_channels;
        if channels != 1 && channels != 3 {
            return invalid(format!("in_channels is {channels}, images have 1 or 3"));
        }
        if self.resolution == 0 || self.resolution > MOST_PIXELS {
            return invalid(format!(
                "resolution is {}, it must be 1 to {MOST_PIXELS} pixels",
                self.resolution
            ));
        }
        if let Some(TextDescription { max_tokens, .. }) = self.text
            && (max_tokens == 0 || max_tokens > MOST_TOKENS)
        {
            return invalid(format!("max_tokens is {max_tokens}, it must be 1 to {MOST_TOKENS}"));
        }
        let cascade = self.cascade.build()?;
        cascade.check_size(self.resolution, self.resolution, self.model.patch_size)?;
        if let Some(sampler) = &self.sampler {
            sampler.clone().check(cascade)?;
        }
        Ok(())
    }

    /// Writes the description, replacing the file at once.
    ///
    /// # Errors
    /// [`WeightsError::Write`]; what was there before is as it was.
    ///
    /// # Panics
    /// Never: a description always has a form in JSON.
    #[cfg(feature = "save")]
    pub fn write(&self, path: &Path) -> Result<(), WeightsError> {
        let text = serde_json::to_string_pretty(self).expect("a description has a form in JSON");
        crate::durable::write_text(path, &text)
            .map_err(|source| WeightsError::Write { path: path.to_owned(), source })
    }
}

/// What is wrong with a text in JSON, and behind which key.
pub(super) fn with_key(text: &str, error: &serde_json::Error) -> String {
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len);
    let end = line_start.sum::<usize>() + error.column();
    let before = text.get(..end).unwrap_or(text);
    let key = before.rmatch_indices(':').find_map(|(colon, _)| {
        let start = before[..colon].trim_end().strip_suffix('"')?;
        start.rsplit('"').next()
    });
    let said = error.to_string();
    // These name the key themselves; the last one before the place is another.
    let names_it = ["missing field", "unknown field"].iter().any(|kind| said.starts_with(kind));
    match key {
        Some(key) if error.is_data() && !names_it => format!("{}: {error}", key.escape_debug()),
        _ => said,
    }
}

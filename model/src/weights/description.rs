//! The configuration beside native weights.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::WeightsError;
use crate::PixelFlowConfig;
use crate::cascade::CascadeConfig;
use crate::sampler::SamplerConfig;

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
        Self::parse(path, &std::fs::read_to_string(path).map_err(open)?)
    }

    /// Reads and checks a description in memory; errors call it `path`.
    ///
    /// # Errors
    /// [`WeightsError::Config`] naming what does not fit.
    pub fn parse(path: &Path, text: &str) -> Result<Self, WeightsError> {
        let config = |reason: String| WeightsError::Config { path: path.to_owned(), reason };
        let description: Self =
            serde_json::from_str(text).map_err(|error| config(error.to_string()))?;
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

    /// Checks every part, and that the images fit the cascade.
    ///
    /// # Errors
    /// [`crate::Error`] of the part that cannot be.
    pub fn check(&self) -> crate::Result<()> {
        self.model.check()?;
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

//! The shape of a model.

use std::str::FromStr;

use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use crate::initialisation::{Rule, initialise};
use crate::int8::IN_A_WORD;
use crate::layers::MatrixFormat;
use crate::{Error, PixelFlow, Prediction, Result};

/// Configuration of a [`PixelFlow`] transformer; field names are the reference's, which has no `prediction`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelFlowConfig {
    /// Number of attention heads.
    pub num_attention_heads: usize,
    /// Features per head, a multiple of 4 (for the 2-D rotary embedding).
    pub attention_head_dim: usize,
    /// Channels of the image. Default 3.
    #[serde(default = "rgb")]
    pub in_channels: usize,
    /// Channels of the velocity. Default 3.
    #[serde(default = "rgb")]
    pub out_channels: usize,
    /// Number of transformer blocks.
    pub depth: usize,
    /// Number of classes, 0 for a text model; the null class comes on top.
    pub num_classes: usize,
    /// Side of a patch in pixels.
    pub patch_size: usize,
    /// Whether the attention projections have a bias. Default true.
    #[serde(default = "yes")]
    pub attention_bias: bool,
    /// Width of the text encoder's states; `None` for a class model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_attention_dim: Option<usize>,
    /// What the output is read as. Default the velocity.
    #[serde(default)] // Models from before it was a choice predict the velocity.
    pub prediction: Prediction,
}

/// Most features of a token.
const MOST_FEATURES: usize = 65_536;
/// Most classes.
const MOST_CLASSES: usize = 1_000_000;

fn rgb() -> usize {
    3
}

fn yes() -> bool {
    true
}

/// A named model size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// 28 blocks, 16 heads x 72, patch 4: the paper's ImageNet model, 677M parameters.
    Xl,
    /// 24 blocks, 16 heads x 64.
    Large,
    /// 12 blocks, 12 heads x 64.
    Base,
    /// 12 blocks, 6 heads x 64.
    Small,
    /// 4 blocks, 4 heads x 32: for tests and laptops.
    Tiny,
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "xl" => Ok(Self::Xl),
            "large" => Ok(Self::Large),
            "base" => Ok(Self::Base),
            "small" => Ok(Self::Small),
            "tiny" => Ok(Self::Tiny),
            _ => Err(Error::UnknownPreset { name: name.to_owned() }),
        }
    }
}

impl Preset {
    /// The class-conditional RGB model of this size with patch size 4.
    pub fn config(self, num_classes: usize) -> PixelFlowConfig {
        let (depth, num_attention_heads, attention_head_dim) = match self {
            Self::Xl => (28, 16, 72),
            Self::Large => (24, 16, 64),
            Self::Base => (12, 12, 64),
            Self::Small => (12, 6, 64),
            Self::Tiny => (4, 4, 32),
        };
        PixelFlowConfig {
            num_attention_heads,
            attention_head_dim,
            in_channels: 3,
            out_channels: 3,
            depth,
            num_classes,
            patch_size: 4,
            attention_bias: true,
            cross_attention_dim: None,
            prediction: Prediction::Velocity,
        }
    }
}

impl PixelFlowConfig {
    /// Width of the transformer: heads times features per head.
    pub fn width(&self) -> usize {
        self.num_attention_heads * self.attention_head_dim
    }

    /// Features of an input token: `in_channels * patch_size^2`.
    pub fn patch_features(&self) -> usize {
        self.in_channels * self.patch_size * self.patch_size
    }

    /// The label that stands for "no class": the last row of the embedding table.
    pub fn null_class(&self) -> usize {
        self.num_classes
    }

    /// Whether this is the text model of the same shape as a class model, which
    /// [can begin with its weights](crate::weights::load_class_as_text).
    pub fn is_text_form_of(&self, class: &Self) -> bool {
        let cross_attention_dim = self.cross_attention_dim;
        let text = Self { num_classes: 0, cross_attention_dim, ..class.clone() };
        class.num_classes > 0 && text == *self
    }

    /// Checks that the configuration describes a model.
    ///
    /// # Errors
    /// [`Error::InvalidModel`] naming the field, its value and what it may be.
    pub fn check(&self) -> Result<()> {
        let bounded = [
            ("num_attention_heads", self.num_attention_heads, 1024),
            ("attention_head_dim", self.attention_head_dim, 4096),
            ("in_channels", self.in_channels, 1024),
            ("out_channels", self.out_channels, 1024),
            ("depth", self.depth, 1024),
            ("patch_size", self.patch_size, 256),
        ];
        let invalid = |reason: String| Err(Error::InvalidModel { reason });
        for (name, value, most) in bounded {
            if value == 0 || value > most {
                return invalid(format!("{name} is {value}, it must be 1 to {most}"));
            }
        }
        if self.width() > MOST_FEATURES {
            return invalid(format!(
                "num_attention_heads x attention_head_dim is {} x {}, it must be at most {MOST_FEATURES}",
                self.num_attention_heads, self.attention_head_dim
            ));
        }
        if !self.attention_head_dim.is_multiple_of(4) {
            return invalid(format!(
                "attention_head_dim is {}, it must be a multiple of 4 for the 2-D rotary embedding",
                self.attention_head_dim
            ));
        }
        if self.in_channels != self.out_channels {
            return invalid(format!(
                "out_channels is {}, it must equal in_channels ({}): the velocity has the image's shape",
                self.out_channels, self.in_channels
            ));
        }
        match (self.num_classes, self.cross_attention_dim) {
            (0, None) => invalid(
                "num_classes is 0 and there is no cross_attention_dim: the model would have no \
                 condition; set one of them"
                    .to_owned(),
            ),
            (0, Some(features)) if features == 0 || features > MOST_FEATURES => invalid(format!(
                "cross_attention_dim is {features}, it must be 1 to {MOST_FEATURES}"
            )),
            (classes, Some(_)) if classes > 0 => invalid(format!(
                "num_classes is {classes} and cross_attention_dim is set: \
                 a model has classes or text, not both"
            )),
            (classes, _) if classes > MOST_CLASSES => {
                invalid(format!("num_classes is {classes}, it must be at most {MOST_CLASSES}"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that its model can have its matrices [in eight bits](crate::int8).
    ///
    /// # Errors
    /// [`Error::InvalidModel`] if [`check`](Self::check) fails, or the text encoder's states have a
    /// number of features that is no multiple of 4: so many values are in a word.
    pub fn check_int8(&self) -> Result<()> {
        self.check()?;
        match self.cross_attention_dim {
            Some(features) if !features.is_multiple_of(IN_A_WORD) => Err(Error::InvalidModel {
                reason: format!(
                    "cross_attention_dim is {features}, in int8 it must be a multiple of {IN_A_WORD}"
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Creates the model with the reference's initialisation drawn from `seed`.
    ///
    /// # Errors
    /// [`Error::InvalidModel`] if [`check`](Self::check) fails.
    pub fn init<B: Backend>(&self, seed: u64, device: &B::Device) -> Result<PixelFlow<B>> {
        self.check()?;
        Ok(initialise(
            PixelFlow::uninitialised(self, MatrixFormat::Float, device),
            seed,
            0,
            Rule::of,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid() {
        for name in ["xl", "large", "base", "small", "tiny"] {
            name.parse::<Preset>().unwrap().config(1000).check().unwrap();
        }
        let message = "huge".parse::<Preset>().unwrap_err().to_string();
        assert!(message.contains("`huge`") && message.contains("xl"), "{message}");
    }

    #[test]
    fn invalid_models_are_named() {
        let valid = Preset::Tiny.config(10);
        let cases = [
            (PixelFlowConfig { depth: 0, ..valid.clone() }, "depth is 0"),
            (PixelFlowConfig { patch_size: 1000, ..valid.clone() }, "patch_size is 1000"),
            (PixelFlowConfig { attention_head_dim: 30, ..valid.clone() }, "multiple of 4"),
            (PixelFlowConfig { out_channels: 6, ..valid.clone() }, "out_channels is 6"),
            (
                PixelFlowConfig {
                    num_attention_heads: 1024,
                    attention_head_dim: 4096,
                    ..valid.clone()
                },
                "is 1024 x 4096, it must be at most 65536",
            ),
            (PixelFlowConfig { num_classes: 0, ..valid.clone() }, "no condition"),
            (
                PixelFlowConfig {
                    num_classes: 0,
                    cross_attention_dim: Some(1 << 62),
                    ..valid.clone()
                },
                "it must be 1 to 65536",
            ),
            (PixelFlowConfig { num_classes: usize::MAX, ..valid.clone() }, "at most 1000000"),
            (PixelFlowConfig { cross_attention_dim: Some(64), ..valid }, "not both"),
        ];
        for (config, expected) in cases {
            let message = config.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}

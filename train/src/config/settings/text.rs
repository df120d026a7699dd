//! Section `[text]`: where a text model gets the states of its captions.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Choice, Kind, Setting, TrainConfig};
use crate::config::rule::{Verdict, require, within};
use crate::config::setting::section;

/// Where a text model gets the states of the captions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TextConfig {
    /// Of an encoder that learns too.
    Joint(JointConfig),
    /// Made beforehand.
    States(StatesConfig),
}

section! {
    /// A T5 encoder that is trained with the model, on words of the captions.
    struct JointConfig {
        /// Width of its states, which is model.cross_attention_dim: a multiple of 32.
        width: usize = 256 where |c| joint(c, |text| {
            let states = c.model.cross_attention_dim.unwrap_or(text.width);
            let fix = format!("it must be model.cross_attention_dim ({states})");
            require(text.width == states, fix)?;
            require(
                text.width.is_multiple_of(32) && (32..=1 << 16).contains(&text.width),
                "it must be a multiple of 32, the features of a head, and at most 65536",
            )
        });
        /// Its blocks, 1 to 64.
        layers: usize = 2 where |c| joint(c, |text| within(text.layers, 1..=64));
        /// Words that have a token of their own, at most.
        #[serde(default = "vocabulary")]
        vocabulary: usize = 8192 where |c| joint(c, |text| within(text.vocabulary, 4..=1 << 20));
        /// Tokens of a caption at most, 2 to 4096.
        #[serde(default = "max_tokens")]
        max_tokens: usize = 64 where |c| joint(c, |text| within(text.max_tokens, 2..=4096));
    }
}

section! {
    /// States that `train encode-text` has made of the captions with a trained encoder.
    struct StatesConfig {
        /// Folder of the states.
        path: PathBuf = "states";
        /// Folder of the states of data.validation, if that is set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        validation: Option<PathBuf> = None where |c| {
            let Some(TextConfig::States(text)) = &c.text else { return Ok(()) };
            require(
                text.validation.is_some() == c.data.validation.is_some(),
                "data.validation and the states of its captions go together",
            )
        };
    }
}

fn vocabulary() -> usize {
    8192
}

fn max_tokens() -> usize {
    64
}

/// The kinds of `text`.
pub(super) const TEXT: Choice = Choice {
    tag: "kind",
    default: "",
    kinds: &[
        Kind {
            name: "joint",
            documentation: JointConfig::DOCUMENTATION,
            settings: JointConfig::SETTINGS,
        },
        Kind {
            name: "states",
            documentation: StatesConfig::DOCUMENTATION,
            settings: StatesConfig::SETTINGS,
        },
    ],
};

/// The rule of an encoder that is trained with the model, where there is one.
fn joint(config: &TrainConfig, rule: impl FnOnce(&JointConfig) -> Verdict) -> Verdict {
    match &config.text {
        Some(TextConfig::Joint(text)) => rule(text),
        _ => Ok(()),
    }
}

/// A text model has states of captions; a class model has none.
pub(super) fn belongs(config: &TrainConfig) -> Verdict {
    match (&config.text, config.model.cross_attention_dim) {
        (Some(_), None) => Err("a class model has no use for it; set model.num_classes to 0 and \
             model.cross_attention_dim to the width of the states, or remove it"
            .to_owned()),
        (None, Some(_)) => Err("a text model learns from captions: write kind = \"joint\" or \
                                kind = \"states\""
            .to_owned()),
        _ => Ok(()),
    }
}

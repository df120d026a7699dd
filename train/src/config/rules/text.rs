//! Where a text model gets the states of its captions.

use super::Problems;
use crate::config::{TextConfig, TrainConfig};

/// A text model has states of captions that fit it; a class model has none.
pub(super) fn rules(problems: &mut Problems, config: &TrainConfig) {
    match (&config.text, config.model.cross_attention_dim) {
        (None, None) => {}
        (Some(_), None) => problems.require(
            false,
            "text",
            "set",
            "a class model has no use for it; set model.num_classes to 0 and \
             model.cross_attention_dim to the width of the states, or remove it",
        ),
        (None, Some(_)) => problems.require(
            false,
            "text",
            "not set",
            "a text model learns from captions: write kind = \"joint\" or kind = \"states\"",
        ),
        (Some(TextConfig::States { validation, .. }), Some(_)) => problems.require(
            validation.is_some() == config.data.validation.is_some(),
            "text.validation",
            if validation.is_some() { "set" } else { "not set" },
            "data.validation and the states of its captions go together",
        ),
        (Some(TextConfig::Joint { width, layers, vocabulary, max_tokens }), Some(states)) => {
            problems.require(
                *width == states,
                "text.width",
                width,
                format!("it must be model.cross_attention_dim ({states})"),
            );
            problems.require(
                width.is_multiple_of(32) && *width > 0,
                "text.width",
                width,
                "it must be a multiple of 32, the features of a head",
            );
            for (key, value, least, most) in [
                ("text.layers", *layers, 1, 64),
                ("text.vocabulary", *vocabulary, 4, 1 << 20),
                ("text.max_tokens", *max_tokens, 2, 4096),
            ] {
                let fix = format!("it must be {least} to {most}");
                problems.require((least..=most).contains(&value), key, value, fix);
            }
        }
    }
}

//! All settings, each declared once: key, type, default, rule and documentation.
//!
//! The checks, `--print-config` and the reference page are made from [`SECTIONS`].

mod data;
mod library;
mod observation;
mod text;
mod update;

pub use data::DataConfig;
pub use observation::{CheckpointConfig, LogConfig, PreviewConfig, ValidationConfig};
pub use text::{JointConfig, StatesConfig, TextConfig};
pub use update::UpdateConfig;

use super::problem::require;
use super::setting::{Choice, Section, Setting};

/// Every section, in the order in which they are written.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        rule: library::model,
        ..section(
            "model",
            " The transformer. In a recipe or with --set, `model.preset` (xl, large, base, small, tiny) sets
 depth, heads and patch size at once; keys that follow it win. The default is small.\n",
            library::MODEL,
        )
    },
    Section {
        rule: text::belongs,
        ..choice(
            "text",
            " Where a text model gets the states of the captions. None if empty. One of\n",
            text::TEXT,
        )
    },
    Section {
        rule: library::cascade,
        ..section(
            "cascade",
            " How generation is cut into stages; each doubles the resolution of the one before.\n",
            library::CASCADE,
        )
    },
    section("data", DataConfig::DOCUMENTATION, DataConfig::SETTINGS),
    choice("data.source", " The training images. Required. One of\n", data::SOURCES),
    choice(
        "data.validation",
        " Images for validation from a source of their own, written like data.source. None if empty.\n",
        data::SOURCES,
    ),
    Section {
        rule: |c| {
            require(
                c.data.validation.is_none() || c.data.held_out.is_none(),
                "data.validation is set too, and images for validation come from one of them; \
                 remove the other",
            )
        },
        ..choice(
            "data.held_out",
            " Or records of data.source that are kept for validation. None if empty. One of\n",
            data::HELD_OUT,
        )
    },
    section("train", UpdateConfig::DOCUMENTATION, UpdateConfig::SETTINGS),
    section("checkpoint", CheckpointConfig::DOCUMENTATION, CheckpointConfig::SETTINGS),
    section("validation", ValidationConfig::DOCUMENTATION, ValidationConfig::SETTINGS),
    section("preview", PreviewConfig::DOCUMENTATION, PreviewConfig::SETTINGS),
    Section {
        rule: library::sampler,
        ..section("preview.sampler", " How the images are generated.\n", library::SAMPLER)
    },
    choice(
        "preview.sampler.guidance",
        " Classifier-free guidance. One of\n",
        library::GUIDANCE,
    ),
    section("log", LogConfig::DOCUMENTATION, LogConfig::SETTINGS),
];

const fn section(
    name: &'static str,
    documentation: &'static str,
    settings: &'static [Setting],
) -> Section {
    Section { name, documentation, settings, choice: None, rule: |_| Ok(()) }
}

const fn choice(name: &'static str, documentation: &'static str, choice: Choice) -> Section {
    Section { choice: Some(choice), ..section(name, documentation, &[]) }
}

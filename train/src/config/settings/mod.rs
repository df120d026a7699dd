//! All settings, each declared once: key, type, default, rule and documentation.
//!
//! The checks, `--print-config` and the reference page are made from [`SECTIONS`].

mod data;
mod evaluation;
mod library;
mod lora;
mod observation;
mod ranks;
mod text;
mod update;

pub use data::DataConfig;
pub use evaluation::{EvaluationConfig, OtherSampler};
pub use lora::LoraConfig;
pub use observation::{
    AveragesConfig, CheckpointConfig, LogConfig, PreviewConfig, ValidationConfig,
};
pub use ranks::{MessageEngine, RanksConfig};
pub use text::{JointConfig, StatesConfig, TextConfig};
pub use update::{TimestepRule, UpdateConfig};

use pixelflow::PixelFlowConfig;
use pixelflow::cascade::CascadeConfig;
use serde::{Deserialize, Serialize};

use super::rule::require;
use super::setting;

pub(super) type Setting = setting::Setting<TrainConfig>;
pub(super) type Section = setting::Section<TrainConfig>;
pub(super) type Choice = setting::Choice<TrainConfig>;
pub(super) type Kind = setting::Kind<TrainConfig>;

/// All settings of a training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The transformer.
    pub model: PixelFlowConfig,
    /// Where a text model gets the states of the captions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextConfig>,
    /// How generation is cut into stages.
    pub cascade: CascadeConfig,
    /// The images.
    pub data: DataConfig,
    /// How the weights are updated.
    pub train: UpdateConfig,
    /// What learns in place of all weights.
    #[serde(default)] // Runs from before this section trained all.
    pub lora: LoraConfig,
    /// Several processes that train together.
    #[serde(default)] // Runs from before this section had one.
    pub ranks: RanksConfig,
    /// When the state is saved, and what is kept.
    pub checkpoint: CheckpointConfig,
    /// Averages whose width is chosen after training.
    #[serde(default)] // Runs from before this section kept none.
    pub averages: AveragesConfig,
    /// Loss on images that training does not see.
    pub validation: ValidationConfig,
    /// Grids of generated images.
    pub preview: PreviewConfig,
    /// How good the images are.
    #[serde(default)] // Runs from before this section measured nothing.
    pub evaluation: EvaluationConfig,
    /// Metrics.
    pub log: LogConfig,
}

/// Every section, in the order in which they are written.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        rule: library::model,
        ..declared(
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
        ..declared(
            "cascade",
            " How generation is cut into stages; each doubles the resolution of the one before.\n",
            library::CASCADE,
        )
    },
    declared("data", DataConfig::DOCUMENTATION, DataConfig::SETTINGS),
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
    declared("train", UpdateConfig::DOCUMENTATION, UpdateConfig::SETTINGS),
    declared("lora", LoraConfig::DOCUMENTATION, LoraConfig::SETTINGS),
    declared("ranks", RanksConfig::DOCUMENTATION, RanksConfig::SETTINGS),
    declared("checkpoint", CheckpointConfig::DOCUMENTATION, CheckpointConfig::SETTINGS),
    declared("averages", AveragesConfig::DOCUMENTATION, AveragesConfig::SETTINGS),
    declared("validation", ValidationConfig::DOCUMENTATION, ValidationConfig::SETTINGS),
    declared("preview", PreviewConfig::DOCUMENTATION, PreviewConfig::SETTINGS),
    Section {
        rule: library::sampler,
        ..declared("preview.sampler", " How the images are generated.\n", library::SAMPLER)
    },
    choice(
        "preview.sampler.guidance",
        " Classifier-free guidance. One of\n",
        library::GUIDANCE,
    ),
    choice(
        "preview.sampler.guidance_rule",
        " How guidance combines the conditional and the unconditional velocity. One of\n",
        library::GUIDANCE_RULE,
    ),
    declared("evaluation", EvaluationConfig::DOCUMENTATION, EvaluationConfig::SETTINGS),
    Section {
        rule: evaluation::sampler,
        ..declared("evaluation.sampler", OtherSampler::DOCUMENTATION, OtherSampler::SETTINGS)
    },
    choice(
        "evaluation.sampler.guidance",
        " That of preview.sampler if empty, or one of those listed there.\n",
        evaluation::GUIDANCE,
    ),
    choice(
        "evaluation.sampler.guidance_rule",
        " That of preview.sampler if empty, or one of those listed there.\n",
        evaluation::GUIDANCE_RULE,
    ),
    declared("log", LogConfig::DOCUMENTATION, LogConfig::SETTINGS),
];

const fn declared(
    name: &'static str,
    documentation: &'static str,
    settings: &'static [Setting],
) -> Section {
    Section { name, documentation, settings, choice: None, rule: |_| Ok(()) }
}

/// The section with a heading.
pub(super) fn section(heading: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == heading)
}

const fn choice(name: &'static str, documentation: &'static str, choice: Choice) -> Section {
    Section { choice: Some(choice), ..declared(name, documentation, &[]) }
}

//! Sections `[model]`, `[cascade]` and `[preview.sampler]`, whose structs are the library's.

use pixelflow::cascade::CascadeConfig;
use pixelflow::sampler::{SamplerConfig, SolverKind};
use pixelflow::{PixelFlowConfig, Prediction};

use super::{Choice, Kind, Setting, TrainConfig};
use crate::config::rule::{Verdict, require};
use crate::config::setting::settings;

pub(super) const MODEL: &[Setting] = settings! {
    <PixelFlowConfig>
    /// Attention heads.
    num_attention_heads: usize = 6;
    /// Features per head, a multiple of 4. The width of the model is heads times this.
    attention_head_dim: usize = 64;
    /// Channels of the images: 3, or 1 for grey ones. in_channels and out_channels are equal.
    in_channels: usize = 3 where |c| require(
        [1, 3].contains(&c.model.in_channels),
        "images have 3 channels, or 1 if they are grey",
    );
    out_channels: usize = 3;
    /// Transformer blocks.
    depth: usize = 12;
    /// Classes of the data set; the "no class" of guidance comes on top. 0 for a text model, which has
    /// `cross_attention_dim`, the width of the text encoder's states, instead.
    num_classes: usize = 1000;
    /// Side of a patch in pixels.
    patch_size: usize = 4;
    /// Whether the attention projections have a bias.
    attention_bias: bool = true;
    /// Width of the text encoder's states; only for a text model.
    cross_attention_dim: Option<usize> = None;
    /// What the output is read as: "velocity", as in the paper, or "end", the end of the stage, from which the
    /// velocity follows that is compared and integrated (JiT, arXiv 2511.13720). It belongs to the weights.
    prediction: Prediction = "velocity";
};

pub(super) const CASCADE: &[Setting] = settings! {
    <CascadeConfig>
    /// Number of stages, 1 to 16. The first works at resolution / 2^(stages - 1).
    stages: usize = 4;
    /// Timesteps a stage is trained on.
    train_timesteps: usize = 1000;
};

pub(super) const SAMPLER: &[Setting] = settings! {
    <SamplerConfig>
    /// "euler", "ab2", "ab3", "dpmpp2m", "unipc" (1 evaluation a step), "heun" (2) or "dopri5" (adaptive).
    solver: SolverKind = "euler";
    /// Reproduce the reference implementation with its flaws.
    reference: bool = false;
    /// Steps a stage: one number for all stages, or one for each. Not used by dopri5.
    steps: Vec<usize> = [10];
    /// Warp of the time within a stage; 1 is none.
    shift: f64 = 1.0;
    /// Relative and absolute tolerance of dopri5.
    rtol: f64 = 1e-3;
    atol: f64 = 1e-6;
};

/// The kinds of `preview.sampler.guidance`.
pub(super) const GUIDANCE: Choice = Choice {
    tag: "schedule",
    default: "schedule = \"stage-wise\"\nscale = 2.4",
    kinds: &[
        Kind {
            name: "stage-wise",
            documentation: "None in the first stage, all of it in the last.",
            settings: settings! {
                /// Scale of the last stage.
                scale: f64 = 2.4;
            },
        },
        Kind {
            name: "constant",
            documentation: "The same in all stages.",
            settings: settings! {
                /// Scale of all stages.
                scale: f64 = 1.5;
            },
        },
        Kind {
            name: "interval",
            documentation: "Only while the time, from 0 (noise) to 1 (image), is in an interval.",
            settings: settings! {
                /// Scale within the interval.
                scale: f64 = 1.5;
                /// Start of the interval.
                from: f64 = 0.2;
                /// End of the interval.
                to: f64 = 0.8;
            },
        },
    ],
};

/// The kinds of `preview.sampler.guidance_rule`.
pub(super) const GUIDANCE_RULE: Choice = Choice {
    tag: "rule",
    default: "rule = \"plain\"",
    kinds: &[
        Kind { name: "plain", documentation: "Their difference times the scale.", settings: &[] },
        Kind {
            name: "cfg-zero-star",
            documentation: "CFG-Zero*: the unconditional velocity is scaled first (arXiv 2503.18886).",
            settings: settings! {
                /// How much of that scaling counts, 0 to 1.
                strength: f64 = 1.0;
                /// Time, from 0 (noise) to 1 (image), until which the velocity is zero.
                zero_until: f64 = 0.0;
            },
        },
        Kind {
            name: "apg",
            documentation: "Adaptive projected guidance: less of what saturates (arXiv 2410.02416).",
            settings: settings! {
                /// Factor of the parallel part of the difference, 0 to 1; 1 is the plain rule.
                parallel: f64 = 0.0;
                /// Root mean square of the difference at most; 0 is no limit.
                threshold: f64 = 0.0;
            },
        },
    ],
};

/// The model's own rules.
pub(super) fn model(config: &TrainConfig) -> Verdict {
    config.model.check().map_err(|error| error.to_string())
}

/// The cascade's own rules.
pub(super) fn cascade(config: &TrainConfig) -> Verdict {
    config.cascade.build().map(drop).map_err(|error| error.to_string())
}

/// The sampler's own rules; they need a cascade.
pub(super) fn sampler(config: &TrainConfig) -> Verdict {
    check_sampler(config.preview.sampler.clone(), config)
}

/// A sampler's own rules with the cascade of a configuration.
pub(super) fn check_sampler(sampler: SamplerConfig, config: &TrainConfig) -> Verdict {
    let Ok(cascade) = config.cascade.build() else { return Ok(()) };
    sampler.check(cascade).map(drop).map_err(|error| error.to_string())
}

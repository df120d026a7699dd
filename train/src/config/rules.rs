//! Which values make sense.

use std::fmt;

use pixelflow::cascade::{Cascade, CascadeConfig};
use pixelflow_dataset::Buckets;

use super::{TextConfig, TrainConfig, UpdateConfig};

/// A value that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key with its section.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, fix } = self;
        write!(formatter, "{key} is {value}: {fix}")
    }
}

/// All values of a configuration that make no sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl Problems {
    /// Notes a problem with `key` unless `holds`.
    fn require(
        &mut self,
        holds: bool,
        key: &'static str,
        value: impl fmt::Display,
        fix: impl Into<String>,
    ) {
        if !holds {
            self.0.push(Problem {
                key,
                value: value.to_string(),
                fix: fix.into(),
            });
        }
    }
}

/// Everything that is wrong with a configuration.
pub(super) fn problems(config: &TrainConfig) -> Problems {
    let mut problems = Problems::default();
    let model = &config.model;
    if let Err(error) = model.check() {
        problems.require(false, "model", "invalid", error.to_string());
    } else {
        text(&mut problems, config);
        let channels = "images have 3 channels, or 1 if they are grey";
        problems.require(
            [1, 3].contains(&model.in_channels),
            "model.in_channels",
            model.in_channels,
            channels,
        );
    }
    match config.cascade.build() {
        Err(error) => problems.require(false, "cascade", "invalid", error.to_string()),
        Ok(cascade) => {
            resolution(&mut problems, config, &cascade);
            if let Err(error) = config.preview.sampler.clone().check(cascade) {
                problems.require(false, "preview.sampler", "invalid", error.to_string());
            }
        }
    }
    data(&mut problems, config);
    update(&mut problems, &config.train);
    observation(&mut problems, config);
    problems
}

/// A text model has states of captions that fit it; a class model has none.
fn text(problems: &mut Problems, config: &TrainConfig) {
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
            if validation.is_some() {
                "set"
            } else {
                "not set"
            },
            "data.validation and the states of its captions go together",
        ),
        (
            Some(TextConfig::Joint {
                width,
                layers,
                vocabulary,
                max_tokens,
            }),
            Some(states),
        ) => {
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

/// Every side must divide into patches at every stage, and once more into halves.
fn resolution(problems: &mut Problems, config: &TrainConfig, cascade: &Cascade) {
    let patch = config.model.patch_size.max(1);
    let CascadeConfig { stages, .. } = config.cascade;
    let lowest = patch * cascade.reduction(0);
    // A training pair starts from the image at half its stage's resolution.
    let multiple = if patch.is_multiple_of(2) {
        lowest
    } else {
        2 * lowest
    };
    let mut side = |key, side: usize| {
        let below = side / multiple * multiple;
        let nearest = if below == 0 || side - below > multiple / 2 {
            below + multiple
        } else {
            below
        };
        let fix = format!(
            "it must be a multiple of {multiple} (patch_size {patch}, {stages} stages), at most \
             4096; {nearest} is the nearest"
        );
        let fits = side > 0 && side.is_multiple_of(multiple) && side <= 4096;
        problems.require(fits, key, side, fix);
    };
    side("data.resolution", config.data.resolution);
    for size in &config.data.buckets {
        for length in size {
            side("data.buckets", *length);
        }
    }
    if !config.data.buckets.is_empty()
        && let Err(error) = Buckets::new(config.data.buckets.clone())
    {
        problems.require(false, "data.buckets", "invalid", error.to_string());
    }
}

fn data(problems: &mut Problems, config: &TrainConfig) {
    let data = &config.data;
    problems.require(
        (1.0..=8.0).contains(&data.expand_ratio),
        "data.expand_ratio",
        data.expand_ratio,
        "it must be 1 to 8",
    );
    problems.require(
        data.prefetch <= 1024,
        "data.prefetch",
        data.prefetch,
        "it must be 0 to 1024",
    );
    problems.require(
        data.threads <= 1024,
        "data.threads",
        data.threads,
        "it must be 0 to 1024",
    );
    problems.require(
        data.validation.is_none() || data.held_out.is_none(),
        "data.held_out",
        "set beside data.validation",
        "images for validation come from one of them; remove the other",
    );
}

fn update(problems: &mut Problems, train: &UpdateConfig) {
    let positive = |value: f64| value.is_finite() && value > 0.0;
    let not_negative = |value: f64| value.is_finite() && value >= 0.0;
    let share = |value: f64| (0.0..1.0).contains(&value);
    let UpdateConfig {
        steps,
        batch_size,
        gradient_accumulation: parts,
        lr,
        ..
    } = *train;

    problems.require(steps >= 1, "train.steps", steps, "train at least 1 step");
    let batch = "a batch has 1 to 1048576 images";
    problems.require(
        (1..=1 << 20).contains(&batch_size),
        "train.batch_size",
        batch_size,
        batch,
    );
    problems.require(
        parts >= 1 && batch_size.is_multiple_of(parts),
        "train.gradient_accumulation",
        parts,
        format!("it must divide train.batch_size ({batch_size})"),
    );
    problems.require(
        positive(lr),
        "train.lr",
        lr,
        "it must be above 0, such as 1e-4",
    );
    problems.require(
        not_negative(train.min_lr) && train.min_lr <= lr,
        "train.min_lr",
        train.min_lr,
        format!("it must be 0 to train.lr ({lr})"),
    );
    problems.require(
        train.warmup_steps <= steps,
        "train.warmup_steps",
        train.warmup_steps,
        format!("it must be at most train.steps ({steps})"),
    );
    let [beta_1, beta_2] = train.betas;
    problems.require(
        share(beta_1) && share(beta_2),
        "train.betas",
        format!("[{beta_1}, {beta_2}]"),
        "both must be at least 0 and below 1, such as [0.9, 0.999]",
    );
    problems.require(
        positive(train.eps),
        "train.eps",
        train.eps,
        "it must be above 0, such as 1e-8",
    );
    problems.require(
        not_negative(train.weight_decay) && train.weight_decay * lr < 1.0,
        "train.weight_decay",
        train.weight_decay,
        "it must be at least 0, and below 1 when multiplied with train.lr",
    );
    problems.require(
        not_negative(train.clip_norm),
        "train.clip_norm",
        train.clip_norm,
        "it must be at least 0; 0 does not clip",
    );
    problems.require(
        share(train.ema_decay),
        "train.ema_decay",
        train.ema_decay,
        "it must be at least 0 and below 1, such as 0.9999",
    );
    problems.require(
        (0.0..=1.0).contains(&train.label_dropout),
        "train.label_dropout",
        train.label_dropout,
        "it must be 0 to 1, such as 0.1",
    );
}

fn observation(problems: &mut Problems, config: &TrainConfig) {
    let (validation, preview) = (&config.validation, &config.preview);
    let keep = config.checkpoint.keep_last;
    problems.require(
        keep >= 1,
        "checkpoint.keep_last",
        keep,
        "keep at least 1 checkpoint",
    );
    let batches = validation.batches;
    problems.require(
        batches >= 1 || validation.every.is_never(),
        "validation.batches",
        batches,
        "validate on at least 1 batch, or set validation.every to 0",
    );
    for (key, count) in [
        ("preview.images_per_class", preview.images_per_class),
        ("preview.max_classes", preview.max_classes),
    ] {
        problems.require(
            (1..=256).contains(&count),
            key,
            count,
            "it must be 1 to 256",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Layers, TrainConfig};

    fn check(assignments: &[&str]) -> Result<(), String> {
        let mut layers = Layers::default();
        layers
            .set(r#"data.source={ kind = "folder", path = "images" }"#)
            .unwrap();
        for assignment in assignments {
            layers.set(assignment).unwrap();
        }
        let checked = layers.resolve().and_then(TrainConfig::check);
        checked.map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    // A table: one line a rule.
    #[expect(clippy::too_many_lines)]
    fn every_senseless_value_is_named_with_a_fix() {
        for (assignment, expected) in [
            (
                "data.resolution=36",
                "data.resolution is 36: it must be a multiple of 32 (patch_size 4, 4 stages), at most 4096; 32 is the nearest",
            ),
            (
                "data.resolution=0",
                "data.resolution is 0: it must be a multiple of 32",
            ),
            ("data.resolution=8192", "data.resolution is 8192: "),
            (
                "data.expand_ratio=0.5",
                "data.expand_ratio is 0.5: it must be 1 to 8",
            ),
            (
                "data.prefetch=5000",
                "data.prefetch is 5000: it must be 0 to 1024",
            ),
            (
                "data.threads=5000",
                "data.threads is 5000: it must be 0 to 1024",
            ),
            ("train.steps=0", "train.steps is 0: train at least 1 step"),
            (
                "train.batch_size=0",
                "train.batch_size is 0: a batch has 1 to 1048576 images",
            ),
            (
                "train.gradient_accumulation=0",
                "train.gradient_accumulation is 0: it must divide train.batch_size (256)",
            ),
            (
                "train.gradient_accumulation=3",
                "train.gradient_accumulation is 3: it must divide train.batch_size (256)",
            ),
            (
                "train.lr=0",
                "train.lr is 0: it must be above 0, such as 1e-4",
            ),
            ("train.lr=nan", "train.lr is NaN: it must be above 0"),
            ("train.lr=inf", "train.lr is inf: it must be above 0"),
            (
                "train.min_lr=1",
                "train.min_lr is 1: it must be 0 to train.lr (0.0001)",
            ),
            (
                "train.warmup_steps=100001",
                "train.warmup_steps is 100001: it must be at most train.steps (100000)",
            ),
            (
                "train.betas=[0.9, 1.0]",
                "train.betas is [0.9, 1]: both must be at least 0 and below 1",
            ),
            ("train.eps=0", "train.eps is 0: it must be above 0"),
            (
                "train.weight_decay=-0.1",
                "train.weight_decay is -0.1: it must be at least 0",
            ),
            (
                "train.clip_norm=-1",
                "train.clip_norm is -1: it must be at least 0; 0 does not clip",
            ),
            (
                "train.ema_decay=1",
                "train.ema_decay is 1: it must be at least 0 and below 1",
            ),
            (
                "train.label_dropout=2",
                "train.label_dropout is 2: it must be 0 to 1",
            ),
            (
                "checkpoint.keep_last=0",
                "checkpoint.keep_last is 0: keep at least 1 checkpoint",
            ),
            (
                "validation.batches=0",
                "validation.batches is 0: validate on at least 1 batch",
            ),
            (
                "preview.images_per_class=0",
                "preview.images_per_class is 0: it must be 1 to 256",
            ),
            (
                "preview.max_classes=1000",
                "preview.max_classes is 1000: it must be 1 to 256",
            ),
            (
                "preview.sampler.steps=[1, 2]",
                "steps has 2 numbers, it must have 1, or one for each of the 4 stages",
            ),
            ("model.depth=0", "depth is 0, it must be 1 to 1024"),
            (
                "model.in_channels=1",
                "out_channels is 3, it must equal in_channels",
            ),
            ("cascade.stages=0", "stages is 0, it must be 1 to 16"),
        ] {
            let message = check(&[assignment]).unwrap_err();
            assert!(message.contains(expected), "{assignment}: {message}");
        }
        check(&[]).unwrap();
    }

    #[test]
    fn all_problems_are_listed_at_once() {
        let message = check(&["train.lr=-1", "train.steps=0", "model.patch_size=0"]).unwrap_err();
        assert!(
            message.starts_with("the configuration is invalid:\n  "),
            "{message}"
        );
        for key in ["train.lr", "train.steps", "patch_size"] {
            assert!(message.contains(key), "{message}");
        }
    }

    #[test]
    fn odd_patches_need_sides_that_can_be_halved_once_more() {
        let odd = [
            "model.patch_size=3",
            "cascade.stages=2",
            "preview.sampler.steps=[1]",
        ];
        let with = |side: &'static str| check(&[odd[0], odd[1], odd[2], side]);
        let message = with("data.resolution=6").unwrap_err();
        assert!(message.contains("it must be a multiple of 12"), "{message}");
        with("data.resolution=12").unwrap();
    }

    #[test]
    fn validation_images_come_from_one_place() {
        let both = [
            r#"data.validation={ kind = "folder", path = "held" }"#,
            r#"data.held_out={ rule = "last", count = 3 }"#,
        ];
        check(&both[..1]).unwrap();
        check(&both[1..]).unwrap();
        let message = check(&both).unwrap_err();
        assert!(
            message.contains("data.held_out is set beside data.validation"),
            "{message}"
        );
    }

    #[test]
    fn grey_images_need_both_channel_counts() {
        check(&["model.in_channels=1", "model.out_channels=1"]).unwrap();
        let message = check(&["model.in_channels=2", "model.out_channels=2"]).unwrap_err();
        assert!(
            message.contains("model.in_channels is 2: images have 3 channels"),
            "{message}"
        );
    }
}

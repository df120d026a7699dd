//! Which values make sense.

mod size;
mod text;
mod update;

use std::fmt;

use super::TrainConfig;

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
        self.0.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
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
            self.0.push(Problem { key, value: value.to_string(), fix: fix.into() });
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
        text::rules(&mut problems, config);
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
            size::rules(&mut problems, config, &cascade);
            if let Err(error) = config.preview.sampler.clone().check(cascade) {
                problems.require(false, "preview.sampler", "invalid", error.to_string());
            }
        }
    }
    data(&mut problems, config);
    update::rules(&mut problems, &config.train);
    observation(&mut problems, config);
    problems
}

fn data(problems: &mut Problems, config: &TrainConfig) {
    let data = &config.data;
    problems.require(
        (1.0..=8.0).contains(&data.expand_ratio),
        "data.expand_ratio",
        data.expand_ratio,
        "it must be 1 to 8",
    );
    problems.require(data.prefetch <= 1024, "data.prefetch", data.prefetch, "it must be 0 to 1024");
    problems.require(data.threads <= 1024, "data.threads", data.threads, "it must be 0 to 1024");
    problems.require(
        data.validation.is_none() || data.held_out.is_none(),
        "data.held_out",
        "set beside data.validation",
        "images for validation come from one of them; remove the other",
    );
}

fn observation(problems: &mut Problems, config: &TrainConfig) {
    let (validation, preview) = (&config.validation, &config.preview);
    let keep = config.checkpoint.keep_last;
    problems.require(keep >= 1, "checkpoint.keep_last", keep, "keep at least 1 checkpoint");
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
        problems.require((1..=256).contains(&count), key, count, "it must be 1 to 256");
    }
}

#[cfg(test)]
mod tests;

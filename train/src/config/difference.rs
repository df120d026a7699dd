//! What differs between two configurations, and whether a run may go on in spite of it.

use std::collections::BTreeMap;
use std::fmt;

use pixelflow::excerpt::reason_excerpt;
use toml::{Table, Value};

use super::settings::TrainConfig;
use super::{document, dotted, keys};

/// Keys (and sections) that may change when a run goes on: the one table of them.
///
/// How far the next steps go may change; so may how much memory they take, and what is observed. Where
/// the files lie may change, since data sets move: a checkpoint knows the images by name and class.
pub(super) const FREE: [&str; 28] = [
    "train.steps",
    "train.lr",
    "train.min_lr",
    "train.warmup_steps",
    "train.schedule",
    "train.clip_norm",
    "train.spike_threshold",
    "train.rejected_steps",
    "train.gradient_accumulation",
    "train.recompute_activations",
    "train.precision",
    "ranks",
    "text.path",
    "text.validation",
    "checkpoint",
    "validation",
    "preview",
    "evaluation",
    "log",
    "data.strict",
    "data.prefetch",
    "data.threads",
    "data.cache_mib",
    "data.validation",
    "data.source.path",
    "data.source.paths",
    "data.source.images",
    "data.source.labels",
];

/// A key with different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key with its section.
    pub key: String,
    /// Its value in the run.
    pub before: String,
    /// Its new value.
    pub after: String,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, before, after } = self;
        let (before, after) = (reason_excerpt(before), reason_excerpt(after));
        write!(formatter, "{key} was {before}, now it is {after}")
    }
}

/// All keys with different values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(pub Vec<Change>);

impl fmt::Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|change| write!(formatter, "\n  {change}"))
    }
}

impl TrainConfig {
    /// The changes from `self` to `new` with which a run cannot be continued.
    ///
    /// Those of `FREE` may change.
    pub fn changes_to(&self, new: &Self) -> Vec<Change> {
        self.differences(new, &FREE)
    }

    /// Every key with another value in `other`, but for those of `except` and their sections.
    pub fn differences(&self, other: &Self, except: &[&str]) -> Vec<Change> {
        let (before, after) = (document::to_table(self), document::to_table(other));
        differences(&values(&before, except), &values(&after, except))
    }

    /// Every key with another value than the default, which is the one before; keys without a default too.
    pub fn differences_from_defaults(&self) -> Vec<Change> {
        let (defaults, own) = (keys::defaults(), document::to_table(self));
        differences(&values(&defaults, &[]), &values(&own, &[]))
    }
}

/// The keys with different values.
fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Change> {
    let value = |values: &BTreeMap<String, String>, key: &str| {
        values.get(key).cloned().unwrap_or_else(|| "not set".to_owned())
    };
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| Change {
            key: key.clone(),
            before: value(before, key),
            after: value(after, key),
        })
        .collect()
}

/// All values of a table by their keys, but for those of `except` and their sections; what is empty is not there.
fn values(table: &Table, except: &[&str]) -> BTreeMap<String, String> {
    let covers = |section: &str, key: &str| {
        key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_empty = |value: &Value| value.as_table().is_some_and(Table::is_empty);
    dotted::leaves(table)
        .into_iter()
        .filter(|(key, value)| !is_empty(value) && !except.iter().any(|e| covers(e, key)))
        .map(|(key, value)| (key, written(value)))
        .collect()
}

/// A value as it is compared: whole numbers are the same with and without a point.
fn written(value: &Value) -> String {
    match value {
        Value::Float(number) => number.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_length_memory_observation_and_places_may_change() {
        let (before, after) = (
            TrainConfig::of(&[]),
            TrainConfig::of(&[
                "train.steps=7",
                "train.lr=0.5",
                "train.warmup_steps=5",
                "train.clip_norm=0.1",
                "train.gradient_accumulation=4",
                "checkpoint.every=3",
                "preview.sampler.solver=heun",
                "evaluation={ every = 5, images = 9, sampler = { shift = 2.0 } }",
                "validation.batches=1",
                "log.every=1",
                "data.threads=3",
                "data.source.path=elsewhere",
            ]),
        );
        assert_ne!(before, after);
        assert_eq!(before.changes_to(&after), []);
    }

    #[test]
    fn only_what_is_not_the_default_differs_from_it() {
        let keys = |config: &TrainConfig| -> Vec<String> {
            config.differences_from_defaults().into_iter().map(|change| change.key).collect()
        };
        let source = keys(&TrainConfig::of(&[]));
        assert!(source.iter().all(|key| key.starts_with("data.source.")), "{source:?}");
        let text = "text={ kind = 'joint', width = 64, layers = 1 }";
        let mut set = keys(&TrainConfig::of(&["train.lr=0.5", "train.clip_norm=2", text]));
        set.retain(|key| !key.starts_with("data.source."));
        // A choice is all new: its own defaults are none of the configuration's.
        let text = ["kind", "layers", "max_tokens", "vocabulary", "width"]
            .map(|key| format!("text.{key}"));
        assert_eq!(set[..5], text, "{set:?}");
        assert_eq!(set[5..], ["train.clip_norm", "train.lr"], "{set:?}");
    }

    #[test]
    fn everything_that_changes_the_weights_is_listed() {
        let before = TrainConfig::of(&[]);
        let after =
            TrainConfig::of(&["train.eps=0.5", "data.source.classes=['a']", "train.seed=1"]);
        let changes: Vec<String> =
            before.changes_to(&after).iter().map(ToString::to_string).collect();
        assert_eq!(
            changes,
            [
                "data.source.classes was not set, now it is [\"a\"]",
                "train.eps was 0.00000001, now it is 0.5",
                "train.seed was 0, now it is 1",
            ]
        );
    }
}

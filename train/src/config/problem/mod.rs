//! Values that make no sense, and the words for them.

use std::fmt;

use pixelflow::excerpt::excerpt;
use toml::Value;

use super::rule::Verdict;
use super::settings::{SECTIONS, TrainConfig};
use super::{document, dotted};

/// A value that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key with its section.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it must be.
    pub fix: String,
}

/// All values of a configuration that make no sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Problem { key, value, fix }| {
            write!(formatter, "\n  {key} is {}: {fix}", excerpt(value))
        })
    }
}

/// Everything that is wrong with a configuration.
pub(super) fn problems(config: &TrainConfig) -> Problems {
    let table = document::to_table(config);
    let mut problems = Vec::new();
    let mut note = |verdict: Verdict, key: String| {
        if let Err(fix) = verdict {
            let value = match dotted::get(&table, &key) {
                None => "not set".to_owned(),
                // Its values are too many to repeat.
                Some(Value::Table(_)) => "invalid".to_owned(),
                Some(value) => value.to_string(),
            };
            problems.push(Problem { key, value, fix });
        }
    };
    for section in SECTIONS {
        note((section.rule)(config), section.name.to_owned());
        for setting in section.settings_in(&table) {
            note((setting.rule)(config), section.key(setting));
        }
    }
    Problems(problems)
}

#[cfg(test)]
mod tests;

//! What is to be said of several runs beside one another.

use std::collections::BTreeMap;

use serde::Serialize;

use super::meeting::{Meeting, at_equal_images, at_equal_steps};
use crate::identity::Identity;
use crate::metrics::{Record, Score, ValidationRecord};
use crate::run_folder::RunFolder;

/// Several runs beside one another.
#[derive(Debug, Serialize)]
pub(super) struct Comparison {
    /// The runs, in the order in which they were named.
    pub runs: Vec<Summary>,
    /// Settings that are not the same in all of them.
    pub settings: Vec<Setting>,
    /// Validation losses after the same steps.
    pub at_equal_steps: Vec<Meeting>,
    /// Validation losses after as many images.
    pub at_equal_images: Vec<Meeting>,
    /// What somebody should know who compares them.
    pub notes: Vec<String>,
}

/// A run in numbers.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Its folder, as it was named.
    pub name: String,
    /// Steps taken when something was last recorded.
    pub steps: u64,
    /// Images learned from.
    pub images: u64,
    /// Seconds in steps of training.
    pub seconds: Option<f64>,
    /// Images a second over all of them.
    pub images_per_second: Option<f64>,
    /// The last loss of training.
    pub loss: Option<f64>,
    /// The smallest validation loss.
    pub best_validation: Option<Best>,
    /// The best value of each metric of drawn images, by its name.
    pub best_evaluation: BTreeMap<String, Best>,
    /// Hash of the training records; `None` where nothing says.
    pub records: Option<String>,
    /// What its last session computed on.
    pub device: Option<String>,
}

/// The smallest value of something, and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Best {
    /// The value.
    pub value: f64,
    /// Steps taken then.
    pub step: u64,
}

/// A setting that is not the same in all runs.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Setting {
    /// Its key.
    pub key: String,
    /// Its value in each run.
    pub values: Vec<String>,
}

impl Comparison {
    /// Compares runs.
    pub fn of(runs: &[RunFolder]) -> Self {
        let summaries: Vec<Summary> = runs.iter().map(Summary::of).collect();
        let validations: Vec<Vec<&ValidationRecord>> = runs.iter().map(validations).collect();
        Self {
            settings: settings(runs),
            at_equal_steps: at_equal_steps(&validations),
            at_equal_images: at_equal_images(&validations),
            notes: notes(runs, &summaries, &validations),
            runs: summaries,
        }
    }
}

impl Summary {
    fn of(run: &RunFolder) -> Self {
        let last = run.records.iter().rev().find_map(|record| match record {
            Record::Training(training) => Some(training),
            _ => None,
        });
        let best = |best: Option<Best>, value: f64, step: u64| match best {
            Some(best) if best.value <= value || !value.is_finite() => Some(best),
            best if !value.is_finite() => best,
            _ => Some(Best { value, step }),
        };
        let mut best_validation = None;
        let mut best_evaluation = BTreeMap::new();
        for record in &run.records {
            match record {
                Record::Validation(validation) => {
                    best_validation = best(best_validation, validation.loss, validation.step);
                }
                Record::Evaluation(evaluation) => {
                    for Score { name, value, .. } in evaluation.metrics.values() {
                        let so_far = best_evaluation.get(name).copied();
                        if let Some(best) = best(so_far, *value, evaluation.step) {
                            best_evaluation.insert(name.clone(), best);
                        }
                    }
                }
                _ => {}
            }
        }
        Self {
            name: run.path.display().to_string(),
            steps: run.records.iter().map(Record::step).max().unwrap_or(0),
            images: last.map_or(0, |training| training.images),
            seconds: last.map(|training| training.seconds),
            images_per_second: last
                .map(|training| training.images as f64 / training.seconds)
                .filter(|rate| rate.is_finite()),
            loss: last.map(|training| training.means.loss),
            best_validation,
            best_evaluation,
            records: run.identity().as_ref().map(|identity| identity.records().to_owned()),
            device: run.sessions.last().map(|session| session.device.clone()),
        }
    }
}

/// The validations of a run with a number as their loss, by ascending step.
fn validations(run: &RunFolder) -> Vec<&ValidationRecord> {
    let validations = run.records.iter().filter_map(|record| match record {
        Record::Validation(validation) => Some(validation),
        _ => None,
    });
    validations.filter(|record| record.loss.is_finite()).collect()
}

/// Settings that are not the same in all runs, by key.
fn settings(runs: &[RunFolder]) -> Vec<Setting> {
    let Some((first, others)) = runs.split_first() else { return Vec::new() };
    let mut settings: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    let mut of_first: BTreeMap<String, String> = BTreeMap::new();
    for (index, other) in others.iter().enumerate() {
        for change in first.config.differences(&other.config, &[]) {
            let values =
                settings.entry(change.key.clone()).or_insert_with(|| vec![None; runs.len()]);
            values[index + 1] = Some(change.after);
            of_first.insert(change.key, change.before);
        }
    }
    let setting = |(key, values): (String, Vec<Option<String>>)| {
        let own = of_first[&key].clone();
        let values = values.into_iter().map(|value| value.unwrap_or_else(|| own.clone())).collect();
        Setting { key, values }
    };
    settings.into_iter().map(setting).collect()
}

/// What somebody should know who compares them.
fn notes(
    runs: &[RunFolder],
    summaries: &[Summary],
    validations: &[Vec<&ValidationRecord>],
) -> Vec<String> {
    let mut notes = Vec::new();
    let identities: Vec<Option<Identity>> = runs.iter().map(RunFolder::identity).collect();
    let of_first = &summaries[0].name;
    for ((run, identity), validations) in summaries.iter().zip(&identities).zip(validations) {
        let name = &run.name;
        match (&identities[0], identity) {
            (Some(first), Some(other)) if first != other => notes.push(format!(
                "{name} has learned from other images or captions than {of_first}: their losses are of different data"
            )),
            (_, None) => notes.push(format!(
                "{name} does not say which images it has learned from: whether they are the same is not known"
            )),
            _ => {}
        }
        if validations.is_empty() {
            notes.push(format!("{name} has no validation loss"));
        }
    }
    let samplers =
        runs.iter().map(|run| run.config.evaluation.sampler.over(&run.config.preview.sampler));
    let differ = samplers.collect::<Vec<_>>().windows(2).any(|two| two[0] != two[1]);
    if differ && runs.iter().all(|run| !run.config.evaluation.every.is_never()) {
        notes.push(
            "the runs draw what they measure with different samplers: their scores differ by that, too".to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;

    fn run(path: &str, assignments: &[&str]) -> RunFolder {
        let config = TrainConfig::of(assignments);
        RunFolder {
            path: path.into(),
            config,
            records: Vec::new(),
            sessions: Vec::new(),
            damaged: 0,
        }
    }

    #[test]
    fn a_setting_that_one_run_has_is_listed_with_the_values_of_all() {
        let runs = [
            run("a", &["train.lr=0.1"]),
            run("b", &["train.lr=0.1"]),
            run("c", &["train.lr=0.5", "train.seed=3"]),
        ];
        let listed = |key: &str, values: [&str; 3]| Setting {
            key: key.to_owned(),
            values: values.map(str::to_owned).to_vec(),
        };
        let expected =
            [listed("train.lr", ["0.1", "0.1", "0.5"]), listed("train.seed", ["0", "0", "3"])];
        assert_eq!(settings(&runs), expected);
    }

    #[test]
    fn what_nothing_says_is_not_called_the_same() {
        let comparison = Comparison::of(&[run("a", &[]), run("b", &[])]);
        let unknown = |name: &str| {
            format!(
                "{name} does not say which images it has learned from: whether they are the same is not known"
            )
        };
        assert!(comparison.notes.contains(&unknown("b")), "{:?}", comparison.notes);
        assert!(comparison.notes.contains(&"a has no validation loss".to_owned()));
    }
}

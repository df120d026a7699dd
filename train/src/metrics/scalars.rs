//! The numbers of a record, by the names that TensorBoard, MLflow and Weights & Biases show them under.

use std::collections::BTreeMap;

use super::{Record, Score};

/// The numbers of a record with their names, such as `train/loss`; a rejected step has none, the curve of rejected steps
/// counts it.
pub fn scalars(record: &Record) -> Vec<(String, f64)> {
    match record {
        Record::Training(record) => {
            let mut values = losses("train", record.means.loss, &record.means.stage_losses);
            values.extend([
                named("train/gradient_norm", record.means.gradient_norm),
                named("train/learning_rate", record.learning_rate),
                named("train/images_per_second", record.means.images_per_second),
                named("train/epoch", record.epoch),
                named("train/rejected_steps", record.rejected as f64),
                named("train/spikes", record.spikes as f64),
            ]);
            values.extend(record.loss_scale.map(|factor| named("train/loss_scale", factor)));
            let memory = record.memory.map(|bytes| named("train/memory_gb", bytes as f64 / 1e9));
            values.extend(memory);
            let shares = record.means.times.map(|times| times.shares()).unwrap_or_default();
            values
                .extend(shares.iter().map(|(name, share)| named(&format!("time/{name}"), *share)));
            values
        }
        Record::Validation(record) => losses("validation", record.loss, &record.stage_losses),
        Record::Evaluation(record) => scores(&record.metrics),
        Record::Rejected(_) => Vec::new(),
        Record::Rollback(record) => vec![named("train/rollback_to", record.to as f64)],
        Record::Preview(record) => vec![named("preview/patch_grid", record.patch_grid.ratio)],
    }
}

fn named(name: &str, value: f64) -> (String, f64) {
    (name.to_owned(), value)
}

/// The loss and that of each stage that has one.
fn losses(prefix: &str, loss: f64, stages: &[Option<f64>]) -> Vec<(String, f64)> {
    let stage = |(stage, loss): (usize, &Option<f64>)| {
        Some((format!("{prefix}/loss_stage_{stage}"), (*loss)?))
    };
    let mut values = vec![(format!("{prefix}/loss"), loss)];
    values.extend(stages.iter().enumerate().filter_map(stage));
    values
}

/// Every metric, and its standard error where that is known.
fn scores(metrics: &BTreeMap<String, Score>) -> Vec<(String, f64)> {
    let of_metric = |(key, score): (&String, &Score)| {
        let name = format!("evaluation/{key}");
        let error = score.standard_error;
        let error = error.map(|error| (format!("{name}_standard_error"), error));
        [Some((name, score.value)), error]
    };
    metrics.iter().flat_map(of_metric).flatten().collect()
}

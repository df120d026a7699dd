//! What is known about a run at a step.

use std::collections::BTreeMap;

use infer::QualityScore;
use serde::{Deserialize, Deserializer, Serialize};

use super::Mean;

/// One line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Record {
    /// Means over the training steps since the last record.
    Training(TrainingRecord),
    /// Loss on images that training does not see.
    Validation(ValidationRecord),
    /// Quality of drawn images.
    Evaluation(EvaluationRecord),
    /// A step that has changed no weight.
    Rejected(RejectedRecord),
    /// A return to earlier weights.
    Rollback(RollbackRecord),
    /// What was measured of a preview.
    Preview(PreviewRecord),
}

/// Means over the training steps since the last record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Steps taken.
    pub step: u64,
    /// Images learned from, counted with repetition.
    pub images: u64,
    /// Passes over the data set.
    pub epoch: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Decay of the moving average at the last step.
    pub ema_decay: f64,
    /// Records of the data set that could not be used so far.
    #[serde(default)]
    pub skipped: usize,
    /// Steps so far whose loss or gradient was not finite.
    #[serde(default)]
    pub rejected: u64,
    /// Gradients so far whose norm was clipped as a spike.
    #[serde(default)]
    pub spikes: u64,
    /// The factor of the loss, in f16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_scale: Option<f64>,
    /// Seconds of training so far, over all sessions.
    pub seconds: f64,
    /// Bytes that the program has in the host's memory, where the system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Loss and speed.
    #[serde(flatten)]
    pub means: Mean,
}

/// Loss of the moving average on images that training does not see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationRecord {
    /// Steps taken.
    pub step: u64,
    /// Images learned from, counted with repetition.
    pub images: u64,
    /// Mean over all images.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// Mean over the images of each stage.
    pub stage_losses: Vec<Option<f64>>,
}

/// Quality of the moving average's images beside real ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Steps taken.
    pub step: u64,
    /// Images learned from, counted with repetition.
    pub images: u64,
    /// Images that were drawn and measured.
    pub drawn: usize,
    /// What was measured, by names such as `fd_efflite0`.
    pub metrics: BTreeMap<String, Score>,
}

/// A step whose loss or gradient was not finite: it has changed no weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRecord {
    /// The step; with the seed it says which batch that was.
    pub step: u64,
    /// The run's `train.seed`.
    pub seed: u64,
    /// What was not finite.
    pub what: String,
    /// How many in a row that makes.
    pub in_a_row: u64,
    /// Names of the batch's images.
    pub images: Vec<String>,
}

/// A return to earlier weights, because too many steps in a row were rejected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollbackRecord {
    /// Steps taken.
    pub step: u64,
    /// The step of the checkpoint whose weights the run has now.
    pub to: u64,
    /// What the learning rate is multiplied with from now on.
    pub rate: f64,
}

/// What was measured of the images of a preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewRecord {
    /// Steps taken.
    pub step: u64,
    /// Images learned from, counted with repetition.
    pub images: u64,
    /// Images of the preview.
    pub drawn: usize,
    /// How much of a grid of patches they show.
    pub patch_grid: PatchGridScore,
}

/// How much more images change across the borders of patches than within them, beside real images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchGridScore {
    /// Mean squared difference of neighbours across borders over that within patches, in drawn images.
    pub drawn: f64,
    /// The same in real ones.
    pub real: f64,
    /// The first over the second: 1 without a grid.
    pub ratio: f64,
    /// Its standard error, as a share of it.
    pub relative_error: f64,
}

impl PatchGridScore {
    /// Ratio above which a grid is to be seen. Measured beside the demo's held-out images, in groups of 32 as its previews
    /// have: real training images are at 0.90 to 1.16, drawings of the shipped demo at 0.96 to 1.11; those of the demo
    /// after 20 to 140 steps, whose patches anyone sees, at 2.0 to 2.9, and after 560 steps, where they can still be seen,
    /// at 1.51.
    pub const THRESHOLD: f64 = 1.25;

    /// Whether a grid of patches is there: the ratio is above [`THRESHOLD`](Self::THRESHOLD), and is so by more than
    /// three of its standard errors.
    pub fn is_grid(&self) -> bool {
        self.ratio > Self::THRESHOLD && self.ratio * (1.0 - 3.0 * self.relative_error) > 1.0
    }
}

/// The value of a metric; less is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Its name for people, such as `FD-EffLite0`.
    pub name: String,
    /// The number.
    #[serde(deserialize_with = "null_is_nan")]
    pub value: f64,
    /// How sure it is, where that is known.
    pub standard_error: Option<f64>,
}

impl Score {
    /// What was measured, by name.
    pub fn by_key(scores: Vec<QualityScore>) -> BTreeMap<String, Self> {
        let named = |QualityScore { key, name, value, standard_error }| {
            (key, Self { name, value, standard_error })
        };
        scores.into_iter().map(named).collect()
    }
}

/// A number that was not finite: JSON has only `null` for it, and earlier programs wrote it.
pub(super) fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Record {
    /// Steps taken.
    pub fn step(&self) -> u64 {
        match self {
            Self::Training(record) => record.step,
            Self::Validation(record) => record.step,
            Self::Evaluation(record) => record.step,
            Self::Rejected(record) => record.step,
            Self::Rollback(record) => record.step,
            Self::Preview(record) => record.step,
        }
    }
}

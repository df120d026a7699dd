//! How far a run has come.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use pixelflow::excerpt::reason_excerpt;
use serde::{Deserialize, Serialize};

use super::Store;
use crate::error::read_error;
use crate::identity::Identity;
use crate::loss_scale::LossScale;
use crate::metrics::Means;
use crate::rejections::Rejections;
use crate::spikes::Spikes;
use crate::{Error, Result};

/// How far a run has come; everything random follows from the seed and `step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Steps taken.
    pub step: u64,
    /// Images learned from, counted with repetition.
    pub images: u64,
    /// Seconds of training so far, over all sessions.
    pub seconds: f64,
    /// Records of the training data: another number would be another order of the images.
    pub records: usize,
    /// Which records they are; `None` in checkpoints from before this was kept.
    #[serde(default)]
    pub identity: Option<Identity>,
    /// What steps have reported since the last record of metrics.
    #[serde(default)]
    pub period: Means,
    /// Training records, by number, that could not be used.
    #[serde(default)]
    pub skipped: BTreeSet<usize>,
    /// Steps whose loss or gradient was not finite.
    #[serde(default)]
    pub rejections: Rejections,
    /// What the norms of gradients have been.
    #[serde(default)]
    pub spikes: Spikes,
    /// The factor of the loss in f16.
    #[serde(default)]
    pub loss_scale: LossScale,
    /// Hash of the weights that adapters learn on; `None` where all weights learn.
    #[serde(default)]
    pub adapted: Option<String>,
    /// What was due after the last step and has not been done.
    #[serde(default)]
    pub due: Due,
    /// When it was saved, in milliseconds since 1970; 0 in checkpoints from before this was kept.
    #[serde(default)]
    saved_at: u64,
    /// Name of the run's folder when it was saved: a copy has another.
    #[serde(default)]
    run: String,
}

/// What is done after a step, besides saving.
#[allow(clippy::struct_excessive_bools)] // Each is due by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// A validation.
    pub validation: bool,
    /// A preview.
    pub preview: bool,
    /// A measurement of drawn images; not there in checkpoints from before there were any.
    #[serde(default)]
    pub evaluation: bool,
    /// A snapshot of the averages; not there in checkpoints from before there were any.
    #[serde(default)]
    pub averages: bool,
}

impl State {
    /// A run that has not begun, on a data set of `records` images.
    pub fn new(records: usize, identity: Identity, stages: usize) -> Self {
        Self {
            step: 0,
            images: 0,
            seconds: 0.0,
            records,
            identity: Some(identity),
            period: Means::new(stages),
            skipped: BTreeSet::new(),
            rejections: Rejections::default(),
            spikes: Spikes::default(),
            loss_scale: LossScale::default(),
            adapted: None,
            due: Due::default(),
            saved_at: 0,
            run: String::new(),
        }
    }

    /// Reads the state of the checkpoint in `folder`.
    ///
    /// # Errors
    /// [`Error::Read`] or [`Error::DamagedCheckpoint`].
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(super::STATE);
        let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
        serde_json::from_str(&text).map_err(|error| Error::DamagedCheckpoint {
            path: folder.to_owned(),
            reason: format!("{}: {}", super::STATE, reason_excerpt(&error.to_string())),
        })
    }

    /// Updates of the weights so far.
    pub fn updates(&self) -> u64 {
        self.step - self.rejections.without_update
    }

    /// Says in the state when and where it is saved.
    pub fn note_save(&mut self, store: &Store) {
        self.saved_at = milliseconds(SystemTime::now());
        self.run = store.run_name();
    }

    /// What tells which of several runs was saved last: when, and whether it is no copy. A folder's date
    /// tells only when it was copied; it stands in for checkpoints that do not say.
    pub fn recency(&self, checkpoint: &Path, store: &Store) -> (u64, bool) {
        let saved_at = Some(self.saved_at).filter(|&at| at > 0).or_else(|| modified(checkpoint));
        (saved_at.unwrap_or(0), self.run == store.run_name())
    }
}

/// When a file or folder was changed, in milliseconds since 1970.
pub fn modified(path: &Path) -> Option<u64> {
    Some(milliseconds(path.metadata().ok()?.modified().ok()?))
}

fn milliseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

//! How far a run has come.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::read_error;
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
}

impl State {
    /// A run that has not begun, on a data set of `records` images.
    pub fn new(records: usize) -> Self {
        Self { step: 0, images: 0, seconds: 0.0, records }
    }

    /// Reads the state of the checkpoint in `folder`.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(super::STATE);
        let text = std::fs::read_to_string(&path).map_err(read_error(&path))?;
        serde_json::from_str(&text).map_err(|error| Error::DamagedCheckpoint {
            path: folder.to_owned(),
            reason: format!("{}: {error}", super::STATE),
        })
    }
}

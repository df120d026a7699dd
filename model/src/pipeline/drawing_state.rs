//! A drawing that was stopped.

use serde::{Deserialize, Serialize};

use super::{Provenance, Request};
use crate::sampler::SavedState;
use crate::{Error, Result};

/// Key of the drawing's own numbers.
const KEY: &str = "drawing";

/// A drawing that was stopped: what was asked, how many images are done, and where the batch is.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawingState {
    pub(super) request: Request,
    /// All that the images are drawn from; `None` if a model at hand drew them.
    pub(super) provenance: Option<Provenance>,
    /// The first image that is not done.
    pub(super) first: usize,
    pub(super) stepper: SavedState,
}

/// Its numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    request: Request,
    provenance: Option<Provenance>,
    first: usize,
}

impl DrawingState {
    /// What was asked.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Number of images that are done.
    pub fn images_done(&self) -> usize {
        self.first
    }

    /// The state as a safetensors file.
    ///
    /// # Panics
    /// Never: a request always has a form in JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { request, provenance, first, stepper } = self.clone();
        let numbers = Numbers { request, provenance, first };
        let json = serde_json::to_string(&numbers).expect("a request has a form in JSON");
        stepper.to_bytes_with(&[(KEY, json)])
    }

    /// The state that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Error::SavedState`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (stepper, mut metadata) = SavedState::from_bytes_with(bytes)?;
        let wrong = |reason: String| Error::SavedState { reason };
        let json = metadata.remove(KEY).ok_or_else(|| wrong("it is of no drawing".to_owned()))?;
        let numbers: Numbers = serde_json::from_str(&json).map_err(|e| wrong(e.to_string()))?;
        let Numbers { request, provenance, first } = numbers;
        Ok(Self { request, provenance, first, stepper })
    }
}

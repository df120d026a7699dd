//! Reading a checkpoint.

use std::path::Path;

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{TensorFile, load_model};
use pixelflow::{PixelFlow, PixelFlowConfig};

use super::{EMA, MODEL, OPTIMIZER, State, moments};
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::trainer::Trainer;
use crate::{Error, Result};

/// A run as it was when the checkpoint in `folder` was saved.
///
/// # Errors
/// [`Error::Read`], [`Error::Model`] for weights that do not fit, [`Error::DamagedCheckpoint`].
pub fn load<A>(
    folder: &Path,
    model: &PixelFlowConfig,
    optimizer: OptimizerConfig,
    device: &A::Device,
) -> Result<(Trainer<A>, State)>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let damaged = |reason: String| Error::DamagedCheckpoint {
        path: folder.to_owned(),
        reason,
    };
    let state = State::read(folder)?;
    let weights = |error: pixelflow::Error| damaged(error.to_string());
    let open = |name| TensorFile::open(&folder.join(name)).map_err(|error| weights(error.into()));
    let average: PixelFlow<A::InnerBackend> =
        load_model(&open(EMA)?, model, device).map_err(weights)?;
    let model: PixelFlow<A> = load_model(&open(MODEL)?, model, device).map_err(weights)?;
    let fresh = Optimizer::new(optimizer, &average);
    let moments =
        moments::load(&folder.join(OPTIMIZER), fresh.moments(), device).map_err(damaged)?;
    let steps = usize::try_from(state.step).map_err(|error| damaged(error.to_string()))?;
    let optimizer = Optimizer::resume(optimizer, steps, moments);
    Ok((Trainer::new(model, optimizer, device.clone()), state))
}

//! The averages of a run as a file: `average-1.NAME` and so on.

use std::path::Path;

use burn::module::Module;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::WeightsError;

use super::flat_tensors::{self, Values};
use crate::averages::PowerAverages;
use crate::parameters::flat_parameters;

/// One name for each average.
const PARTS: [&str; 2] = ["average-1", "average-2"];

/// Writes the averages.
pub(super) fn save<B: PixelFlowBackend>(
    averages: &PowerAverages<B>,
    path: &Path,
) -> Result<(), WeightsError> {
    let tensors =
        averages.values().iter().map(|(name, of)| (name, of.iter().map(Values::Tensor).collect()));
    flat_tensors::save(path, &PARTS, tensors)
}

/// Reads the averages with these relative deviations of the parameters of `model`.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<B: PixelFlowBackend>(
    path: &Path,
    deviations: [f64; 2],
    model: &impl Module<B>,
    device: &B::Device,
) -> Result<PowerAverages<B>, String> {
    let parameters = flat_parameters(model).into_iter();
    let sizes = parameters.map(|(name, of)| (name, vec![of.values.dims()[0]; PARTS.len()]));
    let values = flat_tensors::load(path, &PARTS, &sizes.collect(), |_| true, device)?;
    Ok(PowerAverages::resume(&deviations, values))
}

//! The averages of a run as a file: `average-1.NAME` and so on.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::WeightsError;

use super::flat_tensors;
use crate::averages::PowerAverages;
use crate::optimizer::Moments;

/// One name for each average.
const PARTS: [&str; 2] = ["average-1", "average-2"];

/// Writes the averages.
pub(super) fn save<B: PixelFlowBackend>(
    averages: &PowerAverages<B>,
    path: &Path,
) -> Result<(), WeightsError> {
    let tensors = averages.values().iter().map(|(name, of)| (name, of.iter().collect()));
    flat_tensors::save(path, &PARTS, tensors)
}

/// Reads the averages with these relative deviations of the parameters of `fresh`.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<B: PixelFlowBackend>(
    path: &Path,
    deviations: [f64; 2],
    fresh: &BTreeMap<String, Moments<B>>,
    device: &B::Device,
) -> Result<PowerAverages<B>, String> {
    let size = |of: &Moments<B>| vec![of.first.dims()[0]; PARTS.len()];
    let sizes = fresh.iter().map(|(name, of)| (name.clone(), size(of))).collect();
    let values = flat_tensors::load(path, &PARTS, &sizes, device)?;
    Ok(PowerAverages::resume(&deviations, values))
}

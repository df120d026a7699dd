//! The optimiser's moments as a file: `first.NAME` and `second.NAME`.

use std::collections::BTreeMap;
use std::path::Path;

use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::WeightsError;

use super::flat_tensors;
use crate::optimizer::{Moments, Optimizer};

/// First and second moment.
const PARTS: [&str; 2] = ["first", "second"];

/// Writes the moments.
pub(super) fn save<B: PixelFlowBackend>(
    optimizer: &Optimizer<B>,
    path: &Path,
) -> Result<(), WeightsError> {
    let moments = optimizer.moments().iter();
    let tensors = moments.map(|(name, of)| (name, vec![&of.first, &of.second]));
    flat_tensors::save(path, &PARTS, tensors)
}

/// Reads the moments of the parameters of `fresh`, whose moving averages stay.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<B: PixelFlowBackend>(
    path: &Path,
    fresh: &BTreeMap<String, Moments<B>>,
    device: &B::Device,
) -> Result<BTreeMap<String, Moments<B>>, String> {
    let size = |of: &Moments<B>| vec![of.first.dims()[0], of.second.dims()[0]];
    let sizes = fresh.iter().map(|(name, of)| (name.clone(), size(of))).collect();
    let read = flat_tensors::load(path, &PARTS, &sizes, device)?;
    let moments = read.into_iter().map(|(name, mut tensors)| {
        let average = fresh[&name].average.clone();
        let second = tensors.pop().expect("two parts");
        let first = tensors.pop().expect("two parts");
        (name, Moments { first, second, average })
    });
    Ok(moments.collect())
}

//! The file of the adapters that are being trained, and of their moving average.

use std::path::Path;

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::WeightsError;

use super::flat_tensors::{self, Values};
use crate::lora::{Adapters, Lora};
use crate::optimizer::Optimizer;
use crate::parameters::{as_leaves, flat_parameters, with_parameters};

/// As they are, and their moving average.
const PARTS: [&str; 2] = ["value", "average"];

/// Writes the adapters.
pub(super) fn save<A>(
    lora: &Lora<A>,
    optimizer: &Optimizer<A::InnerBackend>,
    path: &Path,
) -> Result<(), WeightsError>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let values = flat_parameters(&lora.adapters().valid());
    let tensors = values.iter().map(|(name, value)| {
        let both = [&value.values, &optimizer.moments()[name].average];
        (name, both.map(Values::Tensor).to_vec())
    });
    flat_tensors::save(path, &PARTS, tensors)
}

/// Reads adapters of the shapes of `fresh`: as they are, and their moving average.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<A>(
    path: &Path,
    fresh: &Adapters<A>,
    device: &A::Device,
) -> Result<(Adapters<A>, Adapters<A::InnerBackend>), String>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let inner = fresh.valid();
    let sizes = flat_parameters(&inner)
        .into_iter()
        .map(|(name, value)| (name, vec![value.values.dims()[0]; 2]))
        .collect();
    let read = flat_tensors::load::<A::InnerBackend>(path, &PARTS, &sizes, |_| true, device)?;
    let [values, average] = [0, 1].map(|part| {
        let value = |name: &str| read.get(name).map(|parts| parts[part].clone());
        with_parameters(inner.clone(), value)
    });
    Ok((as_leaves(Adapters::from_inner(values)), average))
}

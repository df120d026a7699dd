//! The optimiser's moments as a file.
//!
//! `first.NAME` and `second.NAME` are flat, in the order Burn keeps the parameter in.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{DType, SafetensorsWriter, TensorFile, WeightsError};

use crate::optimizer::{Moments, Optimizer};

/// First and second moment, each a flat tensor.
const PARTS: [&str; 2] = ["first", "second"];

/// Writes the moments.
pub(super) fn save<B: PixelFlowBackend>(
    optimizer: &Optimizer<B>,
    path: &Path,
) -> Result<(), WeightsError> {
    let moments = optimizer.moments();
    let shape =
        |name: &str, part: &str| (format!("{part}.{name}"), moments[name].first.dims().to_vec());
    let names = moments.keys().flat_map(|name| PARTS.map(|part| shape(name, part)));
    let none = BTreeMap::new();
    let mut writer =
        SafetensorsWriter::create(path, &names.collect::<Vec<_>>(), DType::F32, &none)?;
    for (name, Moments { first, second, .. }) in moments {
        for (part, tensor) in PARTS.into_iter().zip([first, second]) {
            let values: Vec<f32> = tensor.clone().into_data().iter::<f32>().collect();
            writer.push(&format!("{part}.{name}"), &values)?;
        }
    }
    writer.finish()
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
    let file = TensorFile::open(path).map_err(|error| error.to_string())?;
    let expected = fresh.len() * PARTS.len();
    if file.tensors().len() != expected {
        return Err(format!(
            "{} has {} tensors instead of {expected}",
            path.display(),
            file.tensors().len()
        ));
    }
    let read = |part: &str, name: &str, count: usize| {
        let values = file.read(&format!("{part}.{name}")).map_err(|error| error.to_string())?;
        if values.len() != count {
            return Err(format!("{part}.{name} has {} values instead of {count}", values.len()));
        }
        Ok(Tensor::from_data(TensorData::new(values, [count]), device))
    };
    let one = |name: &String, fresh: &Moments<B>| {
        let [count] = fresh.first.dims();
        let [first, second] = PARTS.map(|part| read(part, name, count));
        let average = fresh.average.clone();
        Ok((name.clone(), Moments { first: first?, second: second?, average }))
    };
    fresh.iter().map(|(name, moments)| one(name, moments)).collect()
}

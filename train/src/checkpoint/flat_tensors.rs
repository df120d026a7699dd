//! Several flat tensors of each parameter as a file.
//!
//! `PART.NAME` is flat, in the order Burn keeps the parameter in.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::{DType, SafetensorsWriter, TensorFile, WeightsError};

/// Writes the parts of every parameter.
pub(super) fn save<'a, B: Backend>(
    path: &Path,
    parts: &[&str],
    parameters: impl Iterator<Item = (&'a String, Vec<&'a Tensor<B, 1>>)> + Clone,
) -> Result<(), WeightsError> {
    let named = |part: &str, name: &str| format!("{part}.{name}");
    let shapes: Vec<(String, Vec<usize>)> = parameters
        .clone()
        .flat_map(|(name, tensors)| {
            let of_part = |(part, tensor): (&&str, &Tensor<B, 1>)| {
                (named(part, name), tensor.dims().to_vec())
            };
            parts.iter().zip(tensors).map(of_part).collect::<Vec<_>>()
        })
        .collect();
    let mut writer = SafetensorsWriter::create(path, &shapes, DType::F32, &BTreeMap::new())?;
    for (name, tensors) in parameters {
        for (part, tensor) in parts.iter().zip(tensors) {
            let values: Vec<f32> = tensor.clone().into_data().iter::<f32>().collect();
            writer.push(&named(part, name), &values)?;
        }
    }
    writer.finish()
}

/// Reads the parts of the parameters with these names and, of each part, numbers of values.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<B: Backend>(
    path: &Path,
    parts: &[&str],
    sizes: &BTreeMap<String, Vec<usize>>,
    device: &B::Device,
) -> Result<BTreeMap<String, Vec<Tensor<B, 1>>>, String> {
    let file = TensorFile::open(path).map_err(|error| error.to_string())?;
    let expected = sizes.len() * parts.len();
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
    let of_parameter = |(name, counts): (&String, &Vec<usize>)| {
        let tensors = parts.iter().zip(counts).map(|(part, &count)| read(part, name, count));
        let tensors = tensors.collect::<Result<_, String>>()?;
        Ok((name.clone(), tensors))
    };
    sizes.iter().map(of_parameter).collect()
}

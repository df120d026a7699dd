//! Several flat tensors of each parameter as a file.
//!
//! `PART.NAME` is flat, in the order Burn keeps the parameter in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::weights::{DType, SafetensorsWriter, TensorFile, WeightsError};

/// The numbers of a part.
#[derive(Clone, Copy)]
pub(super) enum Values<'a, B: Backend> {
    /// On the device.
    Tensor(&'a Tensor<B, 1>),
    /// In the host's memory.
    Numbers(&'a [f32]),
}

impl<B: Backend> Values<'_, B> {
    fn count(&self) -> usize {
        match self {
            Self::Tensor(tensor) => tensor.dims()[0],
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    fn read(&self) -> Cow<'_, [f32]> {
        match self {
            Self::Tensor(tensor) => (*tensor).clone().into_data().iter::<f32>().collect(),
            Self::Numbers(numbers) => Cow::Borrowed(numbers),
        }
    }
}

/// Writes the parts of every parameter.
pub(super) fn save<'a, B: Backend>(
    path: &Path,
    parts: &[&str],
    parameters: impl Iterator<Item = (&'a String, Vec<Values<'a, B>>)> + Clone,
) -> Result<(), WeightsError> {
    let named = |part: &str, name: &str| format!("{part}.{name}");
    let shapes: Vec<(String, Vec<usize>)> = parameters
        .clone()
        .flat_map(|(name, tensors)| {
            let of_part =
                |(part, values): (&&str, Values<'_, B>)| (named(part, name), vec![values.count()]);
            parts.iter().zip(tensors).map(of_part).collect::<Vec<_>>()
        })
        .collect();
    let mut writer = SafetensorsWriter::create(path, &shapes, DType::F32, &BTreeMap::new())?;
    for (name, tensors) in parameters {
        for (part, values) in parts.iter().zip(tensors) {
            writer.push(&named(part, name), &values.read())?;
        }
    }
    writer.finish()
}

/// Reads the parts of the parameters with these names and, of each part, numbers of values: all that the file has, or
/// those that this one `owns`.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<B: Backend>(
    path: &Path,
    parts: &[&str],
    sizes: &BTreeMap<String, Vec<usize>>,
    owns: impl Fn(&str) -> bool,
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
    sizes.iter().filter(|(name, _)| owns(name)).map(of_parameter).collect()
}

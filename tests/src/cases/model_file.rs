//! Files of weights: a model has exactly what its file holds.

use std::collections::BTreeMap;

use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{TensorFile, for_each_parameter, load_model};
use pixelflow::{NumberFormat, PixelFlow};

use crate::{Outcome, Recorder, Result, Subject, Tensors};

/// Parameters under the reference's names, in its layout.
pub(super) type Parameters = BTreeMap<String, Vec<f32>>;

/// All parameters of a model.
pub(super) fn parameters<B: PixelFlowBackend>(model: &PixelFlow<B>) -> Parameters {
    let mut parameters = Parameters::new();
    for_each_parameter(model, |name, _, values| {
        parameters.insert(name.to_owned(), values);
    });
    parameters
}

/// Loads the weights and compares every parameter with the file.
///
/// # Errors
/// If the file cannot be loaded.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let tensors = subject.open()?;
    let config = subject.entry.config()?;
    let file = TensorFile::open(tensors.file().path())?;
    let parameters = parameters(&load_model::<B>(&file, &config, NumberFormat::F32, device)?);
    if let Some(expected) = subject.entry.count("params") {
        let found = parameters.values().map(Vec::len).sum();
        recorder.exact(subject.case("count"), &[found], &[expected]);
    }
    equal(&subject.case("parameters"), &parameters, &tensors, "", recorder)
}

/// Compares parameters bit for bit with the tensors whose names start with `prefix`.
pub(super) fn equal(
    case: &str,
    parameters: &Parameters,
    tensors: &Tensors,
    prefix: &str,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let (mut values, mut differing, mut first) = (0, 0, String::new());
    for name in tensors.names().filter_map(|name| name.strip_prefix(prefix)) {
        let expected = tensors.floats(&format!("{prefix}{name}"))?;
        let Some(found) = parameters.get(name).filter(|f| f.len() == expected.len()) else {
            return Err(tensors.problem(format!("`{prefix}{name}` is no parameter of the model")));
        };
        values += found.len();
        let bits = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits();
        let count = found.iter().zip(&expected).filter(|&pair| bits(pair)).count();
        if differing == 0 && count > 0 {
            first = format!("first in {name}");
        }
        differing += count;
    }
    if values == 0 {
        return Err(tensors.problem(format!("it has no parameters `{prefix}…`")));
    }
    let outcome = Outcome::measured(case, "differing", f64::from(differing as u32), 0.0, "exact");
    recorder.push(outcome.with_details(first));
    Ok(())
}

//! The optimiser's moments as a file: `first.NAME` and `second.NAME`.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::WeightsError;

use super::flat_tensors::{self, Values};
use crate::optimizer::Moments;
use crate::trainer::Trainer;

/// First and second moment.
const PARTS: [&str; 2] = ["first", "second"];

/// Writes the moments of all parameters.
///
/// # Panics
/// If each rank has a part of them, and they were not brought together.
pub(super) fn save<A>(trainer: &Trainer<A>, path: &Path) -> Result<(), WeightsError>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    if let Some(whole) = trainer.whole() {
        let numbers = whole.iter().map(|(name, [first, second, _])| {
            (name, [first, second].map(|values| Values::Numbers(values)).to_vec())
        });
        return flat_tensors::save::<A::InnerBackend>(path, &PARTS, numbers);
    }
    assert!(!trainer.is_sharded(), "the moments were not brought together");
    let moments = trainer.optimizer().moments().iter();
    let tensors =
        moments.map(|(name, of)| (name, [&of.first, &of.second].map(Values::Tensor).to_vec()));
    flat_tensors::save(path, &PARTS, tensors)
}

/// Reads the moments of the parameters of `fresh`, whose moving averages stay: of all parameters, of which there are
/// `sizes`, or of some.
///
/// # Errors
/// What is wrong with the file, in words.
pub(super) fn load<B: PixelFlowBackend>(
    path: &Path,
    fresh: &BTreeMap<String, Moments<B>>,
    sizes: BTreeMap<String, [usize; 3]>,
    device: &B::Device,
) -> Result<BTreeMap<String, Moments<B>>, String> {
    let sizes = sizes.into_iter().map(|(name, [first, second, _])| (name, vec![first, second]));
    let owns = |name: &str| fresh.contains_key(name);
    let read = flat_tensors::load(path, &PARTS, &sizes.collect(), owns, device)?;
    let moments = read.into_iter().map(|(name, mut tensors)| {
        let average = fresh[&name].average.clone();
        let second = tensors.pop().expect("two parts");
        let first = tensors.pop().expect("two parts");
        (name, Moments { first, second, average })
    });
    Ok(moments.collect())
}

//! PyTorch files: the same weights as in the safetensors files they were saved with.

use pixelflow::NumberFormat;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{TensorFile, WeightSet, load_model};

use super::model_file::{Parameters, equal, parameters};
use crate::{Kind, Recorder, Result, Subject, Tensors, kind};

/// Loads a PyTorch file and compares it with the fixture that its description names.
///
/// # Errors
/// If a file cannot be loaded, or the description names none.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let named = |wanted| {
        let mut named = subject.manifest.named_by(subject.entry);
        named.find(|entry| kind(subject.manifest, entry) == Some(wanted))
    };
    if let Some(steps) = named(Kind::TrainSteps) {
        let steps = subject.manifest.tensors(&steps.file)?;
        training::<B>(subject, &steps, device, recorder);
        return Ok(());
    }
    let same_stem = || subject.manifest.entry(&format!("{}.safetensors", subject.entry.stem()));
    let twin = named(Kind::Model).or_else(same_stem).ok_or_else(|| {
        subject.entry.problem("its description names no file of the same weights")
    })?;
    let path = subject.manifest.path(&subject.entry.file);
    let parameters = load::<B>(subject, &TensorFile::open(&path)?, device)?;
    let twin = subject.manifest.tensors(&twin.file)?;
    equal(&subject.case("state_dict"), &parameters, &twin, "", recorder)
}

fn load<B: PixelFlowBackend>(
    subject: Subject<'_>,
    file: &TensorFile,
    device: &B::Device,
) -> Result<Parameters> {
    let model = load_model::<B>(file, &subject.config()?, NumberFormat::F32, device)?;
    Ok(parameters(&model))
}

/// A training checkpoint `{model, ema, opt, args}`, made of steps that are stored elsewhere.
fn training<B: PixelFlowBackend>(
    subject: Subject<'_>,
    steps: &Tensors,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) {
    let path = subject.manifest.path(&subject.entry.file);
    let description = subject.entry.description();
    for (name, set) in [("model", WeightSet::Model), ("ema", WeightSet::Ema)] {
        recorder.attempt(&subject.case(name), |recorder| {
            let file = TensorFile::open_torch(&path, set)?;
            let parameters = load::<B>(subject, &file, device)?;
            let group = group(steps, description, set).ok_or_else(|| {
                subject.entry.problem(format!("its description does not say what `{name}` is"))
            })?;
            let case = subject.case(&format!("{name}_is_{}", group.replace('/', "_")));
            equal(&case, &parameters, steps, &format!("{group}/"), recorder)
        });
    }
    // Without a choice a checkpoint gives what images are drawn from.
    recorder.attempt(&subject.case("default"), |recorder| {
        let chosen = load::<B>(subject, &TensorFile::open(&path)?, device)?;
        let ema = TensorFile::open_torch(&path, WeightSet::Ema)?;
        let ema = load::<B>(subject, &ema, device)?;
        let values = |all: &Parameters| all.values().flatten().copied().collect::<Vec<f32>>();
        recorder.exact(subject.case("default_is_ema"), &values(&chosen), &values(&ema));
        Ok(())
    });
}

/// The stored parameters (`wd0/step3`, `wd0/ema0.9999/step3`) that a description is about.
///
/// It names the former, and of the latter the decay: `ema = decay 0.9999`.
fn group(steps: &Tensors, description: &str, set: WeightSet) -> Option<String> {
    let is_named = |part: &str| {
        let mut words = description.split([' ', ',', ';', ')', '(']);
        words.any(|word| word == part)
    };
    let groups = steps.names().filter_map(|name| name.rsplit_once('/'));
    let mut groups = groups.map(|(group, _)| group);
    let found = match set {
        WeightSet::Model => groups.find(|group| !group.contains("/ema") && is_named(group)),
        WeightSet::Ema => groups.find(|group| {
            let Some((variant, rest)) = group.split_once("/ema") else {
                return false;
            };
            let Some((decay, step)) = rest.split_once('/') else {
                return false;
            };
            is_named(decay) && is_named(&format!("{variant}/{step}"))
        }),
    };
    found.map(str::to_owned)
}

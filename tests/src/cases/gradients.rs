//! Gradients of the loss with respect to every parameter.

use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Context, PixelFlow};
use serde_json::Value;
use train::{Stopwatch, gradients, loss_per_example};

use super::collate::{StoredBatch, settings};
use super::model_file::{Parameters, parameters};
use super::train_batch::ModelBatch;
use super::upload;
use crate::tensors::widen;
use crate::{
    Kind, Limits, Outcome, Precision, Recorded, Recorder, Result, Subject, TEN, Tensors, kind,
};

/// Factor of the loss in mixed precision.
const SCALE: f64 = 4.0;

/// Checks the gradients of a file, which belong to a batch of another.
///
/// # Errors
/// If a file cannot be read, or the manifest does not say which batch it is.
pub fn check<A>(subject: Subject<'_>, device: &A::Device, recorder: &mut Recorder<'_>) -> Result<()>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let tensors = subject.open()?;
    let source = batch_of(subject)?;
    let stored_in = source.open()?;
    let stored = StoredBatch::read(&stored_in, "", settings(&source)?)?;
    let batch = ModelBatch::read(source, &stored_in, &stored.pack()?)?;
    let found = of_batch::<A>(source, &stored_in, &batch, device)?;
    compare(subject, &tensors, "", &found, recorder)?;
    let precision = match subject.precision {
        Precision::F32 => return Ok(()),
        Precision::F16 => train::Precision::F16,
        Precision::Bf16 => train::Precision::Bf16,
    };
    if !stored_in.has("encoder_hidden_states") {
        let weights = Subject { precision: Precision::F32, ..source }.model::<A>(device)?;
        let mixed = in_mixed_precision(precision, weights, &batch, device);
        let doubles = |all: Parameters| all.into_values().flatten().map(f64::from).collect();
        let [mixed, expected]: [Vec<f64>; 2] = [mixed, found].map(doubles);
        let limits = Limits::relative(0.0, "a model in this precision".to_owned());
        recorder.compare(subject.case("mixed_precision"), &mixed, &expected, &limits);
    }
    Ok(())
}

/// The gradients of weights in f32, of which a step takes a copy in 16 bits: those of a model in 16 bits, within
/// what that may be off: the loss is scaled, so that in f16 the smallest gradients are rounded elsewhere.
fn in_mixed_precision<A>(
    precision: train::Precision,
    weights: PixelFlow<A>,
    batch: &ModelBatch,
    device: &A::Device,
) -> Parameters
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let network = weights.clone().into();
    let copy = precision.working_copy(&network);
    let narrow =
        gradients(&copy, &batch.packed.clone().into(), SCALE, device, &mut Stopwatch::stopped()).1;
    by_name(&weights, &precision.widen(&network, narrow, 1.0 / SCALE))
}

/// The batch that gradients or steps were made with: the one the description names, or the only
/// one with the same weights.
pub(super) fn batch_of<'a>(subject: Subject<'a>) -> Result<Subject<'a>> {
    let manifest = subject.manifest;
    let is_batch = |entry: &&'a crate::Entry| kind(manifest, entry) == Some(Kind::TrainBatch);
    let weights = subject.entry.text("weights");
    let fits = |entry: &&'a crate::Entry| entry.text("weights") == weights;
    let named = manifest.named_by(subject.entry).find(is_batch);
    let fitting: Vec<_> = manifest.entries.iter().filter(is_batch).filter(fits).collect();
    let class = |entry: &&&'a crate::Entry| entry.has("loss_f64") || entry.has("drop_mask");
    named
        .or_else(|| fitting.iter().find(class).copied())
        .or_else(|| fitting.first().copied())
        .map(|entry| Subject { entry, ..subject })
        .ok_or_else(|| subject.entry.problem("the manifest does not name its batch"))
}

/// The gradient of the batch's loss for every parameter, under the reference's names.
pub(super) fn of_batch<A>(
    subject: Subject<'_>,
    tensors: &Tensors,
    batch: &ModelBatch,
    device: &A::Device,
) -> Result<Parameters>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let model = subject.model::<A>(device)?;
    let context = batch.context::<A>(tensors, device)?;
    let gradients = match context {
        // As the trainer does it.
        Context::Class(_) => {
            let network = model.clone().into();
            gradients(
                &network,
                &batch.packed.clone().into(),
                1.0,
                device,
                &mut Stopwatch::stopped(),
            )
            .1
        }
        Context::Text(_) => {
            let velocity = batch.velocity(&model, tensors, &context, device)?;
            let target = upload::<A, 2>(tensors, "target", device)?;
            let losses = loss_per_example(velocity, target, &batch.packed.segments);
            GradientsParams::from_grads(losses.mean().backward(), &model)
        }
    };
    Ok(by_name(&model, &gradients))
}

/// Gradients under the names of their parameters; a parameter without one has NaN.
pub(crate) fn by_name<A>(model: &PixelFlow<A>, gradients: &GradientsParams) -> Parameters
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    parameters(&model.valid().map(&mut Replace { gradients }))
}

/// Puts its gradient in the place of every parameter.
struct Replace<'a> {
    gradients: &'a GradientsParams,
}

impl<B: PixelFlowBackend> ModuleMapper<B> for Replace<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let gradient = self.gradients.get::<B, D>(param.id);
        param.map(|value| gradient.unwrap_or_else(|| value.full_like(f64::NAN)))
    }
}

/// Compares every parameter's gradient, and all together.
///
/// The manifest records the error of all parameters together, and maybe of the worst one: what the
/// worst may be, each may be.
pub(super) fn compare(
    subject: Subject<'_>,
    tensors: &Tensors,
    prefix: &str,
    found: &Parameters,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let entry = subject.entry;
    let errors = entry.field("err_f32_vs_f64");
    let number = |key: &str| errors.and_then(|e| e.get(key)).and_then(Value::as_f64);
    let (key, together) = ["global_rel_l2", "grads_global_rel_l2"]
        .into_iter()
        .find_map(|key| Some((key, number(key)?)))
        .ok_or_else(|| entry.problem("the manifest records no error of its gradients"))?;
    let worst = Recorded::parse(
        entry.at(&["err_f32_vs_f64", "worst_param", "1"]).unwrap_or(&Value::Null),
        format!("{} worst_param", entry.file),
    );
    let limits = worst.and_then(|worst| worst.rel_l2).map_or_else(
        || Limits::relative(TEN * together, format!("10 x {} {key}", entry.file)),
        |error| Limits::relative(TEN * error, format!("10 x {} worst_param", entry.file)),
    );

    let (mut all_found, mut all_expected) = (Vec::new(), Vec::new());
    for (name, found) in found {
        let stored = format!("{prefix}{name}");
        recorder.attempt(&subject.case(&stored), |recorder| {
            let (found, expected) = (widen(found), tensors.doubles(&stored)?);
            recorder.compare(subject.case(&stored), &found, &expected, &limits);
            // Rows of an embedding that were not used have no gradient at all.
            let is_wrong = |(f, e): (&f64, &f64)| *e == 0.0 && *f != 0.0;
            if found.iter().zip(&expected).any(is_wrong) && name.contains("embedding_table") {
                let case = subject.case(&format!("{stored}/unused_rows"));
                recorder.push(Outcome::broken(case, "an unused row has a gradient"));
            }
            all_found.extend(found);
            all_expected.extend(expected);
            Ok(())
        });
    }
    let surplus = tensors
        .names()
        .filter_map(|name| name.strip_prefix(prefix))
        .filter(|name| name.contains('.') && !found.contains_key(*name));
    for name in surplus {
        recorder.push(Outcome::broken(subject.case(name), "no such parameter"));
    }
    let case = subject.case(&format!("{prefix}all_parameters"));
    let limits = Limits::relative(TEN * together, format!("10 x {} {key}", entry.file));
    recorder.compare(case, &all_found, &all_expected, &limits);

    if let (Some(exact), Some(rounded)) = (number("grad_norm_f64"), number("grad_norm_f32")) {
        let place = format!("{} grad_norm", entry.file);
        let limits = Limits::of_one_number((rounded - exact).abs() / exact, &place);
        let norm = all_found.iter().map(|g| g * g).sum::<f64>().sqrt();
        recorder.compare(subject.case("grad_norm"), &[norm], &[exact], &limits);
    }
    Ok(())
}

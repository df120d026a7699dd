//! A packed batch: packing, forward pass, loss, and gradients where they are stored.

use burn::tensor::Tensor;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Context, Example, PixelFlow};
use pixelflow_dataset::{PackedBatch, PackedExample};
use train::loss_per_example;

use super::collate::{StoredBatch, settings};
use super::{download, gradients, text, upload};
use crate::{Limits, Recorder, Result, Subject, Tensors};

/// Checks the batch of a file.
///
/// # Errors
/// If the file or its weights cannot be read.
pub fn check<A>(subject: Subject<'_>, device: &A::Device, recorder: &mut Recorder<'_>) -> Result<()>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let tensors = subject.open()?;
    let stored = StoredBatch::read(&tensors, "", settings(&subject)?)?;
    recorder.attempt(&subject.case("packing"), |recorder| stored.check(subject, recorder));
    let batch = ModelBatch::read(subject, &tensors, &stored.pack()?)?;
    recorder.attempt(&subject.case("model_out"), |recorder| {
        forward::<A::InnerBackend>(subject, &tensors, &batch, device, recorder)
    });
    if subject.entry.tensors().any(|name| name.starts_with("grad/")) {
        recorder.attempt(&subject.case("grad"), |recorder| {
            let found = gradients::of_batch::<A>(subject, &tensors, &batch, device)?;
            gradients::compare(subject, &tensors, "grad/", &found, recorder)
        });
    }
    Ok(())
}

/// What the model is given; the tokens are the stored ones, so that nothing adds up.
pub(super) struct ModelBatch {
    /// Inputs, targets and segments.
    pub(super) packed: PackedBatch,
    /// The label of each segment after dropout.
    labels: Vec<usize>,
}

impl ModelBatch {
    pub(super) fn read(
        subject: Subject<'_>,
        tensors: &Tensors,
        ours: &PackedBatch,
    ) -> Result<Self> {
        let null = subject.config()?.null_class();
        let effective = |s: &PackedExample| if s.dropped { null } else { s.label };
        Ok(Self {
            packed: PackedBatch {
                inputs: tensors.floats("xt")?,
                targets: tensors.floats("target")?,
                ..ours.clone()
            },
            labels: ours.segments.iter().map(effective).collect(),
        })
    }

    /// What the batch is conditioned on.
    pub(super) fn context<B: PixelFlowBackend>(
        &self,
        tensors: &Tensors,
        device: &B::Device,
    ) -> Result<Context<B>> {
        if tensors.has("encoder_hidden_states") {
            let lengths = tensors.counts("seqlens_k")?;
            let states = text::packed(tensors, "encoder_hidden_states", lengths, device)?;
            return Ok(Context::Text(states));
        }
        Ok(Context::Class(self.labels.clone()))
    }

    /// The model's velocity.
    pub(super) fn velocity<B: PixelFlowBackend>(
        &self,
        model: &PixelFlow<B>,
        tensors: &Tensors,
        context: &Context<B>,
        device: &B::Device,
    ) -> Result<Tensor<B, 2>> {
        let example = |s: &PackedExample| Example::new(s.grid_height, s.grid_width, s.timestep);
        let examples: Vec<Example> = self.packed.segments.iter().map(example).collect();
        let tokens = upload::<B, 2>(tensors, "xt", device)?;
        Ok(model.forward_packed(tokens, &examples, context))
    }
}

fn forward<B: PixelFlowBackend>(
    subject: Subject<'_>,
    tensors: &Tensors,
    batch: &ModelBatch,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    if tensors.has("effective_labels") {
        let labels: Vec<i64> = batch.labels.iter().map(|&label| label as i64).collect();
        let expected = tensors.integers("effective_labels")?;
        recorder.exact(subject.case("effective_labels"), &labels, &expected);
    }
    let model = subject.model::<B>(device)?;
    let context = batch.context(tensors, device)?;
    let velocity = batch.velocity(&model, tensors, &context, device)?;
    let recorded = subject.entry.must_record(&["err_f32_vs_f64", "model_out"])?;
    let (found, limits) = (download(velocity.clone()), Limits::ten_times(&recorded));
    subject.compare("model_out", &found, tensors, &limits, recorder)?;

    let target = upload::<B, 2>(tensors, "target", device)?;
    let losses = download(loss_per_example(velocity, target, &batch.packed.segments));
    if tensors.has("loss_per_example") {
        let expected = tensors.doubles("loss_per_example")?;
        let limits = Limits::ten_times_relative(&recorded, "its model output");
        recorder.compare(subject.case("loss_per_example"), &losses, &expected, &limits);
    }
    let loss = losses.iter().sum::<f64>() / losses.len() as f64;
    let place = ["err_f32_vs_f64", "loss_rel"];
    let error = subject.entry.at(&place).and_then(serde_json::Value::as_f64);
    let error = error.ok_or_else(|| subject.entry.problem("the manifest records no `loss_rel`"))?;
    let limits = Limits::of_one_number(error, &format!("{} loss_rel", subject.entry.file));
    subject.compare("loss", &[loss], tensors, &limits, recorder)
}

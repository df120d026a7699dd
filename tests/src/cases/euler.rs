//! Sampling by Euler's method, with classes or text: every state of every stage.

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{Conditions, Guidance, Sampler, SamplerConfig, SolverKind, euler_times};
use pixelflow::{Context, TextStates};

use super::{download, trajectory, upload};
use crate::{Limits, Recorder, Result, Subject, Tensors};

/// Checks the run of a file.
///
/// # Errors
/// If the file or its weights cannot be read, or the manifest lacks a setting.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let (entry, tensors) = (subject.entry, subject.open()?);
    let steps = entry.counts("steps");
    let config = SamplerConfig {
        solver: SolverKind::Euler,
        reference: true,
        steps: steps.ok_or_else(|| entry.problem("the manifest has no `steps` of it"))?,
        shift: entry.number("shift").unwrap_or(1.0),
        guidance: trajectory::guidance(entry, &tensors)?,
        ..SamplerConfig::default()
    };
    let sampler = config.check(trajectory::cascade(entry, None)?)?;
    let (states, samples) = trajectory::run::<B>(subject, &tensors, &sampler, device)?;

    let last_state = entry.must_record(&["err_f32_vs_f64", "final_latents"])?;
    let any_state =
        entry.recorded(&["err_f32_vs_f64", "worst_step"]).unwrap_or_else(|| last_state.clone());
    let stages = sampler.cascade().stages().len();
    let last = format!("stage{}/step{}", stages - 1, sampler.steps()[stages - 1] - 1);
    for stage in 0..stages {
        recorder.attempt(&subject.case(&format!("stage{stage}")), |recorder| {
            let start = format!("stage{stage}/start");
            let step = |step| format!("stage{stage}/step{step}");
            let names = std::iter::once(start).chain((0..sampler.steps()[stage]).map(step));
            for name in names.filter(|name| tensors.has(name)) {
                let found = states.first(&name, usize::MAX).unwrap_or_default();
                let recorded = if name == last { &last_state } else { &any_state };
                let limits = Limits::ten_times(recorded);
                subject.compare(&name, found, &tensors, &limits, recorder)?;
            }
            let name = format!("stage{stage}/timesteps");
            if tensors.has(&name) {
                let found = network_timesteps(&sampler, stage);
                recorder.exact(subject.case(&name), &found, &tensors.floats(&name)?);
            }
            let name = format!("stage{stage}/model_out_step0");
            if tensors.has(&name) {
                let found = first_output::<B>(subject, &tensors, &sampler, stage, device)?;
                let limits = Limits::ten_times_relative(&last_state, "the last state of its run");
                subject.compare(&name, &found, &tensors, &limits, recorder)?;
            }
            Ok(())
        });
    }
    let (found, limits) = (trajectory::pixels(samples.images), subject.limits("samples")?);
    subject.compare("samples", &found, &tensors, &limits, recorder)
}

/// The network's timesteps of a stage, in f32.
fn network_timesteps(sampler: &Sampler, stage: usize) -> Vec<f32> {
    let cascade = sampler.cascade();
    let (n, span) = (cascade.train_timesteps(), &cascade.stages()[stage]);
    let times = euler_times(sampler.steps()[stage], sampler.config().shift, n, true);
    let (_, starts) = times.split_last().unwrap_or((&1.0, &[]));
    starts.iter().map(|&t| span.timestep_at(t) as f32).collect()
}

/// The network's output at the start of a stage, first all images unconditionally (if guided),
/// then all conditionally; from the stored state.
fn first_output<B: PixelFlowBackend>(
    subject: Subject<'_>,
    tensors: &Tensors,
    sampler: &Sampler,
    stage: usize,
    device: &B::Device,
) -> Result<Vec<f64>> {
    let state = upload::<B, 4>(tensors, &format!("stage{stage}/start"), device)?;
    let conditions = trajectory::conditions::<B>(subject, tensors, device)?;
    let is_guided = sampler.config().guidance != Guidance::Constant { scale: 1.0 };
    let (batch, context) = if is_guided {
        (state.repeat_dim(0, 2), both(conditions))
    } else {
        (state, only(conditions))
    };
    let timesteps = vec![network_timesteps(sampler, stage)[0]; batch.dims()[0]];
    let model = subject.model::<B>(device)?;
    Ok(download(model.forward(batch, &timesteps, &context)))
}

/// The unconditional context of all images, then the conditional one.
pub(super) fn both<B: PixelFlowBackend>(conditions: Conditions<B>) -> Context<B> {
    match conditions {
        Conditions::Class { labels, null } => {
            let nulls = vec![null; labels.len()];
            Context::Class([nulls, labels].concat())
        }
        Conditions::Text { prompts, negatives } => {
            let lengths = [negatives.segments.lengths(), prompts.segments.lengths()].concat();
            Context::Text(TextStates {
                bias: Some(Tensor::cat(vec![bias(&negatives), bias(&prompts)], 0)),
                states: Tensor::cat(vec![negatives.states, prompts.states], 0),
                segments: pixelflow::Segments::new(lengths),
            })
        }
    }
}

/// The conditional context of all images.
pub(super) fn only<B: PixelFlowBackend>(conditions: Conditions<B>) -> Context<B> {
    match conditions {
        Conditions::Class { labels, .. } => Context::Class(labels),
        Conditions::Text { prompts, .. } => Context::Text(prompts),
    }
}

fn bias<B: PixelFlowBackend>(text: &TextStates<B>) -> Tensor<B, 1> {
    let none = || {
        let zeros = vec![0.0_f32; text.segments.tokens()];
        let shape = [zeros.len()];
        Tensor::from_data(TensorData::new(zeros, shape), &text.states.device())
    };
    text.bias.clone().unwrap_or_else(none)
}

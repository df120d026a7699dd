//! A run through all stages, with every state on the way.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use pixelflow::cascade::{Cascade, CascadeConfig};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{Conditions, Guidance, SampleObserver, Sampler, Samples, StageStart};
use serde_json::Value;

use super::given_noise::GivenNoise;
use super::{download, text};
use crate::{Entry, Result, Subject, Tensors};

/// The states of a run under the names the fixtures have for them.
#[derive(Default)]
pub(super) struct States {
    states: BTreeMap<String, Vec<f64>>,
}

impl States {
    /// A state, cut to the first `count` values: the reference's Dopri5 carries it twice.
    pub(super) fn first(&self, name: &str, count: usize) -> Option<&[f64]> {
        let state = self.states.get(name)?;
        Some(&state[..count.min(state.len())])
    }
}

impl<B: Backend> SampleObserver<B> for States {
    fn stage_started(&mut self, stage: StageStart, state: &Tensor<B, 4>) {
        let name = format!("stage{}/start", stage.stage);
        self.states.insert(name, download(state.clone()));
    }

    fn step_done(&mut self, stage: usize, step: usize, _time: f64, state: &Tensor<B, 4>) {
        let name = format!("stage{stage}/step{step}");
        self.states.insert(name, download(state.clone()));
    }

    fn stage_finished(&mut self, stage: usize, state: &Tensor<B, 4>) {
        let name = format!("stage{stage}/final");
        self.states.insert(name, download(state.clone()));
    }
}

/// The cascade a run goes through; `stages` where the manifest does not say.
pub(super) fn cascade(entry: &Entry, stages: Option<usize>) -> Result<Cascade> {
    let stages = entry.count("num_stages").or(stages);
    let config = CascadeConfig {
        stages: stages.ok_or_else(|| entry.problem("the manifest has no `num_stages` of it"))?,
        train_timesteps: entry
            .count("num_train_timesteps")
            .unwrap_or(CascadeConfig::default().train_timesteps),
    };
    Ok(config.build()?)
}

/// Guidance: for classes stage-wise, or none where the manifest says that it is off; for text the
/// same scale everywhere.
pub(super) fn guidance(entry: &Entry, tensors: &Tensors) -> Result<Guidance> {
    let scale =
        entry.number("cfg").ok_or_else(|| entry.problem("the manifest has no `cfg` of it"))?;
    let is_off = matches!(entry.field("cfg_per_stage"), Some(Value::String(_)));
    Ok(if is_off {
        Guidance::Constant { scale: 1.0 }
    } else if tensors.has("prompt_embeds") {
        Guidance::Constant { scale }
    } else {
        Guidance::StageWise { scale }
    })
}

/// What the images are conditioned on.
pub(super) fn conditions<B: PixelFlowBackend>(
    subject: Subject<'_>,
    tensors: &Tensors,
    device: &B::Device,
) -> Result<Conditions<B>> {
    if tensors.has("prompt_embeds") {
        let text = |kind: &str| {
            let (states, mask) = (format!("{kind}_embeds"), format!("{kind}_mask"));
            text::padded(tensors, &states, &mask, device)
        };
        return Ok(Conditions::Text { prompts: text("prompt")?, negatives: text("negative")? });
    }
    let labels = if tensors.has("labels") {
        tensors.counts("labels")?
    } else {
        let labels = subject.entry.counts("labels");
        labels.ok_or_else(|| subject.entry.problem("it has no `labels`"))?
    };
    let null = subject.config()?.null_class();
    Ok(Conditions::Class { labels, null })
}

/// Runs a sampler with the stored noise.
pub(super) fn run<B: PixelFlowBackend>(
    subject: Subject<'_>,
    tensors: &Tensors,
    sampler: &Sampler,
    device: &B::Device,
) -> Result<(States, Samples<B>)> {
    let stages = sampler.cascade().stages().len();
    let noise = GivenNoise::read(tensors, stages)?;
    let conditions = conditions::<B>(subject, tensors, device)?;
    if conditions.images() != noise.images() {
        let (found, expected) = (conditions.images(), noise.images());
        return Err(tensors.problem(format!("conditions for {found} of {expected} images")));
    }
    let model = subject.model::<B>(device)?;
    let [_, _, height, width] = tensors.dims::<4>("init_noise")?;
    let scale = sampler.cascade().reduction(0);
    let size = [height * scale, width * scale];
    let mut states = States::default();
    let samples = sampler.run(&model, &conditions, &noise, size, &mut states)?;
    Ok((states, samples))
}

/// Images as the fixtures store them: `clamp(x / 2 + 1/2, 0, 1)`, channels last.
pub(super) fn pixels<B: Backend>(images: Tensor<B, 4>) -> Vec<f64> {
    download((images / 2.0 + 0.5).clamp(0.0, 1.0).permute([0, 2, 3, 1]))
}

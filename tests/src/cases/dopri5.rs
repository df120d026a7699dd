//! Sampling by Dormand and Prince's method, as the reference does it.

use burn::tensor::Tensor;
use pixelflow::PixelFlow;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{
    Dopri5, Guidance, Sampler, SamplerConfig, SolverKind, Tolerance, dopri5_reference,
};
use serde_json::Value;

use super::{download, euler, network_calls, trajectory, upload};
use crate::{Limits, Recorded, Recorder, Result, Subject, Tensors};

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
    let described = entry.field("stages").and_then(Value::as_array);
    let described = described.ok_or_else(|| entry.problem("the manifest has no `stages` of it"))?;
    let defaults = SamplerConfig::default();
    let config = SamplerConfig {
        solver: SolverKind::Dopri5,
        reference: true,
        guidance: trajectory::guidance(entry, &tensors)?,
        rtol: entry.number("rtol").unwrap_or(defaults.rtol),
        atol: entry.number("atol").unwrap_or(defaults.atol),
        ..defaults
    };
    let sampler = config.check(trajectory::cascade(entry, Some(described.len()))?)?;
    let (states, samples) = trajectory::run::<B>(subject, &tensors, &sampler, device)?;

    for (stage, described) in described.iter().enumerate() {
        recorder.attempt(&subject.case(&format!("stage{stage}")), |recorder| {
            let path = ["tolerances", "per_stage", &stage.to_string(), "f32_vs_f64"];
            let recorded = entry.must_record(&path)?;
            for part in ["start", "final"] {
                let name = format!("stage{stage}/{part}");
                if tensors.has(&name) {
                    let limits = limits(part, stage, &recorded, subject)?;
                    let expected = tensors.doubles(&tensors.truth(&name))?;
                    let found = states.first(&name, expected.len()).unwrap_or_default();
                    recorder.compare(subject.case(&name), found, &expected, &limits);
                }
            }
            let solve =
                |times: &[f64]| again::<B>(subject, &tensors, &sampler, stage, times, device);
            let found = samples.evaluations[stage].iter().max().copied().unwrap_or(0);
            let from_stored_start = || Ok(solve(&[1.0])?.evaluations);
            let calls = network_calls::compare(
                subject.case(&format!("stage{stage}/nfe")),
                described,
                found,
                from_stored_start,
            )?;
            if let Some(outcome) = calls {
                recorder.push(outcome);
            }
            let name = format!("stage{stage}/mid");
            if let Some(time) = described.get("t_mid").and_then(Value::as_f64)
                && tensors.has(&name)
            {
                let expected = tensors.doubles(&tensors.truth(&name))?;
                let found = download(solve(&[time, 1.0])?.outputs[0].clone());
                let found = &found[..found.len().min(expected.len())];
                let limits = adaptive(&recorded);
                recorder.compare(subject.case(&name), found, &expected, &limits);
            }
            Ok(())
        });
    }
    let recorded = entry.must_record(&["tolerances", "samples_f32_vs_f64"])?;
    let found = trajectory::pixels(samples.images);
    subject.compare("samples", &found, &tensors, &adaptive(&recorded), recorder)
}

/// A stage starts from what the stage before it left; the first is exact.
fn limits(part: &str, stage: usize, recorded: &Recorded, subject: Subject<'_>) -> Result<Limits> {
    if part == "final" {
        return Ok(adaptive(recorded));
    }
    if stage == 0 {
        return Ok(Limits::absolute(0.0, "the given noise"));
    }
    let path = ["tolerances", "per_stage", &(stage - 1).to_string(), "f32_vs_f64"];
    Ok(adaptive(&subject.entry.must_record(&path)?))
}

/// Least limit for what an adaptive solver returns, relative.
///
/// Rounding changes the error estimate, and with it every step that follows; how far that leads is
/// chance, so a small recorded error does not mean that another f32 run is as near. REFERENCE: from
/// 3e-6 to 5e-4 were seen, "do not ask for more than 2e-3".
const LEAST: f64 = 2e-3;

/// Ten times what is recorded, but not less than [`LEAST`].
fn adaptive(recorded: &Recorded) -> Limits {
    let limits = Limits::ten_times(recorded);
    if limits.rel_l2.is_none_or(|limit| limit >= LEAST) {
        return limits;
    }
    let basis = format!("an adaptive solver's least; {} is smaller", limits.basis);
    Limits::relative(LEAST, basis)
}

/// Solves a stage again, from the stored start; the states at `times` are its outputs.
fn again<B: PixelFlowBackend>(
    subject: Subject<'_>,
    tensors: &Tensors,
    sampler: &Sampler,
    stage: usize,
    times: &[f64],
    device: &B::Device,
) -> Result<Dopri5<B>> {
    let start = upload::<B, 4>(tensors, &format!("stage{stage}/start"), device)?;
    let conditions = trajectory::conditions::<B>(subject, tensors, device)?;
    let (rows, images) = (start.dims()[0], conditions.images());
    let model: PixelFlow<B> = subject.model(device)?;
    let stages = sampler.cascade().stages();
    let scale = match sampler.config().guidance {
        Guidance::Constant { scale: 1.0 } => None,
        guidance => Some(guidance.reference_scale_at(stage, stages.len(), 0.5)),
    };
    let context = match scale {
        Some(_) => euler::both(conditions),
        None => euler::only(conditions),
    };
    let (first, last) = (stages[stage].first_timestep(), stages[stage].last_timestep());
    let mut velocity = |times: &[f64], state: Tensor<B, 4>, _: &[usize]| {
        let timestep = ((last - first) * times[0] + first) as f32;
        let half = state.narrow(0, 0, images);
        let guided = match scale {
            None => model.forward(half, &vec![timestep; images], &context),
            Some(scale) => {
                let all = half.repeat_dim(0, 2);
                let all = model.forward(all, &vec![timestep; 2 * images], &context);
                let without = all.clone().narrow(0, 0, images);
                let with = all.narrow(0, images, images);
                without.clone() + (with - without) * scale
            }
        };
        Ok(guided.repeat_dim(0, rows / images))
    };
    let tolerance = Tolerance { relative: sampler.config().rtol, absolute: sampler.config().atol };
    Ok(dopri5_reference(&mut velocity, start, times, tolerance, stage)?)
}

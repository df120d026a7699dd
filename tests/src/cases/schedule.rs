//! Schedules: stage boundaries, network timesteps, steps, renoising, guidance scales.

use pixelflow::cascade::{Cascade, CascadeConfig, GAMMA, Renoise, Stage};
use pixelflow::sampler::{Guidance, euler_times};
use serde_json::Value;

use crate::{Entry, Error, Manifest, Recorder, Result, Subject};

/// The constants of a JSON file.
pub(crate) fn read(manifest: &Manifest, entry: &Entry) -> Result<Value> {
    let path = manifest.path(&entry.file);
    let text =
        std::fs::read_to_string(&path).map_err(|source| Error::Unreadable { path, source })?;
    serde_json::from_str(&text).map_err(|error| entry.problem(error.to_string()))
}

/// Schedules are computed in f64: the manifest asks for 1e-12, relative, of every number.
const LIMIT: f64 = 1e-12;

fn compare(recorder: &mut Recorder<'_>, case: String, found: &[f64], expected: &[f64]) {
    recorder.each(case, found, expected, LIMIT, "f64, as the manifest says");
}

/// The cascade of `stages` stages and `timesteps` timesteps.
fn cascade(stages: usize, timesteps: usize) -> Result<Cascade> {
    Ok(CascadeConfig { stages, train_timesteps: timesteps }.build()?)
}

/// A list of numbers, or one.
fn numbers(value: Option<&Value>) -> Option<Vec<f64>> {
    match value? {
        Value::Array(list) => list.iter().map(Value::as_f64).collect(),
        number => Some(vec![number.as_f64()?]),
    }
}

/// A table `{index: number}`.
fn table(value: Option<&Value>) -> Option<(Vec<usize>, Vec<f64>)> {
    let entries = value?.as_object()?.iter();
    let entry = |(index, value): (&String, &Value)| Some((index.parse().ok()?, value.as_f64()?));
    let pairs: Option<Vec<(usize, f64)>> = entries.map(entry).collect();
    Some(pairs?.into_iter().unzip())
}

/// Checks the constants of all schedules and the guidance scales of a JSON file.
///
/// # Errors
/// If the file cannot be read or lacks what it should hold.
pub fn constants(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let constants = read(subject.manifest, subject.entry)?;
    let list = |key| constants.get(key).and_then(Value::as_array);
    let configs = list("configs").ok_or_else(|| subject.entry.problem("it has no `configs`"))?;
    for (index, config) in configs.iter().enumerate() {
        let name = format!("config{index}");
        recorder.attempt(&subject.case(&name), |recorder| one_schedule(subject, config, recorder));
    }
    for (index, guidance) in list("guidance").into_iter().flatten().enumerate() {
        let name = format!("guidance{index}");
        recorder
            .attempt(&subject.case(&name), |recorder| guidance_scales(subject, guidance, recorder));
    }
    Ok(())
}

fn one_schedule(subject: Subject<'_>, config: &Value, recorder: &mut Recorder<'_>) -> Result<()> {
    let problem = |what: &str| subject.entry.problem(format!("a config has no `{what}`"));
    let count = |key: &str| config.get(key).and_then(Value::as_u64).map(|n| n as usize);
    let n = count("num_train_timesteps").ok_or_else(|| problem("num_train_timesteps"))?;
    let stages = count("num_stages").ok_or_else(|| problem("num_stages"))?;
    let cascade = cascade(stages, n)?;
    let case = |part: &str| subject.case(&format!("N{n}_S{stages}/{part}"));

    if let Some(gamma) = numbers(config.get("gamma")) {
        compare(recorder, case("gamma"), &[GAMMA], &gamma);
    }
    let described =
        config.get("stages").and_then(Value::as_array).ok_or_else(|| problem("stages"))?;
    if described.len() != stages {
        return Err(subject
            .entry
            .problem(format!("{} of {stages} stages are described", described.len())));
    }
    for (index, (expected, stage)) in described.iter().zip(cascade.stages()).enumerate() {
        let case = |part: &str| case(&format!("stage{index}/{part}"));
        one_stage(expected, stage, &cascade, &case, recorder);
    }
    Ok(())
}

fn one_stage(
    expected: &Value,
    stage: &Stage,
    cascade: &Cascade,
    case: &dyn Fn(&str) -> String,
    recorder: &mut Recorder<'_>,
) {
    let n = cascade.train_timesteps();
    let Renoise { alpha, beta } = Renoise::entering(stage);
    let scalars = [
        ("start_t", stage.start_t),
        ("end_t", stage.end_t),
        ("original_start_t", stage.original_start_t),
        ("Timesteps_len", stage.timesteps.len() as f64),
        ("renoise_alpha", alpha),
        ("renoise_beta", beta),
    ];
    for (key, found) in scalars {
        if let Some(expected) = numbers(expected.get(key)) {
            compare(recorder, case(key), &[found], &expected);
        }
    }
    if let Some((indices, values)) = table(expected.get("Timesteps_at")) {
        let found: Vec<f64> = indices.iter().map(|&i| stage.timesteps[i]).collect();
        compare(recorder, case("Timesteps_at"), &found, &values);
    }
    if let Some((indices, values)) = table(expected.get("t_window_at")) {
        let found: Vec<f64> = indices.iter().map(|&i| cascade.time(i)).collect();
        compare(recorder, case("t_window_at"), &found, &values);
    }
    let runs = expected.get("set_timesteps").and_then(Value::as_array);
    let (mut found, mut stored) = ([vec![], vec![]], [vec![], vec![]]);
    for run in runs.into_iter().flatten() {
        let steps = run.get("num_inference_steps").and_then(Value::as_u64);
        let shift = run.get("shift").and_then(Value::as_f64).unwrap_or(1.0);
        let times = euler_times(steps.unwrap_or(1).max(1) as usize, shift, n, true);
        let starts = times[..times.len() - 1].iter();
        found[1].extend(starts.map(|&t| stage.timestep_at(t)));
        found[0].extend(times);
        stored[0].extend(numbers(run.get("t")).unwrap_or_default());
        stored[1].extend(numbers(run.get("Timesteps")).unwrap_or_default());
    }
    for (index, part) in ["t", "Timesteps"].into_iter().enumerate() {
        if runs.is_some() {
            let case = case(&format!("set_timesteps/{part}"));
            compare(recorder, case, &found[index], &stored[index]);
        }
    }
}

fn guidance_scales(
    subject: Subject<'_>,
    guidance: &Value,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let scale = guidance.get("guidance_scale").and_then(Value::as_f64);
    let scale = scale.ok_or_else(|| subject.entry.problem("guidance has no `guidance_scale`"))?;
    let kinds =
        [("class_cond", Guidance::StageWise { scale }), ("text", Guidance::Constant { scale })];
    for (key, guidance_kind) in kinds {
        if let Some(expected) = numbers(guidance.get(key)) {
            let stages = expected.len();
            let at = |stage| guidance_kind.reference_scale_at(stage, stages, 0.5);
            let found: Vec<f64> = (0..stages).map(at).collect();
            let case = subject.case(&format!("guidance{scale}/{key}"));
            compare(recorder, case, &found, &expected);
        }
    }
    Ok(())
}

/// Checks the network timesteps of all stages of a file of tables.
///
/// # Errors
/// If the file cannot be read.
pub fn tables(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let tensors = subject.open()?;
    for name in tensors.names() {
        recorder.attempt(&subject.case(name), |recorder| {
            let problem =
                || tensors.problem(format!("`{name}` is not TABLE/TIMESTEPS_STAGES/STAGE"));
            let parts: Vec<&str> = name.split('/').collect();
            let [_, size, stage] = parts.as_slice() else {
                return Err(problem());
            };
            let (n, stages) = size.split_once('_').ok_or_else(problem)?;
            let count = |text: &str| text.parse::<usize>().map_err(|_| problem());
            let (n, stages, stage) = (count(n)?, count(stages)?, count(stage)?);
            let cascade = cascade(stages, n)?;
            let stage = cascade.stages().get(stage).ok_or_else(problem)?;
            let expected = tensors.doubles(name)?;
            compare(recorder, subject.case(name), &stage.timesteps, &expected);
            Ok(())
        });
    }
    Ok(())
}

//! An edit of a picture against its formulas in f64, which need no network: one whose velocity is the same
//! everywhere draws, and what stays of the picture follows its own path whatever draws.

use pixelflow::PixelFlow;
use pixelflow::cascade::{Cascade, CascadeConfig, Renoise, Stage};
use pixelflow::noise::{Key, Purpose};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{
    Conditions, Guidance, ImageKey, KeyedNoise, NoiseSource, OriginalConfig, Progress, Sampler,
    SamplerConfig, SolverKind, Stepper,
};
use pixelflow::weights::model_from;

use super::small_model;
use crate::cases::download;
use crate::{Difference, Limits, Recorded, Recorder, Result};

/// Side of the images in pixels: in patches the last stage has the grid of the other groups.
const SIDE: usize = 16;
/// Values of an image.
const COUNT: usize = 3 * SIDE * SIDE;
/// The velocity of the network that draws.
const VELOCITY: f64 = 0.25;
/// Where the edit begins in the first stage.
const BEGIN: f64 = 0.25;
/// How often each stage is gone through.
const REPETITIONS: usize = 2;
/// Time that the second time begins at.
const BACK_TO: f64 = 0.5;
const KEYS: [ImageKey; 2] = [ImageKey { seed: 5, index: 0 }, ImageKey { seed: 5, index: 3 }];

/// Compares a drawn edit, and the path of what stays.
pub(super) fn check<B: PixelFlowBackend>(device: &B::Device, recorder: &mut Recorder<'_>) {
    recorder.attempt("edit", |recorder| {
        let sampler = sampler()?;
        let mut stepper = begun(&sampler, &even::<B>(device))?;
        while stepper.step()?.is_some() {}
        let found = stepper.state().map(download).unwrap_or_default();
        let exact = by_the_book(&sampler, |value| value);
        let rounded = by_the_book(&sampler, |value| f64::from(value as f32));
        let error = Difference::between(&rounded, &exact);
        let place = "an edit's formulas with states in f32, measured here".to_owned();
        let (max_abs, rel_l2) = (Some(error.max_abs), Some(error.rel_l2));
        let limits = Limits::ten_times(&Recorded { max_abs, rel_l2, place });
        recorder.compare("edit/drawn", &found, &exact, &limits);

        let (found, exact) = kept_path(&sampler, &small_model::model::<B>(device))?;
        // A step adds a slope to a state of about 2, and no more steps are made than a tenth of this.
        let limits = Limits::absolute(100.0 * 2_f64.powi(-23), "100 roundings of a state in f32");
        recorder.compare("edit/kept_path", &found, &exact, &limits);
        Ok(())
    });
}

fn sampler() -> Result<Sampler> {
    let config = SamplerConfig {
        solver: SolverKind::Heun,
        steps: vec![4],
        guidance: Guidance::Constant { scale: 1.0 },
        ..SamplerConfig::default()
    };
    Ok(config.check(CascadeConfig { stages: 2, train_timesteps: 1000 }.build()?)?)
}

/// A network whose velocity is the same at all times, states and pixels.
fn even<B: PixelFlowBackend>(device: &B::Device) -> PixelFlow<B> {
    let weights = |name: &str, shape: &[usize]| {
        let value = if name == "proj_out_2.bias" { VELOCITY as f32 } else { 0.0 };
        Ok::<_, std::convert::Infallible>(vec![value; shape.iter().product()])
    };
    match model_from(&small_model::config(), device, weights) {
        Ok(model) => model,
        Err(never) => match never {},
    }
}

fn picture() -> Vec<f64> {
    let values = Key::new(41, 0, Purpose::Testing).uniforms(COUNT);
    values.into_iter().map(|value| f64::from((2.0 * value - 1.0) as f32)).collect()
}

/// Five columns stay, one is mixed, the others are drawn.
fn mask() -> Vec<f64> {
    (0..SIDE * SIDE).map(|pixel| [0.0, 0.25, 1.0][(pixel % SIDE + 1).clamp(5, 7) - 5]).collect()
}

fn begun<B: PixelFlowBackend>(
    sampler: &Sampler,
    model: &PixelFlow<B>,
) -> Result<Stepper<'static, B>> {
    let conditions = Conditions::Class { labels: vec![1, 2], null: model.classes() };
    let single = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    let config = OriginalConfig {
        pixels: single(picture()),
        shape: [3, SIDE, SIDE],
        mask: Some(single(mask())),
        stage: 0,
        time: BEGIN,
        repetitions: REPETITIONS,
    };
    let original = sampler.original(config, [SIDE; 2])?;
    let noise = KeyedNoise { images: KEYS.to_vec() };
    Ok(sampler.stepper(model, conditions, noise, [SIDE; 2])?.editing(original)?)
}

/// Values of images of one side, in doubles.
#[derive(Clone)]
struct Images {
    side: usize,
    values: Vec<f64>,
}

impl Images {
    fn halved(&self) -> Self {
        let side = self.side / 2;
        let value = |i: usize| {
            let at = |y: usize, x: usize| {
                let (row, column) = (2 * (i / side) + y, 2 * (i % side) + x);
                self.values[row * self.side + column]
            };
            (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0
        };
        Self { side, values: (0..self.values.len() / 4).map(value).collect() }
    }

    fn doubled(&self) -> Self {
        let side = 2 * self.side;
        let value = |i: usize| self.values[i / side / 2 * self.side + i % side / 2];
        Self { side, values: (0..4 * self.values.len()).map(value).collect() }
    }

    fn with(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let pairs = self.values.iter().zip(&other.values);
        Self { side: self.side, values: pairs.map(|(&a, &b)| combine(a, b)).collect() }
    }
}

/// Both ends of the path of a picture with a noise: equations 3 to 5 of the paper.
fn ends(stage: &Stage, clean: &Images, noise: &Images) -> [Images; 2] {
    let (s, e) = (stage.start_t, stage.end_t);
    let start = clean.halved().doubled().with(noise, |x, eps| s * x + (1.0 - s) * eps);
    [start, clean.with(noise, |x, eps| e * x + (1.0 - e) * eps)]
}

/// The noise of a place, for both images.
fn noise(stage: usize, repetition: usize, side: usize) -> Images {
    let images = KeyedNoise { images: KEYS.to_vec() };
    let values = images.edit(stage, repetition, 3, side, side);
    Images { side, values: values.into_iter().map(f64::from).collect() }
}

/// The picture or the mask in the sides of a stage, for all values of both images.
fn level(cascade: &Cascade, stage: usize, values: Vec<f64>) -> Images {
    let mut level = Images { side: SIDE, values };
    while level.side > cascade.sides(stage, SIDE, SIDE).0 {
        level = level.halved();
    }
    let times = 2 * 3 * level.side * level.side / level.values.len();
    Images { values: level.values.repeat(times), ..level }
}

/// The edit as its formulas have it, with `round` for each state; slopes do not change within a stage, so that
/// any solver's steps add up to one.
fn by_the_book(sampler: &Sampler, round: impl Fn(f64) -> f64) -> Vec<f64> {
    let cascade = sampler.cascade();
    let mut state: Option<Images> = None;
    for (index, stage) in cascade.stages().iter().enumerate() {
        let [clean, mask] = [picture(), mask()].map(|values| level(cascade, index, values));
        let blend = |drawn: &Images, known: &Images| {
            let kept = mask.with(known, |m, known| (1.0 - m) * known);
            mask.with(drawn, |m, drawn| m * drawn).with(&kept, |a, b| a + b)
        };
        let rounded = |images: &Images| images.with(images, |value, _| round(value));
        for repetition in 0..REPETITIONS {
            let eps = noise(index, repetition, clean.side);
            let [start, end] = ends(stage, &clean, &eps);
            let at =
                |[start, end]: &[Images; 2], t: f64| end.with(start, |e, s| t * e + (1.0 - t) * s);
            let path = [start, end];
            let (time, begin) = match (&state, repetition) {
                (None, _) => (BEGIN, at(&path, BEGIN)),
                (Some(before), 0) => {
                    let Renoise { alpha, beta } = Renoise::entering(stage);
                    let blocks = KeyedNoise { images: KEYS.to_vec() };
                    let blocks = blocks.block(index, 0, 3, clean.side, clean.side);
                    let values = blocks.into_iter().map(f64::from).collect();
                    let blocks = Images { side: clean.side, values };
                    let renoised = before.doubled().with(&blocks, |x, n| alpha * x + beta * n);
                    (0.0, blend(&renoised, &path[0]))
                }
                (Some(end), _) => {
                    let eps_before = noise(index, repetition - 1, clean.side);
                    let [a, b] = ends(stage, &clean, &eps_before);
                    let slope = velocity(&blend, &b.with(&a, |b, a| b - a));
                    let found = clean_of(stage, end, &end.with(&slope, |x, v| x - v));
                    (BACK_TO, blend(&at(&ends(stage, &found, &eps), BACK_TO), &at(&path, BACK_TO)))
                }
            };
            let slope = velocity(&blend, &path[1].with(&path[0], |b, a| b - a));
            let begin = rounded(&begin);
            state = Some(rounded(&begin.with(&slope, |x, v| x + (1.0 - time) * v)));
        }
    }
    state.map(|state| state.values).unwrap_or_default()
}

/// The velocity of a stage: the network's where it draws, the picture's where it stays.
fn velocity(blend: &impl Fn(&Images, &Images) -> Images, known: &Images) -> Images {
    let drawn = known.with(known, |_, _| VELOCITY);
    blend(&drawn, known)
}

/// The clean picture of a path with these ends: two equations with two unknowns, solved block by block.
fn clean_of(stage: &Stage, end: &Images, start: &Images) -> Images {
    let (s, e) = (stage.start_t, stage.end_t);
    let means = |images: &Images| images.halved().doubled();
    let mean = means(end).with(&means(start), |end, start| {
        ((1.0 - s) * end - (1.0 - e) * start) / ((1.0 - s) * e - (1.0 - e) * s)
    });
    let eps = start.with(&mean, |start, mean| (start - s * mean) / (1.0 - s));
    end.with(&eps, |end, eps| (end - (1.0 - e) * eps) / e)
}

/// What stays of the picture after every step, as it is found and on the picture's own path.
fn kept_path<B: PixelFlowBackend>(
    sampler: &Sampler,
    model: &PixelFlow<B>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut found, mut exact) = (Vec::new(), Vec::new());
    let mut stepper = begun(sampler, model)?;
    let mut steps = 0;
    while let Some(progress) = stepper.step()? {
        let Progress::Step(done) = progress else {
            steps = 0;
            continue;
        };
        steps += 1;
        // After the first time the state is that of the second one's beginning.
        let first = if done.stage == 0 { 3 } else { 4 };
        let (repetition, time) =
            if steps == first { (1, BACK_TO) } else { (usize::from(steps > first), done.time) };
        let clean = level(sampler.cascade(), done.stage, picture());
        let mask = level(sampler.cascade(), done.stage, mask());
        let eps = noise(done.stage, repetition, clean.side);
        let [start, end] = ends(&sampler.cascade().stages()[done.stage], &clean, &eps);
        let path = end.with(&start, |end, start| time * end + (1.0 - time) * start);
        let state = stepper.state().map(download).unwrap_or_default();
        for ((state, path), mask) in state.iter().zip(&path.values).zip(&mask.values) {
            if *mask == 0.0 {
                found.push(*state);
                exact.push(*path);
            }
        }
    }
    Ok((found, exact))
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;

    use super::*;
    use crate::{Outcome, Verdict};

    #[test]
    fn both_cases_pass_on_the_cpu() {
        let mut tell = |outcome: &Outcome| println!("{outcome:?}");
        let mut recorder = Recorder::new(None, &mut tell);
        check::<Flex>(&FlexDevice, &mut recorder);
        let outcomes = recorder.into_report().outcomes;
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:?}");
        }
    }
}

//! A stepper stops anywhere and goes on as if it had not.

use burn::tensor::Tensor;
use burn_flex::{Flex, FlexDevice};

use super::*;
use crate::cascade::{Cascade, CascadeConfig};
use crate::noise::{Key, Purpose};
use crate::weights::model_from;
use crate::{Error, PixelFlow, PixelFlowConfig, Preset};

pub(super) const SIZE: [usize; 2] = [8, 8];

pub(super) fn model() -> PixelFlow<Flex> {
    model_of(0.2, 5)
}

pub(super) fn model_of(size: f32, classes: usize) -> PixelFlow<Flex> {
    let config = PixelFlowConfig { depth: 1, patch_size: 2, ..Preset::Tiny.config(classes) };
    // Initial weights would not do: their velocity is zero.
    let weights = |name: &str, shape: &[usize]| {
        let key = Key::new(name.len() as u64, 0, Purpose::Testing);
        let values = key.normals(shape.iter().product());
        Ok::<_, std::convert::Infallible>(values.into_iter().map(|value| value * size).collect())
    };
    match model_from(&config, &FlexDevice, weights) {
        Ok(model) => model,
        Err(never) => match never {},
    }
}

pub(super) fn cascade() -> Cascade {
    CascadeConfig { stages: 2, train_timesteps: 1000 }.build().unwrap()
}

/// Every solver as ours, Euler first, and two as the reference's.
pub(super) fn samplers() -> Vec<Sampler> {
    let reference = [(SolverKind::Euler, true), (SolverKind::Dopri5, true)];
    let kinds = SolverKind::ALL.into_iter().map(|kind| (kind, false)).chain(reference);
    let sampler = |(solver, reference)| {
        let guidance = Guidance::Constant { scale: 1.5 };
        let steps = vec![4];
        let config = SamplerConfig { solver, reference, steps, guidance, ..Default::default() };
        config.check(cascade()).unwrap()
    };
    kinds.map(sampler).collect()
}

fn adaptive() -> Sampler {
    samplers().into_iter().find(|sampler| sampler.config().solver == SolverKind::Dopri5).unwrap()
}

pub(super) fn conditions() -> Conditions<Flex> {
    Conditions::Class { labels: vec![1, 4], null: 5 }
}

pub(super) fn noise() -> KeyedNoise {
    KeyedNoise { images: [3, 8].map(|index| ImageKey { seed: 7, index }).into() }
}

pub(super) fn begun(sampler: &Sampler) -> Stepper<'static, Flex> {
    sampler.stepper(&model(), conditions(), noise(), SIZE).unwrap()
}

pub(super) fn values(tensor: Tensor<Flex, 4>) -> Vec<f32> {
    tensor.into_data().to_vec().unwrap()
}

/// Takes all steps that are left; the images, and how many steps there were.
pub(super) fn finished(stepper: Stepper<'_, Flex>) -> (Vec<f32>, Vec<Vec<usize>>, usize) {
    let (images, evaluations, steps, _) = counted(stepper);
    (images, evaluations, steps)
}

/// The same, and the network calls of each image.
pub(super) fn counted(
    mut stepper: Stepper<'_, Flex>,
) -> (Vec<f32>, Vec<Vec<usize>>, usize, Vec<usize>) {
    let mut steps = 0;
    while stepper.step().unwrap().is_some() {
        steps += 1;
    }
    let calls = stepper.network_calls().to_vec();
    (values(stepper.state().unwrap()), stepper.evaluations(), steps, calls)
}

#[test]
fn after_any_step_it_can_be_saved_and_gone_on_from() {
    for sampler in samplers() {
        let (images, evaluations, steps, calls) = counted(begun(&sampler));
        // An adaptive solver takes a hundred steps: some of them will do, the first few among them.
        for stop in (0..6).chain((6..=steps).step_by((steps / 6).max(1))) {
            let mut stepper = begun(&sampler);
            for _ in 0..stop {
                stepper.step().unwrap().unwrap();
            }
            let bytes = stepper.save().unwrap().to_bytes();
            let saved = SavedState::from_bytes(&bytes).unwrap();
            let stepper = sampler.resume(&model(), conditions(), noise(), &saved).unwrap();
            let (again, counts, _, calls_again) = counted(stepper);
            assert!(again == images, "{:?}, stopped after {stop}", sampler.config());
            assert_eq!(
                (counts, &calls_again),
                (evaluations.clone(), &calls),
                "{:?}, stopped after {stop}",
                sampler.config()
            );
        }
    }
}

#[test]
fn network_calls_are_counted_as_arithmetic_has_them() {
    use {Guidance::*, GuidanceRule::*, SolverKind::*};
    let (plain, late) = (Plain, CfgZeroStar { strength: 1.0, zero_until: 0.2 });
    // Two stages of four steps each; the second half of global time is the second stage's.
    let half = Interval { scale: 2.0, from: 0.6, to: 1.0 };
    for (solver, guidance, rule, expected) in [
        (Euler, Constant { scale: 1.0 }, plain, 8),
        (Euler, Constant { scale: 2.0 }, plain, 16),
        (Euler, StageWise { scale: 2.0 }, plain, 4 + 8),
        (Heun, StageWise { scale: 2.0 }, plain, 8 + 16),
        (Ab2, StageWise { scale: 2.0 }, plain, 4 + 8),
        (Ab3, StageWise { scale: 2.0 }, plain, 5 + 10),
        (Unipc, Constant { scale: 1.0 }, plain, 8),
        // The first two steps of the first stage begin before a fifth of global time.
        (Dpmpp2m, Constant { scale: 1.0 }, late, 2 + 4),
        (Dpmpp2m, Constant { scale: 3.0 }, late, 4 + 8),
        (Euler, half, plain, 0),
    ] {
        let config = SamplerConfig {
            solver,
            guidance,
            guidance_rule: rule,
            steps: vec![4],
            ..Default::default()
        };
        let sampler = config.check(cascade()).unwrap();
        let mut stepper = begun(&sampler);
        while stepper.step().unwrap().is_some() {
            // Looking asks the network too, and is no part of the drawing.
            stepper.preview().unwrap();
        }
        let planned = sampler.network_calls(false).unwrap();
        assert_eq!(stepper.network_calls(), [planned; 2], "{:?}", sampler.config());
        if expected > 0 {
            assert_eq!(planned, expected, "{:?}", sampler.config());
        } else {
            assert!((9..16).contains(&planned), "an interval is a part: {planned}");
        }
    }
    // Whatever a solver decides, under one scale every evaluation is two calls.
    for sampler in samplers() {
        let (_, evaluations, _, calls) = counted(begun(&sampler));
        let twice = |image: usize| 2 * evaluations.iter().map(|stage| stage[image]).sum::<usize>();
        assert_eq!(calls, [twice(0), twice(1)], "{:?}", sampler.config());
    }
    assert_eq!(adaptive().network_calls(false), None);
}

#[test]
fn a_preview_changes_nothing_and_ends_as_the_image() {
    for sampler in samplers() {
        let (images, ..) = finished(begun(&sampler));
        let mut stepper = begun(&sampler);
        assert!(stepper.preview().unwrap().is_none());
        let (mut last, mut clean) = (None, None);
        while stepper.step().unwrap().is_some() {
            last = stepper.preview().unwrap();
            clean = stepper.clean_preview().unwrap();
        }
        assert_eq!(values(stepper.state().unwrap()), images);
        assert_eq!(values(last.unwrap()), images, "at time 1 nothing is left to predict");
        assert_eq!(values(clean.unwrap()), images, "the last stage ends with clean images");
    }
}

#[test]
fn of_one_euler_step_the_preview_is_the_end_of_the_stage() {
    let config = SamplerConfig { steps: vec![1], ..Default::default() };
    let mut stepper = begun(&config.check(cascade()).unwrap());
    stepper.step().unwrap();
    let preview = values(stepper.preview().unwrap().unwrap());
    stepper.step().unwrap();
    assert_eq!(preview, values(stepper.state().unwrap()));
}

#[test]
fn a_start_at_a_step_of_the_schedule_goes_on_as_the_whole_run() {
    let sampler = &samplers()[0];
    let (images, ..) = finished(begun(sampler));
    let mut stepper = begun(sampler);
    // Stage 0 has an entry and four steps; then the entry of stage 1 and one step.
    for _ in 0..7 {
        stepper.step().unwrap();
    }
    let start = Start { stage: 1, time: 0.25, state: stepper.state().unwrap() };
    let stepper = sampler.stepper_from(&model(), conditions(), noise(), SIZE, start).unwrap();
    let (again, evaluations, steps) = finished(stepper);
    let apart = again.iter().zip(&images).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    // The table of modulations has other rows, which may round differently.
    assert!(apart < 1e-5, "{apart}");
    assert_eq!((evaluations, steps), (vec![vec![0; 2], vec![3; 2]], 3));
}

#[test]
fn starts_and_states_that_do_not_fit_are_refused() {
    let sampler = &adaptive();
    let state = |side| Tensor::<Flex, 4>::zeros([2, 3, side, side], &FlexDevice);
    for (stage, time, side, expected) in [
        (2, 0.0, 8, "stage 2 of 2"),
        (1, 1.0, 8, "time 1"),
        (1, f64::NAN, 8, "time NaN"),
        (1, 0.0, 4, "must be [2, 3, 8, 8]"),
    ] {
        let start = Start { stage, time, state: state(side) };
        let refused = sampler.stepper_from(&model(), conditions(), noise(), SIZE, start);
        let message = refused.err().unwrap().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let saved = begun(sampler).save().unwrap();
    let other = samplers()[0].resume(&model(), conditions(), noise(), &saved);
    assert!(matches!(other.err(), Some(Error::SavedState { .. })));
    let one = Conditions::Class { labels: vec![1], null: 5 };
    let fewer = sampler.resume(&model(), one, noise(), &saved);
    assert!(matches!(fewer.err(), Some(Error::SavedState { .. })));
    for bytes in [&b""[..], b"nonsense", &saved.to_bytes()[..20]] {
        assert!(matches!(SavedState::from_bytes(bytes), Err(Error::SavedState { .. })));
    }
}

#[test]
fn a_hostile_state_is_refused_and_never_panics() {
    let sampler = &adaptive();
    let mut stepper = begun(sampler);
    for _ in 0..5 {
        stepper.step().unwrap();
    }
    let saved = stepper.save().unwrap();
    let edited = |edit: fn(&mut serde_json::Value)| {
        let mut numbers = serde_json::to_value(&saved.numbers).unwrap();
        edit(&mut numbers);
        let numbers = serde_json::from_value(numbers).unwrap();
        let saved = SavedState { numbers, ..saved.clone() };
        sampler.resume(&model(), conditions(), noise(), &saved).err().map(|e| e.to_string())
    };
    assert_eq!(edited(|_| {}), None, "as it was saved");
    let edits: [fn(&mut serde_json::Value); 6] = [
        // All images are done, but the stage is not.
        |n| {
            for place in n["place"]["per_image"]["places"].as_array_mut().unwrap() {
                place["time"] = 1.0.into();
            }
        },
        |n| n["place"]["per_image"]["places"][0]["step"] = 0.0.into(),
        |n| n["place"]["per_image"]["places"][0]["evaluations"] = usize::MAX.into(),
        |n| n["place"]["per_image"]["steps"] = usize::MAX.into(),
        |n| n["stage"] = 7.into(),
        |n| n["place"] = serde_json::json!({"steps": {"start": 0.0, "done": 1}}),
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let refused = edited(edit).unwrap_or_else(|| panic!("edit {number} is taken"));
        assert!(refused.contains("the saved state cannot be used"), "{refused}");
    }
}

#[test]
fn a_guide_takes_the_place_of_the_unconditional_velocity() {
    let one_step = |scale: f64| {
        let guidance = Guidance::Constant { scale };
        let config = SamplerConfig { steps: vec![1], guidance, ..Default::default() };
        config.check(CascadeConfig { stages: 1, train_timesteps: 1000 }.build().unwrap()).unwrap()
    };
    let images = |networks: Networks<Flex>, scale| {
        let stepper = one_step(scale).stepper(&networks, conditions(), noise(), SIZE).unwrap();
        finished(stepper).0
    };
    let close = |found: &[f32], expected: &[f32]| {
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4));
    };
    let (model, guide) = (model(), model_of(0.1, 5));
    let both =
        |guide: &PixelFlow<Flex>| Networks { model: model.clone(), guide: Some(guide.clone()) };
    let [of_model, of_guide] = [&model, &guide].map(|network| images(network.into(), 1.0));
    // One step is linear in the velocity.
    let pushed: Vec<f32> = of_model.iter().zip(&of_guide).map(|(m, g)| g + 2.5 * (m - g)).collect();
    close(&images(both(&guide), 2.5), &pushed);
    assert!(of_model.iter().zip(&pushed).any(|(a, b)| (a - b).abs() > 0.1), "nothing is guided");
    close(&images(both(&model), 2.5), &of_model);
    let other = Networks { model: model.clone(), guide: Some(model_of(0.1, 7)) };
    let refused = one_step(2.0).stepper(&other, conditions(), noise(), SIZE).err().unwrap();
    assert!(refused.to_string().contains("the guide has 7 classes, the model 5"), "{refused}");
}

#[test]
fn until_the_time_of_cfg_zero_star_nothing_moves() {
    let guidance_rule = GuidanceRule::CfgZeroStar { strength: 1.0, zero_until: 0.25 };
    let config = SamplerConfig { steps: vec![2], guidance_rule, ..Default::default() };
    let cascade = CascadeConfig { stages: 1, train_timesteps: 1000 }.build().unwrap();
    let mut stepper = begun(&config.check(cascade).unwrap());
    let mut state = || {
        stepper.step().unwrap();
        values(stepper.state().unwrap())
    };
    let [start, first, second] = [state(), state(), state()];
    assert!(first == start && second != start);
}

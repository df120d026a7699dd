//! Edits begin where they are told to, keep what they are told to, and can be stopped anywhere.

use burn_flex::Flex;

use super::stepper::Phase;
use super::stepper_tests::{
    SIZE, begun, cascade, conditions, counted, finished, model_of, noise, samplers, values,
};
use super::*;
use crate::cascade::{CascadeConfig, halve, training_pair};
use crate::noise::{Key, Purpose};
use crate::{Error, Result};

/// Values of an image of three channels.
const COUNT: usize = 3 * SIZE[0] * SIZE[1];

fn picture() -> Vec<f32> {
    Key::new(9, 0, Purpose::Testing).uniforms(COUNT).into_iter().map(|x| x as f32 - 0.5).collect()
}

/// The left half stays; the column beside it is drawn by half.
fn mask() -> Vec<f32> {
    let row = [0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0];
    row.into_iter().cycle().take(SIZE[0] * SIZE[1]).collect()
}

fn config(mask: Option<Vec<f32>>, (stage, time): (usize, f64)) -> OriginalConfig {
    let shape = [3, SIZE[0], SIZE[1]];
    OriginalConfig { pixels: picture(), shape, mask, stage, time, repetitions: 1 }
}

fn edited(sampler: &Sampler, config: OriginalConfig) -> Stepper<'static, Flex> {
    begun(sampler).editing(sampler.original(config, SIZE).unwrap()).unwrap()
}

fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn an_edit_of_full_strength_is_a_plain_drawing() {
    for sampler in samplers() {
        let place = sampler.place_of_strength(1.0);
        assert_eq!(place, (0, 0.0));
        let plain = counted(begun(&sampler));
        for mask in [None, Some(vec![1.0; SIZE[0] * SIZE[1]])] {
            let edit = counted(edited(&sampler, config(mask, place)));
            assert!(edit == plain, "{:?}", sampler.config());
        }
    }
}

#[test]
fn an_edit_of_no_strength_is_the_picture() {
    for sampler in samplers() {
        let place = sampler.place_of_strength(0.0);
        let original = sampler.original(config(None, place), SIZE).unwrap();
        let stepper = sampler.stepper(&model_of(0.05, 5), conditions(), noise(), SIZE).unwrap();
        let (image, ..) = finished(stepper.editing(original).unwrap());
        // A thousandth of a stage is left to be drawn; this model's velocities are small.
        let far = apart(&image[..COUNT], &picture());
        assert!(far < 1.0 / 127.5, "{:?}: {far}", sampler.config());
    }
}

#[test]
fn strengths_between_begin_at_a_training_timestep_or_at_a_time_of_the_solver() {
    let sampler = &samplers()[0];
    // Network time 450 of 1000: the second stage begins at 428.
    let (stage, time) = sampler.place_of_strength(0.55);
    let timestep = sampler.cascade().stages()[stage].timestep_at(time);
    assert!((stage, time > 0.0) == (1, true) && (timestep - 450.0).abs() < 1e-6, "{timestep}");
    // Four steps: a quarter of the first stage is one of them, and what is nearly there becomes it.
    let quarter = sampler.cascade().stages()[0].timestep_at(0.25);
    assert_eq!(sampler.place_of_strength(1.0 - (quarter + 0.1) / 1000.0), (0, 0.25));
    assert_ne!(sampler.place_of_strength(1.0 - (quarter + 1.0) / 1000.0), (0, 0.25));
}

#[test]
fn a_stage_begins_with_half_the_picture_as_training_has_it() {
    let sampler = &samplers()[0];
    let half = halve(&picture(), 3, SIZE[0], SIZE[1]);
    let (whole, small) = (config(None, (1, 0.0)), [3, SIZE[0] / 2, SIZE[1] / 2]);
    let of_half = OriginalConfig { pixels: half, shape: small, ..whole.clone() };
    let mut begun = [whole, of_half].map(|config| edited(sampler, config));
    let states = begun.each_mut().map(|stepper| {
        stepper.step().unwrap();
        values(stepper.state().unwrap())
    });
    let eps = noise().edit(1, 0, 3, SIZE[0], SIZE[1]);
    let pair = training_pair(&picture(), [3, SIZE[0], SIZE[1]], &eps[..COUNT], &cascade(), 1, 0);
    assert!(states[0] == states[1] && apart(&states[0][..COUNT], &pair.input) < 1e-6);
    let [first, second] = begun.map(|stepper| finished(stepper).0);
    assert!(first == second);
}

/// Each state's distance from the picture's own path, where the mask is 0, and where it is 1.
fn follow(sampler: &Sampler, config: OriginalConfig) -> [f32; 2] {
    let repetitions = config.repetitions;
    let (mut stepper, mut most) = (edited(sampler, config), [0.0_f32; 2]);
    while let Some(progress) = stepper.step().unwrap() {
        let Progress::Step(done) = progress else {
            continue;
        };
        // A step that goes back leaves the new beginning.
        let (repetition, time) = match &stepper.phase {
            Phase::Solving(solver) => (stepper.again.repetition, solver.times(2)[0]),
            Phase::Between(_) => (repetitions - 1, 1.0),
        };
        let (height, width) = cascade().sides(done.stage, SIZE[0], SIZE[1]);
        let eps = noise().edit(done.stage, repetition, 3, height, width);
        let count = 3 * height * width;
        let pair = |index| {
            training_pair(
                &picture(),
                [3, SIZE[0], SIZE[1]],
                &eps[..count],
                &cascade(),
                done.stage,
                index,
            )
        };
        let start = pair(0);
        let path = start.input.iter().zip(&start.target).map(|(x, v)| x + time as f32 * v);
        let state = values(stepper.state().unwrap());
        for (place, (found, expected)) in state.iter().zip(path).enumerate() {
            // In the coarse stage half a pixel is half of the one that is drawn by half.
            let column = place % width * SIZE[1] / width;
            let side = usize::from(column > 4);
            if column != 4 {
                most[side] = most[side].max((found - expected).abs());
            }
        }
    }
    most
}

#[test]
fn what_stays_follows_the_pictures_own_path_in_every_solver() {
    for sampler in samplers() {
        for (repetitions, place) in [(1, (0, 0.0)), (1, (0, 0.4)), (3, (1, 0.25))] {
            let [kept, drawn] =
                follow(&sampler, OriginalConfig { repetitions, ..config(Some(mask()), place) });
            assert!(kept < 2e-5, "{:?}, {repetitions}: {kept}", sampler.config());
            assert!(drawn > 0.1, "{:?}: nothing is drawn, {drawn}", sampler.config());
        }
        let (image, ..) = finished(edited(&sampler, config(Some(mask()), (0, 0.0))));
        for (place, (found, expected)) in image[..COUNT].iter().zip(&picture()).enumerate() {
            let is_kept = place % SIZE[1] < 4;
            assert!(!is_kept || (found - expected).abs() < 2e-5, "{:?}", sampler.config());
        }
    }
}

#[test]
fn the_clean_preview_of_what_stays_is_the_picture_at_every_step() {
    for sampler in samplers() {
        let nothing = Some(vec![0.0; SIZE[0] * SIZE[1]]);
        let (images, ..) = finished(edited(&sampler, config(nothing.clone(), (0, 0.0))));
        let mut stepper = edited(&sampler, config(nothing, (0, 0.0)));
        assert!(stepper.clean_preview().unwrap().is_none());
        while stepper.step().unwrap().is_some() {
            let preview = stepper.clean_preview().unwrap().unwrap();
            let [_, _, height, width] = preview.dims();
            let mut level = picture();
            if height < SIZE[0] {
                level = halve(&level, 3, SIZE[0], SIZE[1]);
            }
            let far = apart(&values(preview)[..3 * height * width], &level);
            assert!(far < 2e-4, "{:?}: {far}", sampler.config());
        }
        assert_eq!(values(stepper.clean_preview().unwrap().unwrap()), images);
        assert_eq!(values(stepper.state().unwrap()), images, "looking has changed something");
    }
}

#[test]
fn a_stage_is_gone_back_in_to_a_time_of_the_solver_s_own() {
    let config = SamplerConfig {
        solver: SolverKind::Ab2,
        steps: vec![20],
        shift: 4.0,
        ..SamplerConfig::default()
    };
    let cascade = CascadeConfig { stages: 2, train_timesteps: 1000 }.build().unwrap();
    let sampler = config.check(cascade).unwrap();
    // The warp makes 0.5000000000000001 of its 16th time: a step from 0.5 would be a sliver.
    let own = super::solver::times(&sampler, 0);
    let back = sampler.own_time_near(0, 0.5);
    assert!(own.contains(&back) && (back - 0.5).abs() < 1e-9, "{back}");
    assert!(own.iter().all(|time| !(0.0..1e-9).contains(&(time - back)) || *time == back));
    // Where none is near, the time is as it is.
    assert_eq!(sampler.own_time_near(0, 0.77), 0.77);
}

#[test]
fn a_stage_is_gone_through_as_often_as_it_is_said() {
    let sampler = &samplers()[0];
    let mut stepper =
        edited(sampler, OriginalConfig { repetitions: 3, ..config(Some(mask()), (0, 0.0)) });
    let (mut steps, mut ends, mut expected) = (Vec::new(), 0, Vec::new());
    while let Some(progress) = stepper.step().unwrap() {
        match progress {
            Progress::Stage(start) => expected.push(start.steps),
            Progress::Step(done) => {
                steps.push(done.step);
                ends += usize::from(done.stage_is_done);
            }
        }
    }
    // Four steps, then twice two: each of the two stages.
    assert_eq!(steps, (1..=8).chain(1..=8).collect::<Vec<_>>());
    assert_eq!((ends, expected), (2, vec![Some(8), Some(8)]));
    // One more evaluation each time that the first stage is gone back in; the last ends with the picture.
    assert_eq!(stepper.evaluations(), [[10, 10], [8, 8]]);
    assert_eq!(stepper.network_calls(), [36, 36]);
}

#[test]
fn after_any_step_of_an_edit_it_can_be_saved_and_gone_on_from() {
    for sampler in samplers() {
        let begin = || {
            let config = config(Some(mask()), (0, 0.3));
            edited(&sampler, OriginalConfig { repetitions: 2, ..config })
        };
        let (images, evaluations, steps, calls) = counted(begin());
        // Where it goes back, an adaptive solver begins anew with nothing to be kept.
        let (mut stepper, mut turns, mut ends) = (begin(), Vec::new(), Vec::new());
        for step in 0..steps {
            let before = stepper.again.repetition;
            stepper.step().unwrap();
            if stepper.again.repetition > before {
                turns.push(step + 1);
            }
            if matches!(stepper.phase, Phase::Between(_)) {
                ends.push(step + 1);
            }
        }
        let at_turns = turns.iter().flat_map(|&turn| turn..turn + 3);
        for stop in (0..4).chain(at_turns).chain([steps / 4, steps - 1]).chain(ends.clone()) {
            let mut stepper = begin();
            for _ in 0..stop {
                stepper.step().unwrap().unwrap();
            }
            let saved = SavedState::from_bytes(&stepper.save().unwrap().to_bytes()).unwrap();
            let case = format!("{:?}, stopped after {stop}", sampler.config());
            // Within a stage the newest slope is not saved, and the preview is made of a new one.
            if ends.contains(&stop) {
                let look =
                    |mut stepper: Stepper<'_, Flex>| stepper.clean_preview().unwrap().map(values);
                let seen_again = look(begin().go_on(&saved).unwrap());
                assert!(seen_again == look(stepper), "{case}: another preview");
            }
            let (again, counts, _, called) = counted(begin().go_on(&saved).unwrap());
            assert!(again == images, "{case}");
            assert_eq!((&counts, &called), (&evaluations, &calls), "{case}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let sampler = &samplers()[0];
    let plain = || config(None, (1, 0.5));
    let shape = [3, SIZE[0] / 2, SIZE[1] / 2];
    let small =
        |config: OriginalConfig| OriginalConfig { pixels: vec![0.0; COUNT / 4], shape, ..config };
    for (config, expected) in [
        (OriginalConfig { stage: 2, ..plain() }, "stage 2 of 2"),
        (OriginalConfig { time: f64::NAN, ..plain() }, "time NaN"),
        (OriginalConfig { time: 1.0, ..plain() }, "time 1"),
        (OriginalConfig { repetitions: 0, ..plain() }, "must be 1 to 32"),
        (OriginalConfig { repetitions: 33, ..plain() }, "must be 1 to 32"),
        (OriginalConfig { mask: Some(vec![1.0; 16]), ..plain() }, "not of 8x8 pixels"),
        (small(plain()), "has 4x4 pixels, it must have 8x8"),
        (small(config(Some(mask()), (1, 0.0))), "has 4x4 pixels, it must have 8x8"),
        (OriginalConfig { shape: [3, 5, 8], ..config(None, (1, 0.0)) }, "4x4 or 8x8"),
        (OriginalConfig { pixels: vec![], ..plain() }, "0 values"),
    ] {
        let message = sampler.original(config, SIZE).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    let start = |sampler: &Sampler, size| -> Result<_> {
        let mut config = plain();
        (config.pixels, config.shape) = (vec![0.0; 3 * size * size], [3, size, size]);
        begun(sampler).editing(sampler.original(config, [size; 2])?)
    };
    start(sampler, 8).unwrap();
    assert!(matches!(start(sampler, 16).err(), Some(Error::InvalidStart { .. })));
    // A state that has gone back is of no edit that does not.
    let mut stepper = edited(sampler, OriginalConfig { repetitions: 2, ..plain() });
    for _ in 0..4 {
        stepper.step().unwrap();
    }
    let saved = stepper.save().unwrap();
    assert!(saved.numbers.again.is_some());
    let refused = |other: Stepper<'_, Flex>| {
        assert!(matches!(other.go_on(&saved).err(), Some(Error::SavedState { .. })));
    };
    refused(edited(sampler, plain()));
    refused(begun(sampler));
}

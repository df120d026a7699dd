//! A model that predicts the ends of the stages, from its weights to the image.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};
use burn_flex::{Flex, FlexDevice};

use crate::cascade::CascadeConfig;
use crate::noise::{Key, Purpose};
use crate::prediction::velocity_to;
use crate::sampler::{
    Conditions, Guidance, ImageKey, KeyedNoise, NoiseSource, SamplerConfig, SolverKind,
};
use crate::weights::{DType, TensorFile, keyed_model, load_model, model_from, save_model};
use crate::{Context, Example, NumberFormat, PixelFlow, PixelFlowConfig, Prediction, Preset};

/// Sides of the images, and of a patch.
const SIDE: usize = 8;
const PATCH: usize = 2;
/// Numbers of an image.
const IMAGE: usize = 3 * SIDE * SIDE;

fn config(prediction: Prediction) -> PixelFlowConfig {
    PixelFlowConfig { depth: 1, patch_size: PATCH, prediction, ..Preset::Tiny.config(4) }
}

fn values(of: Tensor<Flex, 4>) -> Vec<f32> {
    of.into_data().to_vec().unwrap()
}

/// Two images, and what a model says of them at timesteps and times of a stage.
fn states() -> (Vec<f32>, [f32; 2], [f32; 2]) {
    (Key::new(4, 0, Purpose::Testing).normals(2 * IMAGE), [300.0, 980.0], [0.3, 0.98])
}

fn velocity(model: &PixelFlow<Flex>) -> Vec<f32> {
    let (states, timesteps, times) = states();
    let example = |i: usize| Example::new(4, 4, timesteps[i]).at_time(times[i]);
    let states = TensorData::new(states, [2, 3, SIDE, SIDE]);
    let states = Tensor::from_data(states, &FlexDevice);
    values(model.forward_images(states, &[0, 1].map(example), &Context::Class(vec![1, 4])))
}

#[test]
fn the_velocity_is_the_formula_in_f32_of_what_the_weights_say_in_any_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = keyed_model::<Flex>(&config(Prediction::Velocity), 0.2, &FlexDevice);
    save_model(&model, &path, DType::F32, &BTreeMap::new()).unwrap();
    let file = TensorFile::open(&path).unwrap();
    let (states, _, times) = states();
    for format in NumberFormat::ALL {
        let said = |prediction| {
            let model = load_model(&file, &config(prediction), format, &FlexDevice).unwrap();
            assert_eq!(model.prediction(), prediction);
            velocity(&model)
        };
        let (output, found) = (said(Prediction::Velocity), said(Prediction::End));
        for (place, (&output, &found)) in output.iter().zip(&found).enumerate() {
            let expected = velocity_to(output, states[place], times[place / IMAGE]);
            assert!(output != 0.0, "nothing is compared");
            assert_eq!(found, expected, "{place} in {}", format.name());
        }
    }
}

#[test]
#[should_panic(expected = "`Example::at_time`")]
fn an_example_without_its_time_is_no_example_of_it() {
    let model = keyed_model::<Flex>(&config(Prediction::End), 0.2, &FlexDevice);
    let images = Tensor::zeros([1, 3, SIDE, SIDE], &FlexDevice);
    model.forward(images, &[5.0], &Context::Class(vec![0]));
}

/// A model that knows the end: whatever it is shown, it predicts one and the same patch everywhere.
fn knowing() -> PixelFlow<Flex> {
    let weights = |name: &str, shape: &[usize]| {
        let key = Key::new(name.len() as u64, 0, Purpose::Testing);
        let size = match name {
            "proj_out_2.weight" => 0.0,
            "proj_out_2.bias" => 1.0,
            _ => 0.2,
        };
        let values = key.normals(shape.iter().product());
        Ok::<_, std::convert::Infallible>(values.into_iter().map(|value| value * size).collect())
    };
    let Ok(model) = model_from(&config(Prediction::End), &FlexDevice, weights);
    model
}

/// The image of such patches.
fn known() -> Vec<f32> {
    let bias: Vec<f32> = knowing().proj_out_2.bias.unwrap().val().into_data().to_vec().unwrap();
    let pixel = |place: usize| {
        let (channel, y, x) =
            (place / (SIDE * SIDE), place / SIDE % SIDE % PATCH, place % SIDE % PATCH);
        bias[(y * PATCH + x) * 3 + channel]
    };
    (0..IMAGE).map(pixel).collect()
}

fn noise() -> KeyedNoise {
    KeyedNoise { images: [ImageKey { seed: 7, index: 3 }].into() }
}

/// What a solver draws with it.
fn drawn(stages: usize, solver: SolverKind, steps: usize) -> Vec<f32> {
    let guidance = Guidance::Constant { scale: 1.5 };
    let config = SamplerConfig { solver, steps: vec![steps], guidance, ..Default::default() };
    let cascade = CascadeConfig { stages, train_timesteps: 1000 }.build().unwrap();
    let conditions = Conditions::Class { labels: vec![1], null: 4 };
    let sampler = config.check(cascade).unwrap();
    let mut stepper = sampler.stepper(&knowing(), conditions, noise(), [SIDE; 2]).unwrap();
    while stepper.step().unwrap().is_some() {}
    values(stepper.state().unwrap())
}

#[test]
fn solvers_land_on_an_end_that_is_known_whatever_they_come_from() {
    let known = known();
    for solver in SolverKind::ALL {
        for (stages, steps) in [(1, 1), (1, 20), (2, 4), (3, 4)] {
            let asks_at_the_end = match solver {
                SolverKind::Heun | SolverKind::Dopri5 => true,
                SolverKind::Ab3 => steps == 1,
                _ => false,
            };
            if asks_at_the_end {
                continue;
            }
            let found = drawn(stages, solver, steps);
            let error = found.iter().zip(&known).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            // Numbers below 4, rounded some times; the last step divides by as much as it multiplies with.
            assert!(error < 1e-5, "{solver:?}, {steps} steps in {stages} stages: {error}");
        }
    }
}

#[test]
fn what_is_left_of_the_way_is_what_the_clipped_denominator_says() {
    let (start, known) = (noise().initial(3, SIDE, SIDE), known());
    for (solver, steps, expected, limit) in [
        // The last step is 1/30 long, of which 0.05 is divided by.
        (SolverKind::Euler, 30, (1.0 - 1.0 / 30.0 / 0.05) / 30.0, 1e-5),
        // Half of its last step asks where nothing is left to go.
        (SolverKind::Heun, 10, 0.5 / 10.0, 1e-5),
        // After 0.95 the distance falls by e in 0.05; the tolerance is 1e-3.
        (SolverKind::Dopri5, 1, 0.05 / std::f32::consts::E, 2e-3),
    ] {
        for ((found, start), end) in drawn(1, solver, steps).iter().zip(&start).zip(&known) {
            let error = (found - end - expected * (start - end)).abs();
            assert!(error < limit * 4.0, "{solver:?}: {error}");
        }
    }
}

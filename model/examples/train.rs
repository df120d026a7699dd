//! A training loop of one's own: squares and discs, two classes, packed over all stages of the cascade.
//! `cargo run -p burn-pixelflow --example train`.

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::{AdamWConfig, GradientsParams, Optimizer};
use burn::tensor::{Tensor, TensorData};
use burn_flex::{Flex, FlexDevice};
use pixelflow::cascade::{Cascade, CascadeConfig, patchify, training_pair};
use pixelflow::noise::{Key, Purpose};
use pixelflow::{Context, Example, PixelFlow, Preset};

const SIDE: usize = 16;
const PATCH: usize = 4;

/// A white square, or a white disc, on black.
fn image(class: usize, size: f32) -> Vec<f32> {
    let inside = |x: f32, y: f32| match class {
        0 => x.abs().max(y.abs()) < size,
        _ => x.hypot(y) < size,
    };
    let pixel = |at: usize| {
        let [x, y] = [at % SIDE, at / SIDE].map(|place| place as f32 - 7.5);
        if inside(x, y) { 1.0 } else { -1.0 }
    };
    (0..3 * SIDE * SIDE).map(|at| pixel(at % (SIDE * SIDE))).collect()
}

/// Mean squared error of the velocity over one packed batch: every stage, both classes.
fn loss(
    model: &PixelFlow<Autodiff<Flex>>,
    cascade: &Cascade,
    step: u64,
) -> Tensor<Autodiff<Flex>, 1> {
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    let (mut examples, mut labels) = (Vec::new(), Vec::new());
    for (number, stage) in (0..8).map(|number| (number, number % cascade.stages().len())) {
        // Everything random is a pure function of (seed, step, number).
        let key = |purpose| Key::new(0, step << 8 | number as u64, purpose).at_stage(stage as u32);
        let (class, at) = (number / 4, key(Purpose::Timestep).below(1000) as usize);
        let (height, width) = cascade.sides(stage, SIDE, SIDE);
        let noise = key(Purpose::TrainingNoise).normals(3 * height * width);
        let size = 3.0 + 4.0 * key(Purpose::Crop).uniforms(1)[0] as f32;
        let pair = training_pair(&image(class, size), [3, SIDE, SIDE], &noise, cascade, stage, at);
        for (values, into) in [(&pair.input, &mut inputs), (&pair.target, &mut targets)] {
            into.extend(patchify(values, 3, height, width, PATCH));
        }
        examples.push(Example::new(height / PATCH, width / PATCH, pair.timestep));
        labels.push(class);
    }
    let shape = [inputs.len() / (3 * PATCH * PATCH), 3 * PATCH * PATCH];
    let upload = |values| Tensor::from_data(TensorData::new(values, shape), &FlexDevice);
    let velocity = model.forward_packed(upload(inputs), &examples, &Context::Class(labels));
    (velocity - upload(targets)).powi_scalar(2).mean()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cascade = CascadeConfig { stages: 2, ..CascadeConfig::default() }.build()?;
    let mut model = Preset::Tiny.config(2).init::<Autodiff<Flex>>(1, &FlexDevice)?;
    let mut optimizer = AdamWConfig::new().with_weight_decay(0.0).init();
    for step in 0..200 {
        let loss = loss(&model, &cascade, step);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        if step % 20 == 0 {
            println!("step {step:3}  loss {:.4}", loss.into_scalar());
        }
        model = optimizer.step(2e-3, model, gradients);
    }
    let _ready_to_draw: PixelFlow<Flex> = model.valid();
    Ok(())
}

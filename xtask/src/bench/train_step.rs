//! A whole training step.

use burn::backend::Autodiff;
use pixelflow::cascade::CascadeConfig;
use pixelflow::noise::{Key, Purpose};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{NumberFormat, PixelFlow, PixelFlowConfig, Preset};
use pixelflow_dataset::{PackedBatch, PackedExample};
use train::{LossScale, Optimizer, OptimizerConfig, Precision, Trainer};

use super::flop;
use super::measure::{Settings, measure};
use super::record::Record;

const LEARNING_RATE: f64 = 1e-4;
const CLASSES: usize = 10;
/// Sides in tokens of the stages of 64 x 64 images, the highest resolution first.
const SIDES: [usize; 4] = [16, 8, 4, 2];
const EXAMPLES_A_STAGE: usize = 4;

/// Forward, loss, backward, clipping, AdamW and moving average: depth 6, 6 heads x 64, 16 examples
/// of four stages in one sequence of 1360 tokens.
pub fn run<B: PixelFlowBackend>(settings: &Settings, device: &B::Device) -> Vec<Record> {
    let config = PixelFlowConfig {
        num_attention_heads: 6,
        attention_head_dim: 64,
        depth: 6,
        ..Preset::Small.config(CLASSES)
    };
    let optimizer = {
        let model: PixelFlow<B> = config.init(1, device).expect("the shape is valid");
        Optimizer::new(OptimizerConfig::default(), &model)
    };
    let model: PixelFlow<Autodiff<B>> = config.init(1, device).expect("the shape is valid");
    let mut trainer = Trainer::new(model, optimizer, device.clone())
        .computing_in(precision(settings.dtype), LossScale::default());
    let batch = batch(config.patch_features());
    let batches = [batch.into()];
    let seconds = measure::<B>(settings, device, || {
        let _ = trainer.step(&batches, LEARNING_RATE);
    });
    let lengths: Vec<usize> =
        SIDES.iter().flat_map(|side| [side * side; EXAMPLES_A_STAGE]).collect();
    let flop = (1 + flop::BACKWARD) * flop::forward(&config, &lengths);
    let case = [("tokens", lengths.iter().sum()), ("examples", lengths.len())];
    vec![Record::new(settings, "train", &case, seconds, flop)]
}

/// What the step computes in: master weights are f32.
fn precision(dtype: NumberFormat) -> Precision {
    match dtype {
        NumberFormat::F32 | NumberFormat::Int8 => Precision::F32,
        NumberFormat::F16 => Precision::F16,
        NumberFormat::Bf16 => Precision::Bf16,
    }
}

/// Random tokens and targets of all stages.
fn batch(features: usize) -> PackedBatch {
    let stages = CascadeConfig::default().stages;
    let segment = |(place, &side): (usize, &usize)| PackedExample {
        stage: stages - 1 - place,
        grid_height: side,
        grid_width: side,
        timestep: 999.0 * (place as f32 + 0.5) / SIDES.len() as f32,
        time: 0.5,
        label: place,
        dropped: place == 0,
        example: place,
    };
    let segments: Vec<PackedExample> =
        SIDES.iter().enumerate().flat_map(|stage| vec![segment(stage); EXAMPLES_A_STAGE]).collect();
    let tokens: usize = segments.iter().map(|s| s.grid_height * s.grid_width).sum();
    let normals = |index| Key::new(1, index, Purpose::Testing).normals(tokens * features);
    PackedBatch { inputs: normals(0), targets: normals(1), features, segments }
}

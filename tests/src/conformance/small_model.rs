//! A model and a batch that need no fixtures.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::noise::{Key, Purpose};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::model_from;
use pixelflow::{Context, Example, PixelFlow, PixelFlowConfig, Prediction, Preset};

/// XL's head size, at which accelerated kernels are most often missing.
const HEAD_DIM: usize = 72;
const CLASSES: usize = 10;

/// One block of the transformer at XL's head size.
///
/// Its shapes, and those of [`examples`], are those of the smallest fixture of this head size: every
/// other shape costs a GPU backend half a minute of tuning on a software device.
pub(super) fn config() -> PixelFlowConfig {
    PixelFlowConfig {
        num_attention_heads: 1,
        attention_head_dim: HEAD_DIM,
        depth: 1,
        attention_bias: false,
        ..Preset::Tiny.config(CLASSES)
    }
}

/// Keyed weights; a model's own initialisation would not do: its velocity is zero.
pub(super) fn model<B: Backend>(device: &B::Device) -> PixelFlow<B> {
    predicting(Prediction::Velocity, device)
}

/// The same weights, whose output is read as something.
pub(super) fn predicting<B: Backend>(prediction: Prediction, device: &B::Device) -> PixelFlow<B> {
    let mut index = 0;
    let weights = |_: &str, shape: &[usize]| {
        index += 1;
        let count = shape.iter().product();
        let inputs = shape.iter().skip(1).product::<usize>().max(1) as f32;
        let scale = if shape.len() > 1 { 1.0 / inputs.sqrt() } else { 0.5 };
        let values = Key::new(31, index, Purpose::Testing).normals(count);
        Ok::<_, std::convert::Infallible>(values.into_iter().map(|x| x * scale).collect())
    };
    match model_from(&PixelFlowConfig { prediction, ..config() }, device, weights) {
        Ok(model) => model,
        Err(never) => match never {},
    }
}

/// The times of the examples within their stages: one so late that nothing less is divided by.
pub(super) const TIMES: [f32; 2] = [0.984_375, 0.25];

/// Two square images.
fn examples() -> Vec<Example> {
    let image = |timestep, time| Example::new(4, 4, timestep).at_time(time);
    vec![image(999.0, TIMES[0]), image(20.0, TIMES[1])]
}

/// Tokens of [`examples`] and their features.
pub(super) fn token_values<B: Backend>(model: &PixelFlow<B>) -> (Vec<f32>, [usize; 2]) {
    let tokens: usize = examples().iter().map(|e| e.height * e.width).sum();
    let features = model.channels() * model.patch_size() * model.patch_size();
    let values = Key::new(32, 0, Purpose::Testing).normals(tokens * features);
    (values, [tokens, features])
}

/// The model's velocity for [`examples`].
pub(super) fn velocity<B: PixelFlowBackend>(
    model: &PixelFlow<B>,
    device: &B::Device,
) -> Tensor<B, 2> {
    let examples = examples();
    let (values, shape) = token_values(model);
    let tokens = Tensor::from_data(TensorData::new(values, shape), device);
    let labels = (0..examples.len()).map(|i| i % (CLASSES + 1)).collect();
    model.forward_packed(tokens, &examples, &Context::Class(labels))
}

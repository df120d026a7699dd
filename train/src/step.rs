//! Loss and gradient of one packed batch.

use burn::optim::GradientsParams;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::{Tensor, TensorData};
use pixelflow::Example;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::{PackedBatch, Segment};

use crate::network::Network;
use crate::texts::TrainingBatch;

/// The loss of every example of a batch, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct ExampleLosses {
    /// Mean squared error of each example, in packed order.
    pub losses: Vec<f32>,
    /// Stage of each example.
    pub stages: Vec<usize>,
}

impl ExampleLosses {
    /// Mean over all examples: every example counts alike, whatever its number of tokens.
    pub fn mean(&self) -> f64 {
        mean(self.losses.iter().copied()).unwrap_or(f64::NAN)
    }

    /// Mean over the examples of a stage; `None` if there is none.
    pub fn stage_mean(&self, stage: usize) -> Option<f64> {
        let of_stage = self.losses.iter().zip(&self.stages).filter(|(_, s)| **s == stage);
        mean(of_stage.map(|(loss, _)| *loss))
    }
}

fn mean(values: impl Iterator<Item = f32>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values {
        sum += f64::from(value);
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

/// Mean squared error of each example, `[examples]`.
///
/// # Shapes
/// - velocity, target: `[tokens, features]`
pub fn loss_per_example<B: Backend>(
    velocity: Tensor<B, 2>,
    target: Tensor<B, 2>,
    segments: &[Segment],
) -> Tensor<B, 1> {
    let difference = velocity - target;
    let token_losses: Tensor<B, 1> = (difference.clone() * difference).mean_dim(1).squeeze_dim(1);
    let lengths: Vec<usize> = segments.iter().map(|s| s.grid_height * s.grid_width).collect();
    let runs = pixelflow::Segments::new(lengths);
    let of_run = |run: &pixelflow::Run| {
        let losses = token_losses.clone().narrow(0, run.first_token, run.examples * run.length);
        losses.reshape([run.examples, run.length]).mean_dim(1).squeeze_dim(1)
    };
    Tensor::cat(runs.runs().iter().map(of_run).collect(), 0)
}

/// The network's velocity for a batch; of dropped examples it is told nothing.
pub fn velocity<B: PixelFlowBackend>(
    network: &Network<B>,
    batch: &TrainingBatch,
    device: &B::Device,
) -> Tensor<B, 2> {
    let packed = &batch.packed;
    let tokens = upload(&packed.inputs, packed.features, device);
    let context = network.context(batch, device);
    network.transformer.forward_packed(tokens, &examples(packed), &context)
}

/// Grid and timestep of each example of a batch.
pub(crate) fn examples(batch: &PackedBatch) -> Vec<Example> {
    let example = |s: &Segment| Example::new(s.grid_height, s.grid_width, s.timestep);
    batch.segments.iter().map(example).collect()
}

/// Losses of a batch without gradients.
pub fn evaluate<B: PixelFlowBackend>(
    network: &Network<B>,
    batch: &TrainingBatch,
    device: &B::Device,
) -> ExampleLosses {
    let packed = &batch.packed;
    let target = upload(&packed.targets, packed.features, device);
    let losses = loss_per_example(velocity(network, batch, device), target, &packed.segments);
    to_host(losses, &packed.segments)
}

/// Losses of a batch and the gradient of `weight` times their mean.
pub fn gradients<A>(
    network: &Network<A>,
    batch: &TrainingBatch,
    weight: f64,
    device: &A::Device,
) -> (ExampleLosses, GradientsParams)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let packed = &batch.packed;
    let target = upload(&packed.targets, packed.features, device);
    let losses = loss_per_example(velocity(network, batch, device), target, &packed.segments);
    let mean = losses.clone().mean() * weight;
    let gradients = GradientsParams::from_grads(mean.backward(), network);
    (to_host(losses.inner(), &packed.segments), gradients)
}

/// Losses on the host.
pub(crate) fn to_host<B: Backend>(losses: Tensor<B, 1>, segments: &[Segment]) -> ExampleLosses {
    let losses = losses.into_data().iter::<f32>().collect();
    ExampleLosses { losses, stages: segments.iter().map(|segment| segment.stage).collect() }
}

/// Tokens on the device, `[tokens, features]`.
pub(crate) fn upload<B: Backend>(
    values: &[f32],
    features: usize,
    device: &B::Device,
) -> Tensor<B, 2> {
    let data = TensorData::new(values.to_vec(), [values.len() / features, features]);
    Tensor::from_data(data, device)
}

//! Loss and gradient of one packed batch.

use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Example, Recomputation};
use pixelflow_dataset::{PackedBatch, PackedExample};

use crate::network::Network;
use crate::stopwatch::{Part, Stopwatch};
use crate::texts::TrainingBatch;
use crate::upload::upload;

/// The loss of every example of a batch, on the host.
#[derive(Clone, Debug, Default, PartialEq)]
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

    /// Adds the losses of other examples.
    pub fn extend(&mut self, others: Self) {
        self.losses.extend(others.losses);
        self.stages.extend(others.stages);
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
    segments: &[PackedExample],
) -> Tensor<B, 1> {
    let difference = velocity - target;
    let token_losses: Tensor<B, 1> = (difference.clone() * difference).mean_dim(1).squeeze_dim(1);
    let lengths: Vec<usize> = segments.iter().map(|s| s.grid_height * s.grid_width).collect();
    let runs = pixelflow::Segments::new(lengths);
    let of_run = |run: &pixelflow::EqualSegments| {
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

/// What that velocity is compared with.
fn target<B: PixelFlowBackend>(
    network: &Network<B>,
    packed: &PackedBatch,
    device: &B::Device,
) -> Tensor<B, 2> {
    let velocity = upload(&packed.targets, packed.features, device);
    network.transformer.target(velocity, &examples(packed))
}

/// Grid, timestep and time within its stage of each example of a batch.
fn examples(batch: &PackedBatch) -> Vec<Example> {
    let example =
        |s: &PackedExample| Example::new(s.grid_height, s.grid_width, s.timestep).at_time(s.time);
    batch.segments.iter().map(example).collect()
}

/// Losses of a batch without gradients.
pub fn evaluate<B: PixelFlowBackend>(
    network: &Network<B>,
    batch: &TrainingBatch,
    device: &B::Device,
) -> ExampleLosses {
    let packed = &batch.packed;
    let target = target(network, packed, device);
    let losses = loss_per_example(velocity(network, batch, device), target, &packed.segments);
    to_host(losses, &packed.segments)
}

/// Losses of a batch and the gradient of `weight` times their mean.
pub fn gradients<A>(
    network: &Network<A>,
    batch: &TrainingBatch,
    weight: f64,
    device: &A::Device,
    watch: &mut Stopwatch,
) -> (ExampleLosses, GradientsParams)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let packed = &batch.packed;
    let target = target(network, packed, device);
    let losses = loss_per_example(velocity(network, batch, device), target, &packed.segments);
    let mean = losses.clone().mean() * weight;
    watch.lap(Part::Forward);
    let gradients = GradientsParams::from_grads(mean.backward(), network);
    watch.lap(Part::Backward);
    (to_host(losses.inner(), &packed.segments), gradients)
}

/// As [`gradients`], with the activations of one block in memory at a time.
///
/// The same numbers but for the order in which the gradients of the condition are added.
pub fn gradients_recomputed<A>(
    network: &Network<A>,
    batch: &TrainingBatch,
    weight: f64,
    device: &A::Device,
    watch: &mut Stopwatch,
) -> (ExampleLosses, GradientsParams)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let packed = &batch.packed;
    let context = network.valid().context(batch, device);
    let (tokens, examples) = (upload(&packed.inputs, packed.features, device), examples(packed));
    let (velocity, pass) =
        Recomputation::forward(&network.transformer, tokens, &examples, &context);
    let target = target(network, packed, device);
    let losses = loss_per_example(velocity, target, &packed.segments);
    watch.lap(Part::Forward);
    let (of_transformer, for_text) = pass.backward(&(losses.clone().mean() * weight));

    let mut all = GradientsAccumulator::new();
    all.accumulate(network, of_transformer);
    // A text encoder that learns too is run again, with a graph.
    if let (Some(_), Some(texts), Some(for_text)) = (&network.text_encoder, &batch.texts, for_text)
    {
        let states = network.text_states(texts, device).states;
        let graph = (states * Tensor::from_inner(for_text)).sum().backward();
        all.accumulate(network, GradientsParams::from_grads(graph, network));
    }
    watch.lap(Part::Backward);
    (to_host(losses.inner(), &packed.segments), all.grads())
}

/// Losses on the host.
fn to_host<B: Backend>(losses: Tensor<B, 1>, segments: &[PackedExample]) -> ExampleLosses {
    let losses = losses.into_data().iter::<f32>().collect();
    ExampleLosses { losses, stages: segments.iter().map(|segment| segment.stage).collect() }
}

#[cfg(all(test, feature = "flex"))]
pub(crate) mod tests {
    use burn::backend::{Autodiff, Flex};
    use burn::module::{Module, ModuleVisitor, Param};
    use pixelflow::noise::{Key, Purpose};
    use pixelflow::text::T5Config;
    use pixelflow::weights::model_from;
    use pixelflow::{PixelFlowConfig, Prediction, Preset};

    use super::*;
    use crate::texts::Texts;

    pub(crate) type Train = Autodiff<Flex>;

    /// A batch with an example of each of three stages.
    pub(crate) fn batch() -> TrainingBatch {
        let texts = Texts::Tokens(vec![vec![3, 4, 1], vec![1], vec![5, 2, 6, 1]]);
        TrainingBatch { texts: Some(texts), packed: packed() }
    }

    fn packed() -> PackedBatch {
        let segment = |(label, side): (usize, usize)| PackedExample {
            stage: label,
            grid_height: side,
            grid_width: side,
            timestep: 100.0 * label as f32,
            time: 0.48 * label as f32,
            label,
            dropped: label == 1,
            example: label,
        };
        let segments: Vec<PackedExample> = [4, 2, 1].into_iter().enumerate().map(segment).collect();
        let tokens: usize = segments.iter().map(PackedExample::tokens).sum();
        let normals = |index| Key::new(5, index, Purpose::Testing).normals(tokens * 48);
        PackedBatch { inputs: normals(0), targets: normals(1), features: 48, segments }
    }

    /// Sums the squared differences of gradients, and their squares.
    struct Compare<'a> {
        gradients: [&'a GradientsParams; 2],
        error: f64,
        size: f64,
    }

    impl ModuleVisitor<Train> for Compare<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
            let of_parameter = |all: &GradientsParams| all.get::<Flex, D>(param.id).unwrap();
            let [again, kept] = self.gradients.map(of_parameter);
            let square = |x: Tensor<Flex, D>| f64::from((x.clone() * x).sum().into_scalar());
            let size = square(kept.clone());
            assert!(size > 0.0, "no gradient to compare of {:?}", param.lazy_shape());
            self.error += square(again - kept);
            self.size += size;
        }
    }

    /// A text model whose parameters all have a gradient, and a text encoder that learns with it.
    pub(crate) fn network() -> Network<Train> {
        let device = burn::backend::flex::FlexDevice;
        let config =
            PixelFlowConfig { depth: 2, cross_attention_dim: Some(32), ..Preset::Tiny.config(0) };
        let mut index = 0;
        let weights = |_: &str, shape: &[usize]| {
            index += 1;
            let values = Key::new(6, index, Purpose::Testing).normals(shape.iter().product());
            Ok::<_, ()>(values.into_iter().map(|x| 0.1 * x).collect())
        };
        Network {
            transformer: model_from::<Train, _>(&config, &device, weights).unwrap(),
            text_encoder: Some(T5Config::small(32, 2, 7).init(3, &device).unwrap()),
        }
    }

    #[test]
    fn a_network_that_knows_the_ends_has_no_loss_at_any_time() {
        let device = burn::backend::flex::FlexDevice;
        // What a new network predicts is zero: all images end in grey.
        let config = PixelFlowConfig { prediction: Prediction::End, ..Preset::Tiny.config(4) };
        let network: Network<Train> = config.init(1, &device).unwrap().into();
        let mut packed = packed();
        let mut first = 0;
        for segment in &packed.segments {
            let values = first..first + 48 * segment.tokens();
            first = values.end;
            for value in values {
                let start = packed.targets[value];
                packed.inputs[value] = (1.0 - segment.time) * start;
                packed.targets[value] = -start;
            }
        }
        assert!(packed.segments.iter().any(|segment| segment.time > 0.95), "the part is a whole");
        let batch = TrainingBatch { texts: None, packed };
        let losses = [
            evaluate(&network.valid(), &batch, &device),
            gradients(&network, &batch, 1.0, &device, &mut Stopwatch::stopped()).0,
            gradients_recomputed(&network, &batch, 1.0, &device, &mut Stopwatch::stopped()).0,
        ];
        for losses in losses.map(|losses| losses.losses) {
            assert!(losses.iter().all(|&loss| loss < 1e-12), "{losses:?}");
        }
        let velocity = PixelFlowConfig { prediction: Prediction::Velocity, ..config };
        let network: Network<Flex> = velocity.init(1, &device).unwrap().into();
        let losses = evaluate(&network, &batch, &device).losses;
        assert!(losses.iter().all(|&loss| loss > 0.5), "it would prove nothing: {losses:?}");
    }

    #[test]
    fn computing_again_gives_the_same_losses_and_gradients() {
        let device = burn::backend::flex::FlexDevice;
        let (network, batch) = (network(), batch());
        let watch = &mut Stopwatch::stopped();
        let (losses, kept) = gradients(&network, &batch, 0.5, &device, watch);
        let (again, recomputed) = gradients_recomputed(&network, &batch, 0.5, &device, watch);
        for (again, loss) in again.losses.iter().zip(&losses.losses) {
            assert!((again - loss).abs() <= 2.0 * f32::EPSILON * loss);
        }
        let mut all = Compare { gradients: [&recomputed, &kept], error: 0.0, size: 0.0 };
        network.visit(&mut all);
        let (error, size) = (all.error.sqrt(), all.size.sqrt());
        // Products of text states are laid out differently with and without a graph, so the last
        // digit of everything differs: as between f32 and f64 in the fixtures (6e-6).
        assert!(error <= 6e-6 * size, "{error} of {size}");
    }
}

//! Activation checkpointing: only the input of each block is kept, the rest is computed again.
//!
//! The forward pass runs without a graph. Then each block, from the last to the first, is run again
//! with one of its own, and hands the gradient of its input to the block before. Memory holds one
//! block's activations and a `[tokens, width]` for each block, for a third more computation.

use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use burn::tensor::activation::silu;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::layers::Rope;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::{Context, Pass, TextStates};

use crate::network::Network;
use crate::step::{ExampleLosses, examples, loss_per_example, to_host, upload};
use crate::texts::TrainingBatch;

/// As [`gradients`](crate::step::gradients), with less memory.
///
/// The same numbers but for the order in which the gradients of the condition are added.
pub fn gradients_recomputed<A>(
    network: &Network<A>,
    batch: &TrainingBatch,
    weight: f64,
    device: &A::Device,
) -> (ExampleLosses, GradientsParams)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let (model, packed) = (&network.transformer, &batch.packed);
    let examples = examples(packed);
    let mut all = GradientsAccumulator::new();
    let plain = network.valid();
    let context = plain.context(batch, device);
    let plain = plain.transformer;
    let pass = plain.prepare(&examples, &context);
    let tokens = upload(&packed.inputs, packed.features, device);
    let mut h = plain.patch_embed.forward(tokens);
    let mut inputs = Vec::with_capacity(plain.transformer_blocks.len());
    for block in &plain.transformer_blocks {
        inputs.push(h.clone());
        h = pass.through(block, h);
    }
    drop(plain);

    // The end of the model, with a graph of its own.
    let (pass, leaf) = (tracked::<A>(&pass), tracked_leaf(h));
    let velocity = model.head(leaf.clone(), &pass);
    let target = upload(&packed.targets, packed.features, device);
    let losses = loss_per_example(velocity, target, &packed.segments);
    let mut graph = (losses.clone().mean() * weight).backward();
    let mut for_h = gradient(&leaf, &mut graph);
    let mut for_condition = gradient(&pass.condition, &mut graph);
    let mut for_text: Option<Tensor<A::InnerBackend, 2>> = None;
    all.accumulate(network, GradientsParams::from_grads(graph, network));

    for (block, input) in model.transformer_blocks.iter().zip(inputs).rev() {
        let leaf = tracked_leaf(input);
        let pass = tracked::<A>(&inner(&pass));
        let out = pass.through(block, leaf.clone());
        let mut graph = (out * Tensor::from_inner(for_h)).sum().backward();
        for_h = gradient(&leaf, &mut graph);
        for_condition = for_condition + gradient(&pass.condition, &mut graph);
        if let Some(text) = &pass.text {
            let of_block = gradient(&text.states, &mut graph);
            for_text = Some(match for_text {
                None => of_block,
                Some(sum) => sum + of_block,
            });
        }
        all.accumulate(network, GradientsParams::from_grads(graph, block));
    }

    // The beginning: patches, condition, and the text encoder if it learns too.
    let tokens = upload(&packed.inputs, packed.features, device);
    let embedded = model.patch_embed.forward(tokens) * Tensor::from_inner(for_h);
    let context = network.context(batch, device);
    let condition = silu(model.condition(&examples, &context));
    let condition = condition * Tensor::from_inner(for_condition);
    let mut beginning = embedded.sum() + condition.sum();
    if let (Context::Text(text), Some(for_text), true) =
        (context, for_text, network.text_encoder.is_some())
    {
        beginning = beginning + (text.states * Tensor::from_inner(for_text)).sum();
    }
    let graph = beginning.backward();
    all.accumulate(network, GradientsParams::from_grads(graph, network));
    (to_host(losses.inner(), &packed.segments), all.grads())
}

/// A tensor that a graph begins with.
fn tracked_leaf<A: AutodiffBackend>(x: Tensor<A::InnerBackend, 2>) -> Tensor<A, 2> {
    Tensor::from_inner(x).require_grad()
}

/// The pass on the autodiff backend; its condition and its text are leaves.
fn tracked<A: AutodiffBackend>(pass: &Pass<A::InnerBackend>) -> Pass<A> {
    Pass {
        segments: pass.segments.clone(),
        rope: Rope {
            cos: Tensor::from_inner(pass.rope.cos.clone()),
            sin: Tensor::from_inner(pass.rope.sin.clone()),
        },
        condition: tracked_leaf(pass.condition.clone()),
        text: pass.text.as_ref().map(|text| TextStates {
            states: tracked_leaf(text.states.clone()),
            segments: text.segments.clone(),
            bias: text.bias.clone().map(Tensor::from_inner),
        }),
    }
}

/// The pass without a graph.
fn inner<A: AutodiffBackend>(pass: &Pass<A>) -> Pass<A::InnerBackend> {
    Pass {
        segments: pass.segments.clone(),
        rope: Rope { cos: pass.rope.cos.clone().inner(), sin: pass.rope.sin.clone().inner() },
        condition: pass.condition.clone().inner(),
        text: pass.text.as_ref().map(|text| TextStates {
            states: text.states.clone().inner(),
            segments: text.segments.clone(),
            bias: text.bias.clone().map(Tensor::inner),
        }),
    }
}

/// The gradient of a leaf, taken out of the graph's.
fn gradient<A: AutodiffBackend>(
    leaf: &Tensor<A, 2>,
    graph: &mut A::Gradients,
) -> Tensor<A::InnerBackend, 2> {
    let found = leaf.grad_remove(graph);
    found.unwrap_or_else(|| leaf.clone().inner().zeros_like())
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;

    use burn::backend::{Autodiff, Flex};
    use burn::module::{ModuleMapper, Param};
    use burn::tensor::backend::Backend;
    use pixelflow::noise::{Key, Purpose};
    use pixelflow::text::T5Config;
    use pixelflow::weights::{for_each_parameter, model_from};
    use pixelflow::{PixelFlowConfig, Preset};
    use pixelflow_dataset::{PackedBatch, Segment};

    use super::*;
    use crate::texts::Texts;

    type Train = Autodiff<Flex>;

    fn batch() -> PackedBatch {
        let segment = |(label, side): (usize, usize)| Segment {
            stage: label,
            grid_height: side,
            grid_width: side,
            timestep: 100.0 * label as f32,
            label,
            dropped: label == 1,
            example: label,
        };
        let segments: Vec<Segment> = [4, 2, 1].into_iter().enumerate().map(segment).collect();
        let tokens: usize = segments.iter().map(Segment::tokens).sum();
        let normals = |index| Key::new(5, index, Purpose::Testing).normals(tokens * 48);
        PackedBatch { inputs: normals(0), targets: normals(1), features: 48, segments }
    }

    struct Replace<'a>(&'a GradientsParams);

    impl<B: Backend> ModuleMapper<B> for Replace<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let gradient = self.0.get::<B, D>(param.id).expect("a gradient");
            param.map(|_| gradient)
        }
    }

    fn by_name(
        network: &Network<Train>,
        gradients: &GradientsParams,
    ) -> BTreeMap<String, Vec<f32>> {
        let mut all = BTreeMap::new();
        let replaced = burn::module::Module::map(network.valid(), &mut Replace(gradients));
        for_each_parameter(&replaced, |name, _, values| {
            all.insert(name.to_owned(), values);
        });
        all
    }

    /// A network whose parameters all have a gradient.
    fn network(config: &PixelFlowConfig, text_encoder: Option<&T5Config>) -> Network<Train> {
        let device = burn::backend::flex::FlexDevice;
        let mut index = 0;
        let weights = |_: &str, shape: &[usize]| {
            index += 1;
            let values = Key::new(6, index, Purpose::Testing).normals(shape.iter().product());
            Ok::<_, ()>(values.into_iter().map(|x| 0.1 * x).collect())
        };
        Network {
            transformer: model_from::<Train, _>(config, &device, weights).unwrap(),
            text_encoder: text_encoder.map(|config| config.init(3, &device).unwrap()),
        }
    }

    /// Losses, and the gradients by name, kept and recomputed.
    fn both_ways(network: &Network<Train>, batch: &TrainingBatch) -> Vec<(f32, f32, String)> {
        let device = burn::backend::flex::FlexDevice;
        let (losses, kept) = crate::step::gradients(network, batch, 0.5, &device);
        let (again, recomputed) = gradients_recomputed(network, batch, 0.5, &device);
        for (again, loss) in again.losses.iter().zip(&losses.losses) {
            assert!((again - loss).abs() <= 2.0 * f32::EPSILON * loss);
        }
        let (kept, recomputed) = (by_name(network, &kept), by_name(network, &recomputed));
        let mut pairs = Vec::new();
        for (name, expected) in &kept {
            let most = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            assert!(most > 0.0, "{name} has no gradient: it would prove nothing");
            let values = recomputed[name].iter().zip(expected);
            pairs.extend(values.map(|(a, b)| (*a, *b, name.clone())));
        }
        pairs
    }

    #[test]
    fn computing_again_gives_the_same_loss_and_gradients() {
        let config = PixelFlowConfig { depth: 3, ..Preset::Tiny.config(4) };
        let pairs = both_ways(&network(&config, None), &batch().into());
        let mut largest = BTreeMap::<&str, f32>::new();
        for (_, b, name) in &pairs {
            let most = largest.entry(name).or_default();
            *most = most.max(b.abs());
        }
        for (a, b, name) in &pairs {
            let most = largest[name.as_str()];
            // The order of three additions differs: a few roundings of the largest value.
            assert!((a - b).abs() <= 4.0 * f32::EPSILON * most, "{name}: {a} for {b}");
        }
    }

    #[test]
    fn so_it_does_with_a_text_encoder_that_learns() {
        let config =
            PixelFlowConfig { depth: 2, cross_attention_dim: Some(32), ..Preset::Tiny.config(0) };
        let batch = TrainingBatch {
            texts: Some(Texts::Tokens(vec![vec![3, 4, 1], vec![1], vec![5, 2, 6, 1]])),
            packed: batch(),
        };
        let network = network(&config, Some(&T5Config::small(32, 2, 7)));
        // Products of text states are laid out differently with and without a graph, so the last
        // digit of everything differs: as between f32 and f64 in the fixtures (6e-6).
        let pairs = both_ways(&network, &batch);
        let norm = |of: fn(&(f32, f32, String)) -> f32| {
            let squares = pairs.iter().map(|pair| f64::from(of(pair)).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let (error, size) = (norm(|(a, b, _)| a - b), norm(|(_, b, _)| *b));
        assert!(error <= 6e-6 * size, "{error} of {size}");
    }
}

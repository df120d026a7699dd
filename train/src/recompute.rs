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
use pixelflow::{Pass, PixelFlow};
use pixelflow_dataset::PackedBatch;

use crate::step::{ExampleLosses, class_context, examples, loss_per_example, to_host, upload};

/// As [`gradients`](crate::step::gradients), with less memory.
///
/// The same numbers but for the order in which the gradients of the condition are added.
pub fn gradients_recomputed<A>(
    model: &PixelFlow<A>,
    batch: &PackedBatch,
    weight: f64,
    device: &A::Device,
) -> (ExampleLosses, GradientsParams)
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let examples = examples(batch);
    let mut all = GradientsAccumulator::new();
    let plain = model.valid();
    let pass = plain.prepare(&examples, &class_context(&plain, batch));
    let tokens = upload(&batch.inputs, batch.features, device);
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
    let target = upload(&batch.targets, batch.features, device);
    let losses = loss_per_example(velocity, target, &batch.segments);
    let mut graph = (losses.clone().mean() * weight).backward();
    let mut for_h = gradient(&leaf, &mut graph);
    let mut for_condition = gradient(&pass.condition, &mut graph);
    all.accumulate(model, GradientsParams::from_grads(graph, model));

    for (block, input) in model.transformer_blocks.iter().zip(inputs).rev() {
        let leaf = tracked_leaf(input);
        let condition = tracked_leaf(pass.condition.clone().inner());
        let pass = Pass {
            condition: condition.clone(),
            ..pass.clone()
        };
        let out = pass.through(block, leaf.clone());
        let mut graph = (out * Tensor::from_inner(for_h)).sum().backward();
        for_h = gradient(&leaf, &mut graph);
        for_condition = for_condition + gradient(&condition, &mut graph);
        all.accumulate(model, GradientsParams::from_grads(graph, block));
    }

    // The beginning of the model: patches and condition.
    let tokens = upload(&batch.inputs, batch.features, device);
    let embedded = model.patch_embed.forward(tokens) * Tensor::from_inner(for_h);
    let condition = silu(model.condition(&examples, &class_context(model, batch)));
    let condition = condition * Tensor::from_inner(for_condition);
    let graph = (embedded.sum() + condition.sum()).backward();
    all.accumulate(model, GradientsParams::from_grads(graph, model));
    (to_host(losses.inner(), &batch.segments), all.grads())
}

/// A tensor that a graph begins with.
fn tracked_leaf<A: AutodiffBackend>(x: Tensor<A::InnerBackend, 2>) -> Tensor<A, 2> {
    Tensor::from_inner(x).require_grad()
}

/// The pass on the autodiff backend; its condition is a leaf.
fn tracked<A: AutodiffBackend>(pass: &Pass<A::InnerBackend>) -> Pass<A> {
    Pass {
        segments: pass.segments.clone(),
        rope: Rope {
            cos: Tensor::from_inner(pass.rope.cos.clone()),
            sin: Tensor::from_inner(pass.rope.sin.clone()),
        },
        condition: tracked_leaf(pass.condition.clone()),
        text: None,
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
    use pixelflow::weights::{for_each_parameter, model_from};
    use pixelflow::{PixelFlowConfig, Preset};
    use pixelflow_dataset::Segment;

    use super::*;

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
        PackedBatch {
            inputs: normals(0),
            targets: normals(1),
            features: 48,
            segments,
        }
    }

    struct Replace<'a>(&'a GradientsParams);

    impl<B: Backend> ModuleMapper<B> for Replace<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
            let gradient = self.0.get::<B, D>(param.id).expect("a gradient");
            param.map(|_| gradient)
        }
    }

    fn by_name(
        model: &PixelFlow<Train>,
        gradients: &GradientsParams,
    ) -> BTreeMap<String, Vec<f32>> {
        let mut all = BTreeMap::new();
        let replaced = burn::module::Module::map(model.valid(), &mut Replace(gradients));
        for_each_parameter(&replaced, |name, _, values| {
            all.insert(name.to_owned(), values);
        });
        all
    }

    #[test]
    fn computing_again_gives_the_same_loss_and_gradients() {
        let device = burn::backend::flex::FlexDevice;
        let config = PixelFlowConfig {
            depth: 3,
            ..Preset::Tiny.config(4)
        };
        let mut index = 0;
        let weights = |_: &str, shape: &[usize]| {
            index += 1;
            let values = Key::new(6, index, Purpose::Testing).normals(shape.iter().product());
            Ok::<_, ()>(values.into_iter().map(|x| 0.1 * x).collect())
        };
        let model = model_from::<Train, _>(&config, &device, weights).unwrap();
        let (losses, kept) = crate::step::gradients(&model, &batch(), 0.5, &device);
        let (again, recomputed) = gradients_recomputed(&model, &batch(), 0.5, &device);
        assert_eq!(losses, again);
        let (kept, recomputed) = (by_name(&model, &kept), by_name(&model, &recomputed));
        for (name, expected) in &kept {
            let most = expected.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            assert!(most > 0.0, "{name} has no gradient: it would prove nothing");
            for (a, b) in recomputed[name].iter().zip(expected) {
                // The order of three additions differs: a few roundings of the largest value.
                assert!(
                    (a - b).abs() <= 4.0 * f32::EPSILON * most,
                    "{name}: {a} for {b}"
                );
            }
        }
    }
}

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

use crate::layers::Rope;
use crate::ops::PixelFlowBackend;
use crate::pass::{Conditioning, Sources};
use crate::{Context, Example, Pass, PixelFlow, TextStates};

/// A forward pass that has kept the inputs of its blocks, ready to go back.
///
/// Its gradients are those of [`PixelFlow::forward_packed`] but for the order in which the gradients
/// of the condition are added.
#[derive(Debug)]
pub struct Recomputation<'a, A: AutodiffBackend> {
    model: &'a PixelFlow<A>,
    examples: &'a [Example],
    context: &'a Context<A::InnerBackend>,
    tokens: Tensor<A::InnerBackend, 2>,
    pass: Pass<A::InnerBackend>,
    sources: Sources<A::InnerBackend>,
    inputs: Vec<Tensor<A::InnerBackend, 2>>,
    head: Stretch<A>,
}

/// The beginning of a block, or of the head, that has a graph of its own.
#[derive(Debug)]
struct Stretch<A: AutodiffBackend> {
    /// Its input, a leaf, `[tokens, width]`.
    h: Tensor<A, 2>,
    /// Condition and text of its pass, leaves too.
    sources: Sources<A>,
    pass: Pass<A>,
}

impl<'a, A> Recomputation<'a, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// The velocity of a packed sequence, as [`PixelFlow::forward_packed`] computes it; its graph
    /// goes back to the last block only.
    ///
    /// # Shapes
    /// - tokens: `[tokens, channels * patch * patch]`, features in `(c ph pw)` order
    /// - velocity: as `tokens`
    ///
    /// # Panics
    /// If the shapes or the context do not fit the model.
    pub fn forward(
        model: &'a PixelFlow<A>,
        tokens: Tensor<A::InnerBackend, 2>,
        examples: &'a [Example],
        context: &'a Context<A::InnerBackend>,
    ) -> (Tensor<A, 2>, Self) {
        let plain = model.valid();
        let sources = plain.sources(examples, context);
        let pass = plain.pass_of(examples, sources.clone());
        let mut h = plain.patch_embed.forward(tokens.clone());
        let mut inputs = Vec::with_capacity(plain.transformer_blocks.len());
        for (number, block) in plain.transformer_blocks.iter().enumerate() {
            inputs.push(h.clone());
            h = block.forward(h, number, &pass);
        }
        let head = Stretch::new(h, &pass, &sources);
        let velocity = model.head(head.h.clone(), Tensor::from_inner(tokens.clone()), &head.pass);
        (velocity, Self { model, examples, context, tokens, pass, sources, inputs, head })
    }

    /// The gradients of a loss of the velocity: of the model's parameters, and of the text states,
    /// `[keys, cross_attention_dim]`, if there are any.
    pub fn backward(
        self,
        loss: &Tensor<A, 1>,
    ) -> (GradientsParams, Option<Tensor<A::InnerBackend, 2>>) {
        let Self { model, examples, context, tokens, pass, sources, inputs, head } = self;
        let mut all = GradientsAccumulator::new();
        let mut graph = loss.backward();
        let mut for_h = gradient(&head.h, &mut graph);
        let mut for_condition = gradient(&head.sources.condition, &mut graph);
        let mut for_text: Option<Tensor<A::InnerBackend, 2>> = None;
        all.accumulate(model, GradientsParams::from_grads(graph, model));

        let blocks = model.transformer_blocks.iter().enumerate();
        for ((number, block), input) in blocks.zip(inputs).rev() {
            let stretch = Stretch::new(input, &pass, &sources);
            let out = block.forward(stretch.h.clone(), number, &stretch.pass);
            let mut graph = (out * Tensor::from_inner(for_h)).sum().backward();
            for_h = gradient(&stretch.h, &mut graph);
            for_condition = for_condition + gradient(&stretch.sources.condition, &mut graph);
            if let Some(text) = &stretch.sources.text {
                let of_block = gradient(&text.states, &mut graph);
                for_text = Some(match for_text {
                    None => of_block,
                    Some(sum) => sum + of_block,
                });
            }
            all.accumulate(model, GradientsParams::from_grads(graph, block));
        }

        // The beginning of the model: patches and condition.
        let embedded = model.patch_embed.forward(Tensor::from_inner(tokens));
        let condition = silu(model.condition(examples, context.labels()));
        let beginning = (embedded * Tensor::from_inner(for_h)).sum()
            + (condition * Tensor::from_inner(for_condition)).sum();
        let graph = beginning.backward();
        all.accumulate(model, GradientsParams::from_grads(graph, model));
        (all.grads(), for_text)
    }
}

impl<A: AutodiffBackend> Stretch<A> {
    /// A stretch that begins with `h`, in a pass and of its condition and text.
    fn new(
        h: Tensor<A::InnerBackend, 2>,
        pass: &Pass<A::InnerBackend>,
        sources: &Sources<A::InnerBackend>,
    ) -> Self {
        let leaf = |x| Tensor::<A, 2>::from_inner(x).require_grad();
        let text = sources.text.clone().map(|text| TextStates {
            states: leaf(text.states),
            segments: text.segments,
            bias: text.bias.map(Tensor::from_inner),
        });
        let sources = Sources { condition: leaf(sources.condition.clone()), text };
        let pass = Pass {
            segments: pass.segments.clone(),
            rope: Rope {
                cos: Tensor::from_inner(pass.rope.cos.clone()),
                sin: Tensor::from_inner(pass.rope.sin.clone()),
            },
            times: pass.times.clone(),
            conditioning: Conditioning::Sources(sources.clone()),
        };
        Self { h: leaf(h), sources, pass }
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
    use burn::backend::Autodiff;
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::TensorData;
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::noise::{Key, Purpose};
    use crate::weights::keyed_model;
    use crate::{PixelFlowConfig, Prediction, Preset, Segments};

    type Train = Autodiff<Flex>;

    fn normals(index: u64, shape: [usize; 2]) -> Tensor<Flex, 2> {
        let values = Key::new(5, index, Purpose::Testing).normals(shape[0] * shape[1]);
        Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
    }

    /// Mean squared error of 21 tokens.
    fn loss(velocity: Tensor<Train, 2>) -> Tensor<Train, 1> {
        let difference = velocity - Tensor::from_inner(normals(1, [21, 48]));
        (difference.clone() * difference).mean()
    }

    fn assert_same<const D: usize>(again: Tensor<Flex, D>, kept: Tensor<Flex, D>, name: &str) {
        let size = kept.clone().abs().max().into_scalar();
        assert!(size > 0.0, "{name} has no gradient: it would prove nothing");
        // The order of three additions differs: a few roundings of the largest value.
        let error = (again - kept).abs().max().into_scalar();
        assert!(error <= 4.0 * f32::EPSILON * size, "{name}: {error} of {size}");
    }

    /// Compares the gradients of every parameter, computed again and kept.
    struct Compare<'a>([&'a GradientsParams; 2]);

    impl ModuleVisitor<Train> for Compare<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Train, D>>) {
            let [again, kept] = self.0.map(|all| all.get::<Flex, D>(param.id).expect("a gradient"));
            assert_same(again, kept, &format!("{:?}", param.lazy_shape()));
        }
    }

    /// Compares everything that a model computes again with a pass that keeps everything.
    fn compare(config: &PixelFlowConfig, kept: &Context<Train>, again: &Context<Flex>) {
        let config = PixelFlowConfig { depth: 3, ..config.clone() };
        let model = keyed_model::<Train>(&config, 0.1, &FlexDevice);
        let tokens = normals(0, [21, 48]);
        // The last one is where a model that predicts the end divides by its least.
        let examples = [(4, 0.0), (2, 100.0), (1, 200.0)]
            .map(|(side, t)| Example::new(side, side, t).at_time(t / 205.0));
        let velocity = model.forward_packed(Tensor::from_inner(tokens.clone()), &examples, kept);
        let kept_loss = loss(velocity);
        let (velocity, pass) = Recomputation::forward(&model, tokens, &examples, again);
        let loss = loss(velocity);
        assert_same(loss.clone().inner(), kept_loss.clone().inner(), "the loss");
        let (again, for_text) = pass.backward(&loss);
        let mut graph = kept_loss.backward();
        assert_eq!(for_text.is_some(), kept.text().is_some());
        if let (Some(for_text), Some(text)) = (for_text, kept.text()) {
            assert_same(for_text, gradient(&text.states, &mut graph), "the text");
        }
        let kept = GradientsParams::from_grads(graph, &model);
        model.visit(&mut Compare([&again, &kept]));
    }

    #[test]
    fn a_class_model_has_the_same_loss_and_gradients() {
        let labels = vec![0, 4, 2];
        let again = Context::Class(labels.clone());
        compare(&Preset::Tiny.config(4), &Context::Class(labels), &again);
    }

    #[test]
    fn a_model_that_predicts_the_end_has_the_same_loss_and_gradients() {
        let config = PixelFlowConfig { prediction: Prediction::End, ..Preset::Tiny.config(4) };
        let labels = vec![0, 4, 2];
        let again = Context::Class(labels.clone());
        compare(&config, &Context::Class(labels), &again);
    }

    #[test]
    fn a_text_model_has_the_same_loss_and_gradients() {
        let config = PixelFlowConfig { cross_attention_dim: Some(8), ..Preset::Tiny.config(0) };
        let (states, segments) = (normals(2, [6, 8]), Segments::new(vec![3, 1, 2]));
        let leaf = Tensor::from_inner(states.clone()).require_grad();
        let kept = TextStates { states: leaf, segments: segments.clone(), bias: None };
        let again = TextStates { states, segments, bias: None };
        compare(&config, &Context::Text(kept), &Context::Text(again));
    }
}

//! What does not change from step to step of a stage.

use std::collections::HashMap;

use burn::tensor::activation::silu;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

use crate::layers::{Rope, TextKeys};
use crate::ops::PixelFlowBackend;
use crate::pass::{Conditioning, Modulations, Projections};
use crate::{Context, Example, Pass, PixelFlow, Segments};

/// Most numbers that the modulations of a stage's schedule may be; a batch needs its own in any
/// case.
pub(crate) const MOST_MODULATIONS: usize = 1 << 24;

/// Modulations by condition, rotary tables by grid, and the keys of the texts.
///
/// A condition is a timestep and a class: images that share both share their modulation.
#[derive(Debug)]
pub(super) struct StageCache<B: Backend> {
    table: Option<Table<B>>,
    rope: Option<([usize; 2], Rope<B>)>,
    /// With what a backend derives from them: a GPU's attention uploads its table of tiles once.
    segments: Option<Segments>,
    text: Option<Texts<B>>,
}

/// The images of a batch: those without their condition, then those with it.
pub(super) type Images<'a> = [&'a [usize]; 2];

/// Whose texts, and their keys for each block.
type Texts<B> = ([Vec<usize>; 2], Option<Vec<TextKeys<B>>>);

impl<B: Backend> Default for StageCache<B> {
    fn default() -> Self {
        Self { table: None, rope: None, segments: None, text: None }
    }
}

/// A timestep, by its bits, and a class.
type Condition = (u32, usize);

/// The modulations of some conditions.
#[derive(Debug)]
struct Table<B: Backend> {
    rows: HashMap<Condition, usize>,
    modulations: Modulations<B>,
}

impl<B: PixelFlowBackend> StageCache<B> {
    /// Computes the modulations of all examples that the stage will ask for, if they are not too
    /// large to be kept.
    pub(super) fn expect(
        &mut self,
        model: &PixelFlow<B>,
        examples: &[Example],
        context: &Context<B>,
    ) {
        let (first, conditions) = distinct(&conditions(examples, context));
        let width = model.proj_out_1.weight.dims()[0];
        let of_condition = (6 * model.transformer_blocks.len() + 2) * width;
        if conditions.len() * of_condition <= MOST_MODULATIONS {
            self.table = Some(table(model, examples, context, &first, conditions));
        }
    }

    /// The velocity of a dense batch of tokens; `images` tells texts apart.
    ///
    /// # Shapes
    /// - tokens and output: `[tokens, channels * patch * patch]`
    pub(super) fn velocity(
        &mut self,
        model: &PixelFlow<B>,
        tokens: Tensor<B, 2>,
        examples: &[Example],
        context: &Context<B>,
        images: Images<'_>,
    ) -> Tensor<B, 2> {
        let device = tokens.device();
        let grid = [examples[0].height, examples[0].width];
        if self.rope.as_ref().is_none_or(|(other, _)| *other != grid) {
            self.rope = Some((grid, Rope::new(&examples[..1], model.head_dim(), &device)));
        }
        let tokens_of_each = examples[0].tokens();
        let is_same = |segments: &Segments| {
            segments.lengths().len() == examples.len() && segments.lengths()[0] == tokens_of_each
        };
        if !self.segments.as_ref().is_some_and(is_same) {
            self.segments = Some(Segments::uniform(examples.len(), tokens_of_each));
        }
        if self.text.as_ref().is_none_or(|(other, _)| *other != images) {
            self.text = Some((images.map(<[usize]>::to_vec), model.text_keys(context)));
        }
        let modulations = self.modulations(model, examples, context, &device);
        let (Some((_, rope)), Some(segments), Some((_, text))) =
            (&self.rope, &self.segments, &self.text)
        else {
            unreachable!("all were just set");
        };
        let projections = Projections { modulations, text: text.clone() };
        let pass = Pass {
            segments: segments.clone(),
            rope: rope.clone(),
            times: model.times(examples),
            conditioning: Conditioning::Projections(projections),
        };
        model.forward_pass(tokens, &pass)
    }

    /// The modulation of each example.
    fn modulations(
        &mut self,
        model: &PixelFlow<B>,
        examples: &[Example],
        context: &Context<B>,
        device: &B::Device,
    ) -> Modulations<B> {
        let asked = conditions(examples, context);
        let known = |table: &Table<B>| asked.iter().all(|asked| table.rows.contains_key(asked));
        let kept = self.table.as_ref().filter(|table| known(table));
        let fresh;
        let table = if let Some(table) = kept {
            table
        } else {
            let (first, conditions) = distinct(&asked);
            fresh = table(model, examples, context, &first, conditions);
            &fresh
        };
        let rows: Vec<i64> = asked.iter().map(|asked| table.rows[asked] as i64).collect();
        if rows.iter().copied().eq(0..table.rows.len() as i64) {
            return table.modulations.clone();
        }
        let count = rows.len();
        let rows = Tensor::<B, 1, Int>::from_data(TensorData::new(rows, [count]), device);
        table.modulations.select(&rows)
    }
}

fn conditions<B: Backend>(examples: &[Example], context: &Context<B>) -> Vec<Condition> {
    let label = |index: usize| context.labels().map_or(0, |labels| labels[index]);
    let condition =
        |(index, example): (usize, &Example)| (example.timestep.to_bits(), label(index));
    examples.iter().enumerate().map(condition).collect()
}

/// Where each condition is met first, and its number.
fn distinct(conditions: &[Condition]) -> (Vec<usize>, HashMap<Condition, usize>) {
    let (mut first, mut rows) = (Vec::new(), HashMap::new());
    for (index, condition) in conditions.iter().enumerate() {
        rows.entry(*condition).or_insert_with(|| {
            first.push(index);
            first.len() - 1
        });
    }
    (first, rows)
}

/// The modulations of some of the examples.
fn table<B: PixelFlowBackend>(
    model: &PixelFlow<B>,
    examples: &[Example],
    context: &Context<B>,
    chosen: &[usize],
    rows: HashMap<Condition, usize>,
) -> Table<B> {
    let examples: Vec<Example> = chosen.iter().map(|&index| examples[index]).collect();
    let chosen = |labels: &[usize]| chosen.iter().map(|&index| labels[index]).collect::<Vec<_>>();
    let condition = model.condition(&examples, context.labels().map(chosen).as_deref());
    Table { rows, modulations: model.modulations(silu(condition)) }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Tolerance;
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::noise::{Key, Purpose};
    use crate::sampler::Conditions;
    use crate::weights::keyed_model;
    use crate::{PixelFlowConfig, Prediction, Preset, TextStates};

    const CLASSES: usize = 3;
    const GRID: [usize; 2] = [2, 3];

    fn model() -> PixelFlow<Flex> {
        keyed_model(&Preset::Tiny.config(CLASSES), 0.3, &FlexDevice)
    }

    fn example(timestep: f32) -> Example {
        Example::new(GRID[0], GRID[1], timestep)
    }

    fn tokens(model: &PixelFlow<Flex>, examples: usize) -> Tensor<Flex, 2> {
        let features = model.channels() * model.patch_size().pow(2);
        let shape = [examples * GRID[0] * GRID[1], features];
        let values = Key::new(3, 0, Purpose::Testing).normals(shape[0] * shape[1]);
        Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
    }

    fn assert_equal(cache: &mut StageCache<Flex>, examples: &[Example], labels: &[usize]) {
        let (model, context) = (model(), Context::Class(labels.to_vec()));
        let tokens = tokens(&model, examples.len());
        let images: Vec<usize> = (0..examples.len()).collect();
        let cached = cache.velocity(&model, tokens.clone(), examples, &context, [&[], &images]);
        let plain = model.forward_packed(tokens, examples, &context);
        assert_close(cached, plain);
    }

    fn assert_close(cached: Tensor<Flex, 2>, plain: Tensor<Flex, 2>) {
        let size = plain.clone().abs().max().into_scalar();
        assert!(size > 0.1, "nothing is compared: the velocity is {size}");
        // Products of other numbers of rows may round differently.
        let tolerance = Tolerance::<f32>::relative(1e-5).set_absolute(1e-6);
        cached.into_data().assert_approx_eq(&plain.into_data(), tolerance);
    }

    #[test]
    fn velocities_are_those_of_the_model_whatever_is_kept() {
        let mut cache = StageCache::default();
        // Nothing is known yet; then a schedule is; then something is asked that it has not.
        assert_equal(&mut cache, &[example(1.0), example(2.0)], &[1, 1]);
        let schedule = [1.0, 1.0, 9.0, 9.0].map(example);
        let context = Context::Class(vec![2, 0, 2, 0]);
        cache.expect(&model(), &schedule, &context);
        assert_eq!(cache.table.as_ref().map(|table| table.rows.len()), Some(4));
        assert_equal(&mut cache, &[9.0, 9.0, 9.0].map(example), &[0, 2, 0]);
        assert_equal(&mut cache, &[1.0, 7.0].map(example), &[0, 1]);
    }

    #[test]
    fn texts_are_told_apart_by_image_and_by_whether_they_are_negative() {
        let config = PixelFlowConfig { cross_attention_dim: Some(8), ..Preset::Tiny.config(0) };
        let model = keyed_model(&config, 0.3, &FlexDevice);
        let text = |seed| {
            let values = Key::new(seed, 1, Purpose::Testing).normals(2 * 3 * 8);
            TextStates {
                states: Tensor::from_data(TensorData::new(values, [6, 8]), &FlexDevice),
                segments: Segments::new(vec![3, 3]),
                bias: None,
            }
        };
        let conditions = Conditions::Text { prompts: text(1), negatives: text(2) };
        let (mut cache, examples) = (StageCache::default(), [example(1.0); 2]);
        let tokens = tokens(&model, 2);
        // The same numbers, split in two ways; then each again.
        let splits: [Images<'_>; 2] = [[&[0], &[1]], [&[], &[0, 1]]];
        for [unconditional, conditional] in [splits, splits].concat() {
            let context = conditions.batch(unconditional, conditional);
            let images = [unconditional, conditional];
            let cached = cache.velocity(&model, tokens.clone(), &examples, &context, images);
            assert_close(cached, model.forward_packed(tokens.clone(), &examples, &context));
        }
    }

    #[test]
    fn each_image_has_its_time_where_the_end_is_predicted() {
        let config =
            PixelFlowConfig { prediction: Prediction::End, ..Preset::Tiny.config(CLASSES) };
        let model: PixelFlow<Flex> = keyed_model(&config, 0.3, &FlexDevice);
        let (mut cache, tokens) = (StageCache::default(), tokens(&model, 2));
        let context = Context::Class(vec![1, 2]);
        // The same timesteps, so that what is kept is used again.
        for times in [[0.0, 0.5], [0.5, 0.99]] {
            let examples = times.map(|time| example(7.0).at_time(time));
            let cached =
                cache.velocity(&model, tokens.clone(), &examples, &context, [&[], &[0, 1]]);
            assert_close(cached, model.forward_packed(tokens.clone(), &examples, &context));
        }
    }

    #[test]
    fn a_condition_is_computed_once() {
        let asked = [1.0, 1.0, 4.0].map(example);
        let asked = conditions(&asked, &Context::<Flex>::Class(vec![2, 2, 2]));
        let (first, rows) = distinct(&asked);
        assert_eq!((first, rows.len()), (vec![0, 2], 2));
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let (mut cache, model) = (StageCache::default(), model());
        let width = model.proj_out_1.weight.dims()[0];
        let count = MOST_MODULATIONS / (8 * width) + 1;
        let examples: Vec<Example> = (0..count).map(|n| example(n as f32)).collect();
        cache.expect(&model, &examples, &Context::Class(vec![0; count]));
        assert!(cache.table.is_none());
    }
}

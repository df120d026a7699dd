//! The transformer that predicts the velocity at every stage, or the end of the stage.

use burn::module::Module;
use burn::tensor::activation::silu;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};

use crate::layers::{
    ClassEmbedder, Linear, MatrixFormat, PatchEmbed, Rope, TextKeys, TimestepEmbedder,
    TransformerBlock, images_to_tokens, tokens_to_images,
};
use crate::ops::{self, PixelFlowBackend};
use crate::pass::{Conditioning, Modulations, Sources};
use crate::{Context, Example, Pass, PixelFlowConfig, Prediction, Segments};

/// The PixelFlow transformer: a DiT with adaLN, 2-D rotary embedding and a resolution embedding.
///
/// `condition = timestep_embedder(t) + latent_size_embedder(size) [+ class_embedder(label)]`;
/// patches → blocks → `LN(h) (1 + scale) + shift` → patches of the velocity (paper, section 3.3), or of the stage's end,
/// from which the velocity [follows](crate::prediction).
///
/// Field names are those of the reference's parameters.
#[derive(Module, Debug)]
pub struct PixelFlow<B: Backend> {
    /// Projection of the patches.
    pub patch_embed: PatchEmbed<B>,
    /// Embedding of the timestep.
    pub timestep_embedder: TimestepEmbedder<B>,
    /// Embedding of the resolution, in tokens a side.
    pub latent_size_embedder: TimestepEmbedder<B>,
    /// Embedding of the class, in a class model.
    pub class_embedder: Option<ClassEmbedder<B>>,
    /// The blocks.
    pub transformer_blocks: Vec<TransformerBlock<B>>,
    /// From the condition to the last shift and scale.
    pub proj_out_1: Linear<B>,
    /// From the width to the patches of what is predicted, features in `(ph pw c)` order.
    pub proj_out_2: Linear<B>,
    patch_size: usize,
    head_dim: usize,
    #[module(skip)]
    prediction: Prediction,
}

impl<B: Backend> PixelFlow<B> {
    /// The model without values; they are set before it is used.
    pub(crate) fn uninitialised(
        config: &PixelFlowConfig,
        format: MatrixFormat,
        device: &B::Device,
    ) -> Self {
        let width = config.width();
        let linear = |outputs| Linear::uninitialised(width, outputs, true, format, device);
        let embedder = || TimestepEmbedder::uninitialised(width, format, device);
        let velocity_features = config.out_channels * config.patch_size * config.patch_size;
        let class_embedder = (config.num_classes > 0)
            .then(|| ClassEmbedder::uninitialised(config.num_classes, width, device));
        Self {
            patch_embed: PatchEmbed::uninitialised(config, device),
            timestep_embedder: embedder(),
            latent_size_embedder: embedder(),
            class_embedder,
            transformer_blocks: (0..config.depth)
                .map(|_| TransformerBlock::uninitialised(config, format, device))
                .collect(),
            proj_out_1: linear(2 * width),
            proj_out_2: linear(velocity_features),
            patch_size: config.patch_size,
            head_dim: config.attention_head_dim,
            prediction: config.prediction,
        }
    }

    /// The device that its weights are on.
    pub fn device(&self) -> B::Device {
        self.proj_out_1.weight.device()
    }

    /// Side of a patch in pixels.
    pub fn patch_size(&self) -> usize {
        self.patch_size
    }

    /// Features of a head.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// What its output is read as.
    pub fn prediction(&self) -> Prediction {
        self.prediction
    }

    /// Channels of the images.
    pub fn channels(&self) -> usize {
        self.patch_embed.proj.weight.lazy_shape()[1]
    }

    /// Number of classes without the null class; 0 for a text model.
    pub fn classes(&self) -> usize {
        let rows = |e: &ClassEmbedder<B>| e.embedding_table.weight.lazy_shape()[0];
        self.class_embedder.as_ref().map_or(0, |embedder| rows(embedder) - 1)
    }

    /// Features of the texts' states; `None` for a class model.
    pub fn text_width(&self) -> Option<usize> {
        let block = self.transformer_blocks.first()?;
        Some(block.attn2.as_ref()?.k_proj.weight.dims()[0])
    }
}

impl<B: PixelFlowBackend> PixelFlow<B> {
    /// The velocity of a dense batch.
    ///
    /// # Shapes
    /// - images: `[batch, channels, height, width]`, sides multiples of the patch size
    /// - timesteps: one per image
    /// - output: as `images`
    ///
    /// # Panics
    /// If the shapes or the context do not fit the model, or it predicts the end of a stage: then the time within it is
    /// needed too, and [`forward_images`](Self::forward_images) takes it.
    pub fn forward(
        &self,
        images: Tensor<B, 4>,
        timesteps: &[f32],
        context: &Context<B>,
    ) -> Tensor<B, 4> {
        let [_, _, height, width] = images.dims();
        let (rows, columns) = (height / self.patch_size, width / self.patch_size);
        let example = |&timestep: &f32| Example::new(rows, columns, timestep);
        let examples: Vec<Example> = timesteps.iter().map(example).collect();
        self.forward_images(images, &examples, context)
    }

    /// The velocity of a dense batch, whose examples are given.
    ///
    /// # Shapes
    /// - images and output: `[batch, channels, height, width]`, in patches those of every example
    ///
    /// # Panics
    /// If the shapes or the context do not fit the model, or it predicts the end of a stage and an example has no time.
    pub fn forward_images(
        &self,
        images: Tensor<B, 4>,
        examples: &[Example],
        context: &Context<B>,
    ) -> Tensor<B, 4> {
        let [_, _, height, width] = images.dims();
        let tokens = images_to_tokens(images, self.patch_size);
        let velocity = self.forward_packed(tokens, examples, context);
        tokens_to_images(
            velocity,
            height / self.patch_size,
            width / self.patch_size,
            self.patch_size,
        )
    }

    /// What the loss compares the velocity of a packed sequence with, of the velocity `x_end - x_start` of training
    /// pairs: the same, but for [a part of it](Prediction::target) late in the stages of a model that predicts their ends.
    ///
    /// # Shapes
    /// - velocity and output: `[tokens, channels * patch * patch]`
    ///
    /// # Panics
    /// If it predicts the end of a stage and an example has no time.
    pub fn target(&self, velocity: Tensor<B, 2>, examples: &[Example]) -> Tensor<B, 2> {
        let segments = Segments::new(examples.iter().map(Example::tokens).collect());
        self.prediction.target(velocity, &segments, &self.times(examples))
    }

    /// The velocity of a packed sequence of examples of any sizes.
    ///
    /// # Shapes
    /// - tokens: `[tokens, channels * patch * patch]`, features in `(c ph pw)` order
    /// - output: as `tokens`
    ///
    /// # Panics
    /// If the shapes or the context do not fit the model, or it predicts the end of a stage and an example has no time.
    pub fn forward_packed(
        &self,
        tokens: Tensor<B, 2>,
        examples: &[Example],
        context: &Context<B>,
    ) -> Tensor<B, 2> {
        self.forward_pass(tokens, &self.pass(examples, context))
    }

    /// The velocity of the tokens of a pass.
    ///
    /// # Shapes
    /// - tokens: `[tokens, channels * patch * patch]`, features in `(c ph pw)` order
    /// - output: as `tokens`
    ///
    /// # Panics
    /// If they are not the pass's tokens.
    pub(crate) fn forward_pass(&self, tokens: Tensor<B, 2>, pass: &Pass<B>) -> Tensor<B, 2> {
        assert_eq!(pass.segments.tokens(), tokens.dims()[0], "tokens of other examples");
        let mut h = self.patch_embed.forward(tokens.clone());
        for (number, block) in self.transformer_blocks.iter().enumerate() {
            h = block.forward(h, number, pass);
        }
        self.head(h, tokens, pass)
    }

    /// The velocity of the tokens, of which `h` is what they are after the last block.
    ///
    /// What is predicted is `proj_out_2(LN(h) (1 + scale) + shift)` with `[shift, scale] = proj_out_1(silu(condition))`.
    ///
    /// # Shapes
    /// - h: `[tokens, width]`
    /// - tokens, output: `[tokens, channels * patch * patch]`, features in `(c ph pw)` order
    pub(crate) fn head(
        &self,
        h: Tensor<B, 2>,
        tokens: Tensor<B, 2>,
        pass: &Pass<B>,
    ) -> Tensor<B, 2> {
        let modulation = pass.head_modulation(&self.proj_out_1);
        let width = modulation.dims()[1] / 2;
        let shift = modulation.clone().narrow(1, 0, width);
        let scale = modulation.narrow(1, width, width);
        let h = ops::ada_layer_norm(h, shift, scale, &pass.segments);
        let output = channels_first(self.proj_out_2.forward(h), self.patch_size);
        self.prediction.velocity(output, tokens, &pass.segments, &pass.times)
    }

    /// A pass in which each block projects condition and text when its turn comes.
    ///
    /// # Panics
    /// If the context does not fit the model or the examples.
    pub fn pass(&self, examples: &[Example], context: &Context<B>) -> Pass<B> {
        self.pass_of(examples, self.sources(examples, context))
    }

    /// The [`pass`](Self::pass) of some condition and text.
    pub(crate) fn pass_of(&self, examples: &[Example], sources: Sources<B>) -> Pass<B> {
        let device = self.proj_out_1.weight.device();
        Pass {
            segments: Segments::new(examples.iter().map(Example::tokens).collect()),
            rope: Rope::new(examples, self.head_dim, &device),
            times: self.times(examples),
            conditioning: Conditioning::Sources(sources),
        }
    }

    /// The time of each example within its stage; empty if what is predicted is the velocity, which needs none.
    ///
    /// # Panics
    /// If it is needed and an example has none.
    pub(crate) fn times(&self, examples: &[Example]) -> Vec<f32> {
        let time = |example: &Example| {
            example
                .time
                .expect("the end of a stage is predicted: `Example::at_time` says how far it is")
        };
        match self.prediction {
            Prediction::Velocity => Vec::new(),
            Prediction::End => examples.iter().map(time).collect(),
        }
    }

    /// Condition after `silu`, and text.
    ///
    /// # Panics
    /// If the context does not fit the model or the examples.
    pub(crate) fn sources(&self, examples: &[Example], context: &Context<B>) -> Sources<B> {
        if let Some(text) = context.text() {
            assert_eq!(text.segments.examples(), examples.len(), "one text per example");
        }
        Sources {
            condition: silu(self.condition(examples, context.labels())),
            text: context.text().cloned(),
        }
    }

    /// The condition of each example, before `silu`.
    ///
    /// `timestep_embedder(timestep) + latent_size_embedder(resolution) [+ class_embedder(label)]`
    ///
    /// # Shapes
    /// - labels: one per example in a class model, `None` in a text model
    /// - output: `[examples, width]`
    ///
    /// # Panics
    /// If there are labels in a text model, or none or too few in a class model.
    pub fn condition(&self, examples: &[Example], labels: Option<&[usize]>) -> Tensor<B, 2> {
        let timesteps = examples.iter().map(|example| example.timestep).collect::<Vec<f32>>();
        let sizes: Vec<f32> = examples.iter().map(|example| example.resolution).collect();
        let condition =
            self.timestep_embedder.forward(&timesteps) + self.latent_size_embedder.forward(&sizes);
        match (labels, &self.class_embedder) {
            (Some(labels), Some(embedder)) => {
                assert_eq!(labels.len(), examples.len(), "one label per example");
                condition + embedder.forward(labels)
            }
            (None, None) => condition,
            (Some(_), None) => panic!("a text model was given classes"),
            (None, Some(_)) => panic!("a class model was given text"),
        }
    }

    /// The projections of some conditions, after `silu`, by all blocks and the head.
    ///
    /// # Shapes
    /// - condition: `[rows, width]`
    pub(crate) fn modulations(&self, condition: Tensor<B, 2>) -> Modulations<B> {
        let of_block = |block: &TransformerBlock<B>| block.norm1.linear.forward(condition.clone());
        Modulations {
            blocks: self.transformer_blocks.iter().map(of_block).collect(),
            head: self.proj_out_1.forward(condition.clone()),
        }
    }

    /// Keys and values of the texts for each block; `None` for classes.
    pub(crate) fn text_keys(&self, context: &Context<B>) -> Option<Vec<TextKeys<B>>> {
        let text = context.text()?;
        let of_block = |block: &TransformerBlock<B>| Some(block.attn2.as_ref()?.text_keys(text));
        self.transformer_blocks.iter().map(of_block).collect()
    }
}

/// Reorders the features of predicted patches from `(ph pw c)` to `(c ph pw)`, in f32.
fn channels_first<B: Backend>(tokens: Tensor<B, 2>, patch: usize) -> Tensor<B, 2> {
    let [count, features] = tokens.dims();
    let pixels = patch * patch;
    let tokens = if tokens.dtype() == DType::F32 { tokens } else { tokens.cast(DType::F32) };
    tokens.reshape([count, pixels, features / pixels]).swap_dims(1, 2).reshape([count, features])
}

//! The dense forward pass, and what goes on inside.

use burn::tensor::Tensor;
use burn::tensor::activation::silu;
use pixelflow::layers::{images_to_tokens, tokens_to_images};
use pixelflow::ops::{PixelFlowBackend, ada_layer_norm};
use pixelflow::{Context, Example, PixelFlow};

use super::{download, text, upload};
use crate::{Limits, Recorder, Result, Subject, Tensors};

/// Checks all forward passes of a file, and the activations that are stored.
///
/// # Errors
/// If the file or its weights cannot be read.
pub fn check<B: PixelFlowBackend>(
    subject: Subject<'_>,
    device: &B::Device,
    recorder: &mut Recorder<'_>,
) -> Result<()> {
    let tensors = subject.open()?;
    let model = subject.model::<B>(device)?;
    for prefix in subject.entry.prefixes() {
        recorder.attempt(&subject.case(&prefix), |recorder| {
            let pass = Pass::<B>::read(&tensors, &prefix, model.patch_size(), device)?;
            let recorded = subject.entry.must_record(&["err_f32_vs_f64", &prefix])?;

            let output = format!("{prefix}/out");
            let found = download(pass.run(&model));
            subject.compare(&output, &found, &tensors, &Limits::ten_times(&recorded), recorder)?;

            let inside = Limits::ten_times_relative(&recorded, "its model output");
            for (part, found) in pass.activations(&model) {
                let name = format!("{prefix}/act/{part}");
                if tensors.has(&name) {
                    subject.compare(&name, &found, &tensors, &inside, recorder)?;
                }
            }
            Ok(())
        });
    }
    Ok(())
}

/// The inputs of a forward pass.
struct Pass<B: PixelFlowBackend> {
    images: Tensor<B, 4>,
    examples: Vec<Example>,
    context: Context<B>,
}

impl<B: PixelFlowBackend> Pass<B> {
    fn read(tensors: &Tensors, prefix: &str, patch: usize, device: &B::Device) -> Result<Self> {
        let name = |part: &str| format!("{prefix}/{part}");
        let images = upload::<B, 4>(tensors, &name("x"), device)?;
        let [batch, _, height, width] = images.dims();
        let timesteps = tensors.floats(&name("timestep"))?;
        let sizes = tensors.integers(&name("latent_size"))?;
        // One resolution for the whole batch, or one an image.
        let size = |image: usize| *sizes.get(image).unwrap_or(&sizes[0]) as f32;
        if timesteps.len() != batch || sizes.is_empty() {
            return Err(tensors.problem(format!("`{prefix}` needs a timestep an image")));
        }
        let example = |(image, &timestep): (usize, &f32)| Example {
            resolution: size(image),
            ..Example::new(height / patch, width / patch, timestep)
        };
        let states = name("encoder_hidden_states");
        let context = if tensors.has(&states) {
            let mask = name("encoder_attention_mask");
            Context::Text(text::padded(tensors, &states, &mask, device)?)
        } else {
            Context::Class(tensors.counts(&name("labels"))?)
        };
        Ok(Self { examples: timesteps.iter().enumerate().map(example).collect(), images, context })
    }

    /// The model's output: dense where its resolution is the images', else packed.
    fn run(&self, model: &PixelFlow<B>) -> Tensor<B, 4> {
        let usual = |e: &Example| *e == Example::new(e.height, e.width, e.timestep);
        if self.examples.iter().all(usual) {
            let timesteps: Vec<f32> = self.examples.iter().map(|e| e.timestep).collect();
            return model.forward(self.images.clone(), &timesteps, &self.context);
        }
        let (patch, grid) = (model.patch_size(), self.examples[0]);
        let tokens = images_to_tokens(self.images.clone(), patch);
        let velocity = model.forward_packed(tokens, &self.examples, &self.context);
        tokens_to_images(velocity, grid.height, grid.width, patch)
    }

    /// The activations the reference stores, by its names.
    fn activations(&self, model: &PixelFlow<B>) -> Vec<(String, Vec<f64>)> {
        let pass = model.pass(&self.examples, &self.context);
        let condition = model.condition(&self.examples, self.context.labels());
        let mut found = vec![("conditioning".to_owned(), download(condition.clone()))];
        let condition = silu(condition);
        let tokens = images_to_tokens(self.images.clone(), model.patch_size());
        let mut h = model.patch_embed.forward(tokens);
        found.push(("patch_embed".to_owned(), download(h.clone())));
        for (index, block) in model.transformer_blocks.iter().enumerate() {
            let name = |part: &str| format!("block{index}_{part}");
            let m = block.norm1.forward(condition.clone());
            let x = ada_layer_norm(h.clone(), m.shift_attention, m.scale_attention, &pass.segments);
            found.push((name("norm1"), download(x.clone())));
            let x = block.attn1.attend_to_self(x, &pass.segments, &pass.rope);
            found.push((name("attn1"), download(x)));
            h = block.forward(h, index, &pass);
            found.push((name("out"), download(h.clone())));
        }
        found
    }
}

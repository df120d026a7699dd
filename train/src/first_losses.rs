//! The losses of a recipe's first steps, for those who compare backends.

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::loader::Share;

use crate::Result;
use crate::config::Layers;
use crate::data::Data;
use crate::network::Network;
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::recipe;
use crate::trainer::Trainer;

/// The losses of all steps of a shipped recipe, in f32, with settings (`KEY=VALUE`) on top: those that a run of it
/// records, less what a run does beside its steps.
///
/// # Errors
/// In words, what is wrong with recipe, settings or images.
pub fn first_losses<A>(
    recipe: &str,
    settings: &[&str],
    device: &A::Device,
) -> Result<Vec<f64>, String>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    losses::<A>(recipe, settings, device).map_err(|error| error.to_string())
}

fn losses<A>(recipe: &str, settings: &[&str], device: &A::Device) -> Result<Vec<f64>>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let mut layers = Layers::default();
    layers.file(&recipe::find(recipe)?)?;
    settings.iter().try_for_each(|assignment| layers.set(assignment))?;
    let config = layers.resolve()?.check()?;
    let settings = config.settings();
    let data = Data::open(&config, None)?;
    let network = Network::<A>::begin(settings, &data.text, &data.class_names, device)?;
    let optimizer = Optimizer::new(OptimizerConfig::from(&settings.train), &network.valid());
    let mut trainer = Trainer::new(network, optimizer, device.clone());
    let share = Share::alone(settings.train.gradient_accumulation);
    let steps = 0..settings.train.steps;
    let batches = data.training.stream_share(steps.clone(), share);
    let loss = |(step, batch)| {
        let batch = data.text.attach(batch?, &data.training, share.own_parts())?;
        Ok(trainer.step(&batch, config.learning_rate().at(step)).losses.mean())
    };
    steps.zip(batches).map(loss).collect()
}

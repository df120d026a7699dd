//! Writing a checkpoint.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::AutodiffModule;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::durable::{DurableFolder, write_text};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{
    ADAPTER_FOLDER, DESCRIPTION_FILE, DType, EMA_FILE, ModelDescription, TEXT_ENCODER_FOLDER,
    WEIGHTS_FILE, WeightSet, WeightsError, save_model, save_text_encoder,
};
use pixelflow_host::explain;

use super::{ADAPTERS, AVERAGES, OPTIMIZER, STATE, State, Store, adapters, averages, moments};
use crate::config::LoraConfig;
use crate::lora::{Lora, save_peft};
use crate::texts::TextSource;
use crate::trainer::Trainer;
use crate::{Error, Result};

/// Saves a run's state; returns when it is durable.
///
/// # Errors
/// [`Error::SaveCheckpoint`]; earlier checkpoints are as they were.
pub fn save<A>(
    store: &Store,
    trainer: &Trainer<A>,
    (text, lora): (&TextSource, &LoraConfig),
    state: &State,
    description: &ModelDescription,
) -> Result<()>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let path = store.path(state.step);
    let failed = |reason: String| Error::SaveCheckpoint { path: path.clone(), reason };
    // Half a checkpoint would only fill the disk further: with an error it vanishes.
    let folder = DurableFolder::create(&path).map_err(|error| failed(explain(&error)))?;
    write_files(folder.unfinished(), trainer, (text, lora), state, description)
        .and_then(|()| folder.replace().map_err(|error| explain(&error)))
        .map_err(failed)
}

fn write_files<A>(
    folder: &Path,
    trainer: &Trainer<A>,
    (text, lora): (&TextSource, &LoraConfig),
    state: &State,
    description: &ModelDescription,
) -> Result<(), String>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let weights = |error: WeightsError| match &error {
        WeightsError::Write { source, .. } => explain(source),
        _ => error.to_string(),
    };
    let metadata = BTreeMap::from([("step".to_owned(), state.step.to_string())]);
    let (network, average) = (trainer.inner_network(), trainer.average());
    save_model(&network.transformer, &folder.join(WEIGHTS_FILE), DType::F32, &metadata)
        .and_then(|()| {
            save_model(&average.transformer, &folder.join(EMA_FILE), DType::F32, &metadata)
        })
        .and_then(|()| moments::save(trainer, &folder.join(OPTIMIZER)))
        .and_then(|()| match trainer.averages() {
            Some(kept) => averages::save(kept, &folder.join(AVERAGES)),
            None => Ok(()),
        })
        .and_then(|()| description.write(&folder.join(DESCRIPTION_FILE)))
        .and_then(|()| match trainer.lora() {
            Some(adapted) => save_adapters(folder, adapted, trainer, lora, description),
            None => Ok(()),
        })
        .map_err(weights)?;
    if let TextSource::Joint { config, tokenizer } = text {
        let folder = folder.join(TEXT_ENCODER_FOLDER);
        for (network, set) in [(&network, WeightSet::Model), (&average, WeightSet::Ema)] {
            let encoder = network.text_encoder.as_ref().expect("it is trained");
            save_text_encoder(encoder, config, tokenizer, &folder, set, DType::F32).map_err(
                |error| match error {
                    pixelflow::Error::Weights(error) => weights(error),
                    other => other.to_string(),
                },
            )?;
        }
    }
    let state = serde_json::to_string_pretty(state).map_err(|error| error.to_string())?;
    write_text(&folder.join(STATE), &state).map_err(|error| explain(&error))
}

/// Writes what goes on training, and the average as a folder that others can use.
fn save_adapters<A>(
    folder: &Path,
    adapted: &Lora<A>,
    trainer: &Trainer<A>,
    lora: &LoraConfig,
    description: &ModelDescription,
) -> Result<(), WeightsError>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let optimizer = trainer.optimizer();
    adapters::save(adapted, optimizer, &folder.join(ADAPTERS))?;
    let path = folder.join(ADAPTER_FOLDER);
    std::fs::create_dir(&path)
        .map_err(|source| WeightsError::Write { path: path.clone(), source })?;
    let average = optimizer.average(&adapted.adapters().valid());
    save_peft(&path, adapted, &average, lora, description.class_names.as_deref())
}

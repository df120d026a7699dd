//! Reading a checkpoint.

use std::path::Path;

use burn::tensor::DType;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::NumberFormat;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::text::T5Encoder;
use pixelflow::weights::{
    EMA_FILE, TEXT_ENCODER_FOLDER, TensorFile, TextEncoderFiles, WEIGHTS_FILE, WeightSet,
    load_model,
};

use super::{ADAPTERS, AVERAGES, OPTIMIZER, State, adapters, averages, moments};
use crate::config::TrainConfig;
use crate::data::Data;
use crate::initial_weights::adapted;
use crate::lora::Lora;
use crate::network::Network;
use crate::optimizer::{Optimizer, OptimizerConfig};
use crate::ranks::Place;
use crate::texts::TextSource;
use crate::trainer::Trainer;
use crate::{Error, Result};

/// Model and optimiser as they were when the checkpoint in `folder` was saved with `state`, by a run with these settings,
/// for a rank in this place.
///
/// # Errors
/// [`Error::Model`] for weights that do not fit, [`Error::DamagedCheckpoint`].
pub fn load<A>(
    folder: &Path,
    settings: &TrainConfig,
    data: &Data,
    state: &State,
    (place, device): (Place, &A::Device),
) -> Result<Trainer<A>>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let text = &data.text;
    let (model, optimizer) = (&settings.model, OptimizerConfig::from(&settings.train));
    let damaged = |reason: String| Error::DamagedCheckpoint { path: folder.to_owned(), reason };
    let weights = |error: pixelflow::Error| damaged(error.to_string());
    let open = |name| TensorFile::open(&folder.join(name)).map_err(|error| weights(error.into()));
    let average = Network::<A::InnerBackend> {
        transformer: load_model(&open(EMA_FILE)?, model, NumberFormat::F32, device)
            .map_err(weights)?,
        text_encoder: text_encoder(folder, text, WeightSet::Ema, device)?,
    };
    let network = Network::<A> {
        transformer: load_model(&open(WEIGHTS_FILE)?, model, NumberFormat::F32, device)
            .map_err(weights)?,
        text_encoder: text_encoder(folder, text, WeightSet::Model, device)?,
    };
    let (lora, (fresh, sizes)) = if settings.lora.is_on() {
        let lora = begun_lora(folder, settings, data, state, device)?;
        let read = adapters::load(&folder.join(ADAPTERS), lora.adapters(), device);
        let (values, average) = read.map_err(damaged)?;
        let sizes = Optimizer::sizes(&optimizer, &average);
        (Some(lora.with_adapters(values)), (Optimizer::new(optimizer, &average), sizes))
    } else {
        let sizes = Optimizer::sizes(&optimizer, &average);
        (None, (Optimizer::of_some(optimizer, &average, place.owns(&average)), sizes))
    };
    let moments =
        moments::load(&folder.join(OPTIMIZER), fresh.moments(), sizes, device).map_err(damaged)?;
    let averages = settings
        .averages
        .kept()
        .filter(|_| place.leads())
        .map(|kept| averages::load(&folder.join(AVERAGES), kept, &average, device))
        .transpose()
        .map_err(damaged)?;
    let steps = usize::try_from(state.updates()).map_err(|error| damaged(error.to_string()))?;
    let optimizer = Optimizer::resume(optimizer, steps, moments, state.spikes);
    Ok(Trainer::new(network, optimizer, device.clone())
        .recomputing(settings.train.recompute_activations)
        .computing_in(settings.train.precision, state.loss_scale)
        .averaging(averages)
        .adapting(lora)
        .among(place))
}

/// The adapters of a run as they were before its first step, on the weights that it began with.
///
/// # Errors
/// [`Error::InitialWeights`] if those are no longer what they were.
fn begun_lora<A>(
    folder: &Path,
    settings: &TrainConfig,
    data: &Data,
    state: &State,
    device: &A::Device,
) -> Result<Lora<A>>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let base = adapted(settings)?.expect("adapters are trained");
    if state.adapted.as_deref() != Some(base.hash()?) {
        return Err(Error::InitialWeights {
            path: settings.train.initial_weights.clone().into(),
            reason: format!(
                "they are no longer those that the adapters in {} were trained on; bring them back",
                folder.display()
            ),
        });
    }
    let network = Network::<A>::begin(settings, &data.text, &data.class_names, device)?;
    Lora::begin(&network, settings, device).on(&base)
}

/// The text encoder of a checkpoint, if the run trains one.
///
/// # Errors
/// [`Error::DamagedCheckpoint`], and [`Error::CaptionsChanged`] if the captions that the tokenizer
/// was made from are no longer the same.
fn text_encoder<B: PixelFlowBackend>(
    folder: &Path,
    text: &TextSource,
    set: WeightSet,
    device: &B::Device,
) -> Result<Option<T5Encoder<B>>> {
    let TextSource::Joint { config, tokenizer } = text else {
        return Ok(None);
    };
    let damaged = |error: pixelflow::Error| Error::DamagedCheckpoint {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    let files = TextEncoderFiles::open(&folder.join(TEXT_ENCODER_FOLDER), set).map_err(damaged)?;
    if files.config != *config || !files.tokenizer.is_same(tokenizer) {
        return Err(Error::CaptionsChanged { path: folder.to_owned() });
    }
    files.load(DType::F32, device).map(Some).map_err(damaged)
}

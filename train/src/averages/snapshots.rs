//! Snapshots of the averages of a run: a folder each time, with a model folder for each average.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::backend::AutodiffBackend;
use pixelflow::durable::{DurableFolder, write_text};
use pixelflow::excerpt::reason_excerpt;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::weights::{
    DESCRIPTION_FILE, DType, ModelDescription, TEXT_ENCODER_FOLDER, WEIGHTS_FILE, WeightSet,
    save_model, save_text_encoder,
};
use serde::{Deserialize, Serialize};

use crate::error::{read_error, write_error};
use crate::network::Network;
use crate::texts::TextSource;
use crate::trainer::Trainer;
use crate::{Error, Result};

/// The folder of the snapshots in a run's.
pub const AVERAGES_FOLDER: &str = "averages";
/// What a snapshot says of itself; the last file that is written.
pub const SNAPSHOT: &str = "snapshot.json";

/// A snapshot of a run's averages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Updates of the weights that the averages are of.
    pub updates: u64,
    /// Relative standard deviation of each average.
    pub sigma_rel: Vec<f64>,
}

impl Snapshot {
    /// Reads what the snapshot in `folder` says of itself.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::DamagedSnapshot`].
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(SNAPSHOT);
        let text = fs::read_to_string(&path).map_err(read_error(&path))?;
        let damaged = |reason: &str| Error::DamagedSnapshot {
            path: folder.to_owned(),
            reason: reason.to_owned(),
        };
        let snapshot: Self = serde_json::from_str(&text)
            .map_err(|error| damaged(&reason_excerpt(&error.to_string())))?;
        let widths = &snapshot.sigma_rel;
        let are_sound = !widths.is_empty() && widths.iter().all(|s| (0.01..0.28).contains(s));
        if snapshot.updates == 0 || !are_sound {
            return Err(damaged("its averages are none that a run makes"));
        }
        Ok(snapshot)
    }

    /// The model folder of average `number` in the folder of a snapshot.
    pub fn model(folder: &Path, number: usize) -> PathBuf {
        folder.join(format!("average-{}", number + 1))
    }
}

/// Writes the averages of a run in f16 into `folder`, which appears whole.
///
/// # Errors
/// [`Error::Write`], [`Error::Weights`], [`Error::Model`].
///
/// # Panics
/// If the run keeps no averages.
pub fn write_snapshot<A>(
    folder: &Path,
    trainer: &Trainer<A>,
    text: &TextSource,
    sigma_rel: &[f64],
    description: &ModelDescription,
) -> Result<()>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    let averages = trainer.averages().expect("a run that keeps averages");
    let (network, updates) = (trainer.inner_network(), trainer.optimizer().steps() as u64);
    let whole = DurableFolder::create(folder).map_err(write_error(folder))?;
    for number in 0..sigma_rel.len() {
        let model = Snapshot::model(whole.unfinished(), number);
        fs::create_dir(&model).map_err(write_error(&model))?;
        write_model(&model, &averages.average(number, &network), text, description)?;
    }
    let path = whole.unfinished().join(SNAPSHOT);
    let snapshot = Snapshot { updates, sigma_rel: sigma_rel.to_vec() };
    let said = serde_json::to_string(&snapshot).expect("numbers");
    write_text(&path, &said).map_err(write_error(&path))?;
    whole.replace().map_err(write_error(folder))
}

/// Writes a network as a model folder.
fn write_model<B: PixelFlowBackend>(
    folder: &Path,
    network: &Network<B>,
    text: &TextSource,
    description: &ModelDescription,
) -> Result<()> {
    let weights = folder.join(WEIGHTS_FILE);
    save_model(&network.transformer, &weights, DType::F16, &BTreeMap::new())?;
    description.write(&folder.join(DESCRIPTION_FILE))?;
    if let (TextSource::Joint { config, tokenizer }, Some(encoder)) = (text, &network.text_encoder)
    {
        let folder = folder.join(TEXT_ENCODER_FOLDER);
        save_text_encoder(encoder, config, tokenizer, &folder, WeightSet::Model, DType::F16)?;
    }
    Ok(())
}

//! What the numbers of a sweep depend on besides its cells, kept in its folder.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use pixelflow::durable::DurableFile;
use pixelflow::sampler::SamplerConfig;
use pixelflow_evaluation::Protocol;
use serde::{Deserialize, Serialize};

use crate::caption_images::DrawnWith;
use crate::differences::differences;
use crate::error::{read_error, write_error};
use crate::measurement::metric::MetricKind;
use crate::measurement::network::NetworkKind;
use crate::{Error, Result};

/// Its file's name.
pub const RECORD_FILE: &str = "sweep.json";

/// What must be equal for cells to belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepRecord {
    /// Version of the program that began it.
    pub version: String,
    /// The weights, the first of which are the ones that others are compared with.
    pub weights: Vec<RecordedWeights>,
    /// Name of the real images.
    pub reference: String,
    /// Hash of the real images; statistics of strangers do not tell it.
    pub reference_hash: Option<String>,
    /// Name of the network that the images are seen through.
    pub network: String,
    /// Hash of its weights.
    pub network_hash: Option<String>,
    /// The evaluator that is reproduced.
    pub protocol: Protocol,
    /// Images of a repeat.
    pub images: u32,
    /// Repeats of a cell.
    pub repeats: u32,
    /// The first repeat's seed.
    pub seed: u64,
    /// How classes are chosen.
    pub labels: String,
    /// Hash of the texts that are drawn, of a text model.
    pub prompts_hash: Option<String>,
}

/// Weights by their label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedWeights {
    /// Their label.
    pub label: String,
    /// Its own sampler, as a cell has it.
    pub sampler: SamplerConfig,
    /// Network calls of an image with that, where they are known beforehand.
    pub network_calls: Option<usize>,
    /// The model, its hash, formats and size.
    pub drawn_with: DrawnWith,
}

impl SweepRecord {
    /// The two metrics of a sweep: name in JSON, and name in tables.
    pub fn metric_names(&self) -> [[String; 2]; 2] {
        let network = NetworkKind::of_name(&self.network).unwrap_or(NetworkKind::EfficientNetLite0);
        [MetricKind::Frechet, MetricKind::Kernel]
            .map(|kind| [kind.key(network), kind.name(network)])
    }

    /// The record in a folder, if there is one.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::BadRecord`] if it is damaged.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(RECORD_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read_error(&path)(error)),
        };
        let damaged = |reason: String| Error::BadRecord { path: path.clone(), reason };
        let record: Self =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        if record.weights.is_empty() {
            return Err(damaged("it names no weights".to_owned()));
        }
        Ok(Some(record))
    }

    /// Writes it into a folder, or goes on with one that has an equal record.
    ///
    /// # Errors
    /// [`Error::OtherSettings`] that names every difference, [`Error::Read`], [`Error::BadRecord`],
    /// [`Error::Write`].
    pub fn claim(&self, folder: &Path) -> Result<()> {
        if let Some(before) = Self::read(folder)? {
            return before.must_equal(self, folder);
        }
        let path = folder.join(RECORD_FILE);
        let write = || -> io::Result<bool> {
            let mut file = DurableFile::create(&path)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            writeln!(file)?;
            match file.finish_new() {
                // Another part has begun at the same moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                written => written.map(|()| true),
            }
        };
        if write().map_err(write_error(&path))? {
            return Ok(());
        }
        Self::read(folder)?.map_or(Ok(()), |before| before.must_equal(self, folder))
    }

    /// Refuses other settings.
    ///
    /// # Errors
    /// [`Error::OtherSettings`] that names every difference.
    pub fn must_equal(&self, now: &Self, folder: &Path) -> Result<()> {
        // The version and the place of the reference say nothing of the numbers.
        let settings = |record: &Self| {
            let (version, reference) = (String::new(), String::new());
            serde_json::to_value(Self { version, reference, ..record.clone() }).unwrap_or_default()
        };
        let differences = differences(&settings(self), &settings(now));
        if differences.is_empty() {
            return Ok(());
        }
        let differences = differences.join(", ");
        Err(Error::OtherSettings { path: folder.to_owned(), differences })
    }
}

#[cfg(test)]
pub(super) mod testing {
    use pixelflow::NumberFormat;
    use pixelflow::pipeline::NoiseRule;
    use pixelflow::sampler::SamplerConfig;
    use pixelflow::weights::WeightSet;

    use super::*;

    /// Of a model called `a`, whose own settings are 16 steps of Euler.
    pub(crate) fn record() -> SweepRecord {
        let sampler = SamplerConfig { steps: vec![16], ..SamplerConfig::default() };
        let drawn_with = DrawnWith {
            model: "a".to_owned(),
            weights: WeightSet::Ema,
            model_hash: "00ff".to_owned(),
            guide: None,
            text_encoder: None,
            negative: String::new(),
            sampler: sampler.clone(),
            dtype: NumberFormat::F32,
            height: 32,
            width: 32,
            noise: NoiseRule::unsaid(),
        };
        let weights =
            RecordedWeights { label: "a".to_owned(), sampler, network_calls: Some(24), drawn_with };
        SweepRecord {
            version: "0".to_owned(),
            weights: vec![weights],
            reference: "real".to_owned(),
            reference_hash: Some("12".to_owned()),
            network: "EfficientNet-Lite0".to_owned(),
            network_hash: None,
            protocol: Protocol::Adm,
            images: 500,
            repeats: 1,
            seed: 0,
            labels: "balanced".to_owned(),
            prompts_hash: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::record;
    use super::*;

    #[test]
    fn a_folder_belongs_to_what_its_numbers_depend_on() {
        let folder = tempfile::tempdir().unwrap();
        record().claim(folder.path()).unwrap();
        let moved = SweepRecord { version: "1".to_owned(), reference: "b".to_owned(), ..record() };
        moved.claim(folder.path()).unwrap();
        assert_eq!(SweepRecord::read(folder.path()).unwrap(), Some(record()));
        let mut other = SweepRecord { reference_hash: Some("13".to_owned()), seed: 7, ..record() };
        other.weights[0].drawn_with.model_hash = "0100".to_owned();
        let message = other.claim(folder.path()).unwrap_err().to_string();
        for part in [
            "reference_hash was \"12\" and is \"13\"",
            "seed was 0 and is 7",
            "weights[0].drawn_with.model_hash was \"00ff\" and is \"0100\"",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
}

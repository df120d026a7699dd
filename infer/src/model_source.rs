//! Where a model's weights are, and what they are for.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use pixelflow::PixelFlow;
use pixelflow::sampler::SamplerConfig;
use pixelflow::text::MAX_TOKENS;
use pixelflow::weights::{
    DESCRIPTION_FILE, ModelDescription, ReferenceConfig, TensorFile, TextDescription, WEIGHTS_FILE,
    WeightSet, load_model_in, read_reference_config,
};
use sha2::{Digest, Sha256};

use crate::error::read_error;
use crate::{Error, Result, assets};

/// The averaged weights of a checkpoint.
const EMA_FILE: &str = "ema.safetensors";
/// What a checkpoint's folder is called, before its step.
const CHECKPOINT_PREFIX: &str = "step-";
/// Side of the images of a model that does not say.
const REFERENCE_RESOLUTION: usize = 256;
/// The text encoder of the authors' text model.
const REFERENCE_TEXT_ENCODER: &str = "hf:google/flan-t5-xl";

/// A model on disk.
#[derive(Clone, Debug)]
pub struct ModelSource {
    /// The file of its weights.
    pub weights: PathBuf,
    /// Which of them, in a PyTorch training checkpoint.
    pub set: WeightSet,
    /// Everything else about it.
    pub description: ModelDescription,
}

impl ModelSource {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// [`Error::MissingAsset`] outside of the repository.
    pub fn demo() -> Result<Self> {
        Self::find(&assets::locate("demo/model")?, WeightSet::Ema)
    }

    /// The text model that comes with the program.
    ///
    /// # Errors
    /// [`Error::MissingAsset`] outside of the repository.
    pub fn text_demo() -> Result<Self> {
        Self::find(&assets::locate("demo-text/model")?, WeightSet::Ema)
    }

    /// Whether it draws from text, not from classes.
    pub fn is_text(&self) -> bool {
        self.description.model.cross_attention_dim.is_some()
    }

    /// The model at `path`: a run's folder (its newest checkpoint), a checkpoint, a model's folder,
    /// a safetensors file with `config.json` beside it, or a `.pt` with `config.yaml` beside it.
    ///
    /// # Errors
    /// [`Error::NotAModel`] for anything else, [`Error::Weights`] for a broken description.
    pub fn find(path: &Path, set: WeightSet) -> Result<Self> {
        let kind = fs::metadata(path).map_err(read_error(path))?;
        let (weights, description) = if kind.is_dir() {
            in_folder(path, set)?
        } else {
            let description = beside(path)?;
            (path.to_owned(), description)
        };
        Ok(Self {
            weights,
            set,
            description,
        })
    }

    /// Reads the weights.
    ///
    /// # Errors
    /// [`Error::Weights`] or [`Error::Model`] if they do not fit.
    pub fn load<B: Backend>(&self, device: &B::Device) -> Result<PixelFlow<B>> {
        self.load_in(DType::F32, device)
    }

    /// Reads the weights into a format, in which the model then computes.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_in<B: Backend>(&self, dtype: DType, device: &B::Device) -> Result<PixelFlow<B>> {
        let is_safetensors = self.weights.extension().is_some_and(|e| e == "safetensors");
        let file = if is_safetensors || self.set == WeightSet::Ema {
            TensorFile::open(&self.weights)?
        } else {
            TensorFile::open_torch(&self.weights, self.set)?
        };
        Ok(load_model_in(
            &file,
            &self.description.model,
            dtype,
            device,
        )?)
    }

    /// The first 16 hex digits of the SHA-256 of the file of its weights.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn hash(&self) -> Result<String> {
        let mut file = File::open(&self.weights).map_err(read_error(&self.weights))?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(read_error(&self.weights)(error)),
            };
            hash.update(&buffer[..count]);
        }
        let digest = hash.finalize();
        let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
        Ok(format!("{first:016x}"))
    }

    /// What a class is called: its name, or its number.
    pub fn class_name(&self, class: usize) -> String {
        let name = self
            .description
            .class_names
            .as_ref()
            .and_then(|names| names.get(class));
        name.cloned().unwrap_or_else(|| class.to_string())
    }

    /// How the model is sampled unless the user says otherwise.
    pub fn sampler(&self) -> SamplerConfig {
        self.description.sampler.clone().unwrap_or_default()
    }
}

/// Steps of the checkpoints in a folder, ascending.
///
/// # Errors
/// What the operating system says.
pub fn checkpoint_steps(folder: &Path) -> io::Result<Vec<u64>> {
    let mut steps = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let step = name
            .to_str()
            .and_then(|name| name.strip_prefix(CHECKPOINT_PREFIX));
        steps.extend(step.and_then(|digits| digits.parse::<u64>().ok()));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// What the folder of the checkpoint of `step` is called.
pub fn checkpoint_name(step: u64) -> String {
    format!("{CHECKPOINT_PREFIX}{step:08}")
}

/// Weights and description in a run's, a checkpoint's or a model's folder.
fn in_folder(path: &Path, set: WeightSet) -> Result<(PathBuf, ModelDescription)> {
    let checkpoints = path.join("checkpoints");
    let folder = if checkpoints.is_dir() {
        let steps = checkpoint_steps(&checkpoints).map_err(read_error(&checkpoints))?;
        let none = || Error::NotAModel {
            path: path.to_owned(),
            reason: "the run has no checkpoint yet".to_owned(),
        };
        checkpoints.join(checkpoint_name(*steps.last().ok_or_else(none)?))
    } else {
        path.to_owned()
    };
    let (averaged, plain) = (folder.join(EMA_FILE), folder.join(WEIGHTS_FILE));
    let weights = if set == WeightSet::Ema && averaged.is_file() {
        averaged
    } else {
        plain
    };
    if !weights.is_file() {
        let reason = format!("the folder has no {WEIGHTS_FILE}");
        return Err(Error::NotAModel {
            path: path.to_owned(),
            reason,
        });
    }
    let description = beside(&weights)?;
    Ok((weights, description))
}

/// The description beside a file of weights.
fn beside(weights: &Path) -> Result<ModelDescription> {
    let (native, reference) = (
        weights.with_file_name(DESCRIPTION_FILE),
        weights.with_file_name("config.yaml"),
    );
    if native.is_file() {
        Ok(ModelDescription::read(&native)?)
    } else if reference.is_file() {
        let ReferenceConfig {
            model,
            cascade,
            resolution,
        } = read_reference_config(&reference)?;
        let resolution = resolution.unwrap_or(REFERENCE_RESOLUTION);
        let text = model.cross_attention_dim.map(|_| TextDescription {
            encoder: REFERENCE_TEXT_ENCODER.to_owned(),
            max_tokens: MAX_TOKENS,
        });
        Ok(ModelDescription {
            text,
            model,
            cascade,
            resolution,
            class_names: None,
            sampler: None,
        })
    } else {
        let reason = format!("there is neither {DESCRIPTION_FILE} nor config.yaml beside it");
        Err(Error::NotAModel {
            path: weights.to_owned(),
            reason,
        })
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;

    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::weights::{DType, save_model};
    use pixelflow::{PixelFlowConfig, Preset};

    use super::*;

    fn description() -> ModelDescription {
        ModelDescription {
            model: PixelFlowConfig {
                depth: 1,
                ..Preset::Tiny.config(3)
            },
            cascade: CascadeConfig {
                stages: 2,
                train_timesteps: 1000,
            },
            resolution: 16,
            class_names: None,
            text: None,
            sampler: None,
        }
    }

    /// A folder with these files of weights, each from a seed of its own, and `config.json`.
    fn folder(path: &Path, weights: &[(&str, u64)]) {
        fs::create_dir_all(path).unwrap();
        let description = description();
        for (name, seed) in weights {
            let model = description.model.init::<Flex>(*seed, &FlexDevice).unwrap();
            save_model(&model, &path.join(name), DType::F32, &BTreeMap::new()).unwrap();
        }
        description.write(&path.join(DESCRIPTION_FILE)).unwrap();
    }

    fn found(path: &Path, set: WeightSet) -> PathBuf {
        let source = ModelSource::find(path, set).unwrap();
        source.load::<Flex>(&FlexDevice).unwrap();
        source.weights
    }

    #[test]
    fn of_a_run_the_newest_checkpoint_is_taken_and_of_that_the_average() {
        let run = tempfile::tempdir().unwrap();
        let checkpoint = |step| run.path().join("checkpoints").join(checkpoint_name(step));
        for step in [9, 10, 100] {
            folder(&checkpoint(step), &[(WEIGHTS_FILE, 1), (EMA_FILE, 2)]);
        }
        // A checkpoint that was being written when the run was killed.
        fs::create_dir(run.path().join("checkpoints/.step-00000200.partial")).unwrap();
        let newest = checkpoint(100);
        for path in [run.path(), &newest] {
            assert_eq!(found(path, WeightSet::Ema), newest.join(EMA_FILE));
            assert_eq!(found(path, WeightSet::Model), newest.join(WEIGHTS_FILE));
        }
    }

    #[test]
    fn a_models_folder_and_its_file_are_the_same_model() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let file = model.path().join(WEIGHTS_FILE);
        for path in [model.path(), &file] {
            for set in [WeightSet::Ema, WeightSet::Model] {
                assert_eq!(found(path, set), file);
            }
        }
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let source = ModelSource::find(model.path(), WeightSet::Ema).unwrap();
        // `printf abc | sha256sum` (FIPS 180-2, appendix B.1)
        fs::write(&source.weights, "abc").unwrap();
        assert_eq!(source.hash().unwrap(), "ba7816bf8f01cfea");
    }

    #[test]
    fn classes_without_names_are_called_by_their_numbers() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let mut source = ModelSource::find(model.path(), WeightSet::Ema).unwrap();
        assert_eq!(source.class_name(2), "2");
        source.description.class_names = Some(["ant", "cat", "dog"].map(str::to_owned).to_vec());
        assert_eq!(source.class_name(2), "dog");
    }
}

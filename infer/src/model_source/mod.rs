//! Where a model's weights are, and what they are for.

mod repository;

use std::path::{Path, PathBuf};

use burn::tensor::DType;
use burn::tensor::backend::Backend;
use pixelflow::PixelFlow;
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::{
    ModelDescription, ShardIndex, TensorFile, WeightSet, description_beside, file_hash, is_int8,
    load_model_in, load_model_int8, weights_at,
};

use self::repository::Repository;
pub use self::repository::fetched_weights;
use crate::arguments::NumberFormat;
use crate::hub::{Fetching, HubName};
use crate::{Result, assets};

/// A model on disk, or in a repository.
#[derive(Clone, Debug)]
pub struct ModelSource {
    place: Place,
    /// Which of its weights, in a PyTorch training checkpoint.
    pub set: WeightSet,
    /// Everything but the weights.
    pub description: ModelDescription,
}

/// Where the weights are.
#[derive(Clone, Debug)]
enum Place {
    /// In this file.
    File(PathBuf),
    /// In a repository; they are fetched when they are needed.
    Repository(Repository),
}

impl ModelSource {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// [`crate::Error::MissingAsset`] outside of the repository.
    pub fn demo() -> Result<Self> {
        Self::find(&assets::locate("demo/model")?, WeightSet::Ema)
    }

    /// The text model that comes with the program.
    ///
    /// # Errors
    /// [`crate::Error::MissingAsset`] outside of the repository.
    pub fn text_demo() -> Result<Self> {
        Self::find(&assets::locate("demo-text/model")?, WeightSet::Ema)
    }

    /// Whether it draws from text, not from classes.
    pub fn is_text(&self) -> bool {
        self.description.model.cross_attention_dim.is_some()
    }

    /// The model at `path`: a run's folder (its newest checkpoint), a checkpoint, a model's folder,
    /// a safetensors file or an index of several with `config.json` beside it, or a `.pt` with
    /// `config.yaml` beside it; or the model of a repository, `hf:owner/name`, whose description is
    /// fetched now and whose weights are when they are needed.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] for anything else, or for a broken description, [`crate::Error::Hub`].
    pub fn find(path: &Path, set: WeightSet) -> Result<Self> {
        if HubName::is_meant(path) {
            return Self::of_repository(path, set, Fetching::Allowed);
        }
        let weights = weights_at(path, set)?;
        let description = description_beside(&weights)?;
        Ok(Self { place: Place::File(weights), set, description })
    }

    /// The model of a repository as far as it was fetched before; asks no network, ever.
    ///
    /// # Errors
    /// As [`find`](Self::find); [`crate::Error::Hub`] if it was not.
    pub fn find_fetched(path: &Path, set: WeightSet) -> Result<Self> {
        let source = Self::of_repository(path, set, Fetching::Never)?;
        source.weights()?;
        Ok(source)
    }

    fn of_repository(path: &Path, set: WeightSet, fetching: Fetching) -> Result<Self> {
        let (repository, description) = Repository::describe(path, fetching)?;
        Ok(Self { place: Place::Repository(repository), set, description })
    }

    /// The file of the weights; those of a repository are fetched, and a `.pt` of one is converted, the
    /// first time that anything asks for it.
    ///
    /// # Errors
    /// [`crate::Error::Hub`], and what converting says.
    pub fn weights(&self) -> Result<&Path> {
        match &self.place {
            Place::File(file) => Ok(file),
            Place::Repository(repository) => repository.weights(self.set),
        }
    }

    /// Whether nothing has to be fetched or converted before the weights can be read.
    pub fn is_here(&self) -> bool {
        match &self.place {
            Place::File(_) => true,
            Place::Repository(repository) => repository.is_here(),
        }
    }

    /// Whether it is the model of a repository.
    pub fn is_of_hub(&self) -> bool {
        matches!(self.place, Place::Repository(_))
    }

    /// What the user would call it: the name of its repository, or the file of its weights.
    pub fn name(&self) -> String {
        match &self.place {
            Place::File(file) => file.display().to_string(),
            Place::Repository(repository) => repository.name().to_string(),
        }
    }

    /// A folder that lies beside the weights, with these files in it; those of a repository are fetched.
    ///
    /// # Errors
    /// [`crate::Error::Hub`].
    pub fn folder_beside(&self, folder: &str, files: &[&str]) -> Result<PathBuf> {
        match &self.place {
            Place::File(file) => Ok(file.with_file_name(folder)),
            Place::Repository(repository) => repository.folder(folder, files),
        }
    }

    /// Reads the weights.
    ///
    /// # Errors
    /// [`crate::Error::Weights`] or [`crate::Error::Model`] if they do not fit.
    pub fn load<B: Backend>(&self, device: &B::Device) -> Result<PixelFlow<B>> {
        self.load_in(DType::F32, device)
    }

    /// Reads the weights into a format, in which the model then computes; matrices that the file has
    /// in eight bits stay so.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_in<B: Backend>(&self, dtype: DType, device: &B::Device) -> Result<PixelFlow<B>> {
        let (file, config) = (self.open()?, &self.description.model);
        Ok(load_model_in(&file, config, dtype, device)?)
    }

    /// Reads the weights with matrices in eight bits, whatever the file has; the model computes in
    /// `dtype`.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_int8<B: Backend>(&self, dtype: DType, device: &B::Device) -> Result<PixelFlow<B>> {
        let (file, config) = (self.open()?, &self.description.model);
        Ok(load_model_int8(&file, config, dtype, device)?)
    }

    /// Reads the weights into the format that the user names.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_as<B: Backend>(
        &self,
        format: NumberFormat,
        device: &B::Device,
    ) -> Result<PixelFlow<B>> {
        match format {
            NumberFormat::Int8 => self.load_int8(format.dtype(), device),
            _ => self.load_in(format.dtype(), device),
        }
    }

    /// Whether the file has matrices in eight bits.
    ///
    /// # Errors
    /// [`crate::Error::Weights`], and what [`weights`](Self::weights) says.
    pub fn is_int8(&self) -> Result<bool> {
        Ok(is_int8(&self.open()?))
    }

    /// Opens the file of the weights.
    ///
    /// # Errors
    /// [`crate::Error::Weights`].
    fn open(&self) -> Result<TensorFile> {
        Ok(if self.set == WeightSet::Ema {
            TensorFile::open(self.weights()?)?
        } else {
            TensorFile::open_torch(self.weights()?, self.set)?
        })
    }

    /// The first 16 hex digits of the SHA-256 of the file of its weights, or of all of them.
    ///
    /// # Errors
    /// [`crate::Error::Weights`], and what [`weights`](Self::weights) says.
    pub fn hash(&self) -> Result<String> {
        let weights = self.weights()?;
        if ShardIndex::is_named(weights) {
            Ok(file_hash(&TensorFile::open(weights)?.files())?)
        } else {
            Ok(file_hash(&[weights.to_owned()])?)
        }
    }

    /// What a class is called: its name, or its number.
    pub fn class_name(&self, class: usize) -> String {
        let name = self.description.class_names.as_ref().and_then(|names| names.get(class));
        name.cloned().unwrap_or_else(|| class.to_string())
    }

    /// How the model is sampled unless the user says otherwise.
    pub fn sampler(&self) -> SamplerConfig {
        self.description.sampler.clone().unwrap_or_default()
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::weights::{DESCRIPTION_FILE, DType, WEIGHTS_FILE, save_model};
    use pixelflow::{PixelFlowConfig, Preset};

    use super::*;

    fn description() -> ModelDescription {
        ModelDescription {
            model: PixelFlowConfig { depth: 1, ..Preset::Tiny.config(3) },
            cascade: CascadeConfig { stages: 2, train_timesteps: 1000 },
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

    #[test]
    fn the_hash_is_that_of_the_file() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let source = ModelSource::find(model.path(), WeightSet::Ema).unwrap();
        // `printf abc | sha256sum` (FIPS 180-2, appendix B.1)
        fs::write(source.weights().unwrap(), "abc").unwrap();
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

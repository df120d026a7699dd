//! A model whose description is read and whose weights are not yet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use burn::tensor::backend::Backend;
use sha2::{Digest, Sha256};

use crate::weights::{
    ModelDescription, ModelFolder, TensorFile, WeightSet, WeightsError, hash_of_files,
    load_model_in, load_model_int8,
};
use crate::{NumberFormat, PixelFlow, Result};

/// A model in files, or in memory: its description is read, its weights are not.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    description: ModelDescription,
    weights: Weights,
    name: String,
    hash: Arc<OnceLock<String>>,
}

#[derive(Clone, Debug)]
enum Weights {
    /// In this file, of which this set is meant.
    File(PathBuf, WeightSet),
    /// A safetensors file in memory.
    Memory(Arc<[u8]>),
}

impl ModelFiles {
    /// The model at `path`: a run's folder (its newest checkpoint), a checkpoint, a model's folder, a
    /// safetensors file or an index of several with `config.json` beside it, or a `.pt` with
    /// `config.yaml` beside it. Of training weights, the moving average is taken.
    ///
    /// # Errors
    /// [`WeightsError::NotAModel`] for anything else, [`WeightsError::Open`], [`WeightsError::Config`].
    pub fn find(path: &Path) -> Result<Self> {
        Self::find_set(path, WeightSet::Ema)
    }

    /// As [`find`](Self::find), with a choice of the weights of a training checkpoint.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn find_set(path: &Path, set: WeightSet) -> Result<Self> {
        let weights = ModelFolder::weights_at(path, set)?;
        let description = ModelFolder::description_beside(&weights)?;
        let name = ModelFolder::name_of(&weights);
        Ok(Self::new(description, Weights::File(weights, set), name))
    }

    /// A model in memory: `config.json`, and the bytes of a safetensors file.
    ///
    /// # Errors
    /// [`WeightsError::Config`].
    pub fn from_bytes(config: &str, weights: impl Into<Arc<[u8]>>) -> Result<Self> {
        let name = "memory".to_owned();
        let description = ModelDescription::parse(Path::new("config.json"), config)?;
        Ok(Self::new(description, Weights::Memory(weights.into()), name))
    }

    fn new(description: ModelDescription, weights: Weights, name: String) -> Self {
        Self { description, weights, name, hash: Arc::default() }
    }

    /// The same model under another name.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Everything but the weights.
    pub fn description(&self) -> &ModelDescription {
        &self.description
    }

    /// The name by which a picture remembers the model: of its folder or file, never where that lies.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file of the weights; `None` for a model in memory.
    pub fn path(&self) -> Option<&Path> {
        match &self.weights {
            Weights::File(path, _) => Some(path),
            Weights::Memory(_) => None,
        }
    }

    /// Which of its weights, in a training checkpoint.
    pub fn set(&self) -> WeightSet {
        match self.weights {
            Weights::File(_, set) => set,
            Weights::Memory(_) => WeightSet::Model,
        }
    }

    /// The first 16 hex digits of the SHA-256 of all weights, computed once.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files.
    pub fn hash(&self) -> Result<&str> {
        if let Some(hash) = self.hash.get() {
            return Ok(hash);
        }
        let hash = match &self.weights {
            Weights::File(..) => hash_of_files(&self.open()?.shards())?,
            Weights::Memory(bytes) => {
                let digest = Sha256::digest(bytes);
                format!("{:016x}", u64::from_be_bytes(std::array::from_fn(|byte| digest[byte])))
            }
        };
        Ok(self.hash.get_or_init(|| hash))
    }

    /// Opens the weights: their index is read, they are not.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files.
    pub fn open(&self) -> Result<TensorFile, WeightsError> {
        match &self.weights {
            Weights::File(path, WeightSet::Ema) => TensorFile::open(path),
            Weights::File(path, set) => TensorFile::open_torch(path, *set),
            Weights::Memory(bytes) => TensorFile::from_bytes(&self.name, Arc::clone(bytes)),
        }
    }

    /// Reads the weights into a format; matrices that the file has in eight bits stay so.
    ///
    /// # Errors
    /// [`WeightsError::Mismatch`] naming every tensor that does not fit, and what went wrong on
    /// reading.
    pub fn load<B: Backend>(
        &self,
        format: NumberFormat,
        device: &B::Device,
    ) -> Result<PixelFlow<B>> {
        let (file, config) = (self.open()?, &self.description.model);
        match format {
            NumberFormat::Int8 => load_model_int8(&file, config, format.dtype(), device),
            _ => load_model_in(&file, config, format.dtype(), device),
        }
    }
}

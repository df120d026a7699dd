//! A model whose description is read and whose weights are not yet.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use burn::tensor::backend::Backend;
use sha2::{Digest, Sha256};

use crate::weights::{
    Adapter, AdapterBase, ModelDescription, ShardIndex, TensorFile, WeightSet, WeightsError,
    description_beside, file_hash, first_digits, load_adapted, name_of, weights_at,
};
use crate::{NumberFormat, PixelFlow, Result};

/// A model in files, or in memory: its description is read, its weights are not.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    description: ModelDescription,
    weights: Weights,
    name: String,
    /// Of the weights without adapters.
    hash: Arc<OnceLock<String>>,
    /// Of the weights with them.
    adapted_hash: Arc<OnceLock<String>>,
    adapters: Arc<[Adapter]>,
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
        let weights = weights_at(path, set)?;
        let description = description_beside(&weights)?;
        Ok(Self::described(weights, set, description))
    }

    /// The file of the weights of a model that is described already.
    pub fn described(weights: PathBuf, set: WeightSet, description: ModelDescription) -> Self {
        let name = name_of(&weights);
        Self::new(description, Weights::File(weights, set), name)
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
        Self {
            description,
            weights,
            name,
            hash: Arc::default(),
            adapted_hash: Arc::default(),
            adapters: Arc::default(),
        }
    }

    /// The same model under another name.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The same model, which has none yet, with adapters, which change it as it is read, one after the other.
    ///
    /// # Errors
    /// [`WeightsError::Adapter`] for one that does not fit, or two of several that each have classes of their own;
    /// those of [`open`](Self::open). No weights are read.
    pub fn with_adapters(self, adapters: Vec<Adapter>) -> Result<Self> {
        let file = self.open()?;
        let mut description = self.description;
        let mut with_classes: Option<&Adapter> = None;
        for adapter in &adapters {
            adapter.check_fits(&file)?;
            description = adapter.describe(description)?;
            if adapter.class_table().is_none() {
                continue;
            }
            if let Some(other) = with_classes.replace(adapter) {
                let reason = format!(
                    "it has classes of its own, and so has {}; take one of them",
                    other.path().display()
                );
                return Err(
                    WeightsError::Adapter { path: adapter.path().to_owned(), reason }.into()
                );
            }
        }
        let adapted_hash = Arc::default();
        Ok(Self { description, adapters: adapters.into(), adapted_hash, ..self })
    }

    /// What changes the model as it is read.
    pub fn adapters(&self) -> &[Adapter] {
        &self.adapters
    }

    /// Adapters that were trained on another model, as far as they say; the same weights in another number format are no
    /// other model.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files.
    pub fn on_another_base(&self) -> Result<Vec<(&Adapter, &AdapterBase)>> {
        let mut others = Vec::new();
        for adapter in &*self.adapters {
            let Some(base) = &adapter.config().base else { continue };
            if !base.is(self.base_hash()?, &self.open()?)? {
                others.push((adapter, base));
            }
        }
        Ok(others)
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

    /// The first 16 hex digits of the SHA-256 of all weights, computed once. Adapters, and how much they count, are a
    /// part of what is hashed.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files.
    pub fn hash(&self) -> Result<&str> {
        if let Some(hash) = self.adapted_hash.get() {
            return Ok(hash);
        }
        let hash = match &self.adapters[..] {
            [] => self.base_hash()?.to_owned(),
            adapters => {
                let mut hash = Sha256::new_with_prefix(self.base_hash()?);
                for adapter in adapters {
                    hash.update(adapter.hash());
                    hash.update(adapter.scale().to_le_bytes());
                }
                first_digits(hash)
            }
        };
        Ok(self.adapted_hash.get_or_init(|| hash))
    }

    /// The hash of the weights without adapters.
    ///
    /// # Errors
    /// Every [`WeightsError`] about files.
    pub fn base_hash(&self) -> Result<&str> {
        if let Some(hash) = self.hash.get() {
            return Ok(hash);
        }
        let hash = match &self.weights {
            Weights::File(path, _) if ShardIndex::is_named(path) => {
                file_hash(&self.open()?.files())?
            }
            Weights::File(path, _) => file_hash(std::slice::from_ref(path))?,
            Weights::Memory(bytes) => first_digits(Sha256::new_with_prefix(bytes)),
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
        load_adapted(&self.open()?, &self.adapters, &self.description.model, format, device)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::cascade::CascadeConfig;
    use crate::weights::{
        DESCRIPTION_FILE, DType, EMA_FILE, WEIGHTS_FILE, checkpoint_name, for_each_parameter,
        save_model,
    };
    use crate::{PixelFlowConfig, Preset};

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

    fn found(path: &Path, set: WeightSet) -> PathBuf {
        let files = ModelFiles::find_set(path, set).unwrap();
        files.load::<Flex>(NumberFormat::F32, &FlexDevice).unwrap();
        files.path().unwrap().to_owned()
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
    fn a_model_in_memory_is_the_model_on_disk() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let on_disk = ModelFiles::find(model.path()).unwrap();
        let config = fs::read_to_string(model.path().join(DESCRIPTION_FILE)).unwrap();
        let bytes = fs::read(model.path().join(WEIGHTS_FILE)).unwrap();
        let in_memory = ModelFiles::from_bytes(&config, bytes).unwrap();
        assert_eq!(in_memory.hash().unwrap(), on_disk.hash().unwrap());
        assert_eq!(in_memory.description(), on_disk.description());
        let [first, second] = [&in_memory, &on_disk].map(|files| {
            let model = files.load::<Flex>(NumberFormat::F32, &FlexDevice).unwrap();
            let mut all = Vec::new();
            for_each_parameter(&model, |_, _, values| all.extend(values));
            all
        });
        assert_eq!(first, second);
        assert!(ModelFiles::from_bytes("{}", vec![]).is_err());
        let damaged = ModelFiles::from_bytes(&config, b"damaged".to_vec()).unwrap();
        assert!(damaged.load::<Flex>(NumberFormat::F32, &FlexDevice).is_err());
    }

    #[test]
    fn the_hash_is_that_of_the_file() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let files = ModelFiles::find(model.path()).unwrap();
        // `printf abc | sha256sum` (FIPS 180-2, appendix B.1)
        fs::write(files.path().unwrap(), "abc").unwrap();
        assert_eq!(files.hash().unwrap(), "ba7816bf8f01cfea");
    }

    #[test]
    fn classes_without_names_are_called_by_their_numbers() {
        let model = tempfile::tempdir().unwrap();
        folder(model.path(), &[(WEIGHTS_FILE, 1)]);
        let mut description = ModelFiles::find(model.path()).unwrap().description().clone();
        assert_eq!(description.class_name(2), "2");
        description.class_names = Some(["ant", "cat", "dog"].map(str::to_owned).to_vec());
        assert_eq!(description.class_name(2), "dog");
    }
}

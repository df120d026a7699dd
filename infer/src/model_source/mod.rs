//! The user's name of a model, and the files behind it.

mod repository;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use pixelflow::excerpt::excerpt;
use pixelflow::pipeline::ModelFiles;
use pixelflow::sampler::SamplerConfig;
use pixelflow::weights::{Adapter, ModelDescription, WeightSet};
use pixelflow_host::output::note;

use self::repository::Repository;
pub use self::repository::fetched_weights;
use crate::arguments::LoraArgument;
use crate::hub::{Fetching, HubName};
use crate::recipe::{DEMO, TEXT_DEMO};
use crate::{Result, assets};

/// A model on disk, or in a repository.
#[derive(Clone, Debug)]
pub struct ModelSource {
    place: Place,
    /// Which of its weights, in a PyTorch training checkpoint.
    pub set: WeightSet,
    /// Everything but the weights.
    pub description: ModelDescription,
    /// What changes it as it is read.
    adapters: Vec<Adapter>,
    /// Set when it was said which of them are another model's.
    bases_noted: Arc<OnceLock<()>>,
}

/// Where the weights are.
#[derive(Clone, Debug)]
enum Place {
    /// In these files.
    Files(Box<ModelFiles>),
    /// In a repository; they are fetched when they are needed.
    Repository(Repository),
}

impl ModelSource {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// [`crate::Error::MissingAsset`] where it can neither be found nor unpacked.
    pub fn demo() -> Result<Self> {
        let files = ModelFiles::find(&assets::locate("demo/model")?)?;
        Ok(Self::of(files.with_name(DEMO)))
    }

    /// The text model that comes with the program.
    ///
    /// # Errors
    /// [`crate::Error::MissingAsset`] where it can neither be found nor unpacked.
    pub fn text_demo() -> Result<Self> {
        let files = ModelFiles::find(&assets::locate("demo-text/model")?)?;
        Ok(Self::of(files.with_name(TEXT_DEMO)))
    }

    fn at(place: Place, set: WeightSet, description: ModelDescription) -> Self {
        Self { place, set, description, adapters: vec![], bases_noted: Arc::default() }
    }

    fn of(files: ModelFiles) -> Self {
        let (set, description) = (files.set(), files.description().clone());
        Self::at(Place::Files(Box::new(files)), set, description)
    }

    /// The model at `path`, as [`ModelFiles::find`] takes it; or the model of a repository,
    /// `hf:owner/name`, whose description is fetched now and whose weights are when they are needed.
    ///
    /// # Errors
    /// [`pixelflow::weights::WeightsError::NotAModel`] for anything else, those of
    /// `hub::fetch`.
    pub fn find(path: &Path, set: WeightSet) -> Result<Self> {
        if HubName::is_meant(path) {
            return Self::of_repository(path, set, Fetching::Allowed);
        }
        Ok(Self::of(ModelFiles::find_set(path, set)?))
    }

    /// The model of a repository as far as it was fetched before; asks no network, ever.
    ///
    /// # Errors
    /// As [`find`](Self::find); [`crate::Error::NotFetched`] if it was not.
    pub fn find_fetched(path: &Path, set: WeightSet) -> Result<Self> {
        let source = Self::of_repository(path, set, Fetching::Never)?;
        source.files()?;
        Ok(source)
    }

    fn of_repository(path: &Path, set: WeightSet, fetching: Fetching) -> Result<Self> {
        let (repository, description) = Repository::describe(path, fetching)?;
        Ok(Self::at(Place::Repository(repository), set, description))
    }

    /// The same model with adapters, which change it as it is read.
    ///
    /// # Errors
    /// [`pixelflow::weights::WeightsError::Adapter`] for what is none, or does not fit.
    pub fn with_adapters(mut self, named: &[LoraArgument]) -> Result<Self> {
        for LoraArgument { path, scale } in named {
            let adapter = Adapter::open(path)?.with_scale(*scale);
            self.description = adapter.describe(self.description)?;
            self.adapters.push(adapter);
        }
        // What does not fit is said now, unless the model has to be fetched first.
        if self.is_here() {
            self.files()?;
        }
        Ok(self)
    }

    /// Says on the terminal which adapters were trained on another model than this: once, however often it is asked, and
    /// not before the model is here.
    ///
    /// # Errors
    /// What reading says.
    pub fn note_other_bases(&self) -> Result<()> {
        if self.adapters.is_empty() || !self.is_here() || self.bases_noted.set(()).is_err() {
            return Ok(());
        }
        let files = self.files()?;
        for (adapter, base) in files.on_another_base()? {
            note(format_args!(
                "note: the adapter {} was trained on {} (sha256 {}), and is used on {} (sha256 {}): what it has learned may \
                 not show, or as something else",
                excerpt(&adapter.name()),
                excerpt(&base.name),
                excerpt(&base.hash),
                excerpt(files.name()),
                files.base_hash()?,
            ));
        }
        Ok(())
    }

    /// What changes the model as it is read.
    pub fn adapters(&self) -> &[Adapter] {
        &self.adapters
    }

    /// The model's files; those of a repository are fetched, and a `.pt` of one is converted, the first
    /// time that anything asks for them.
    ///
    /// # Errors
    /// Those of `hub::fetch`, and what converting says.
    pub fn files(&self) -> Result<ModelFiles> {
        let files = match &self.place {
            Place::Files(files) => ModelFiles::clone(files),
            Place::Repository(repository) => {
                let weights = repository.weights(self.set)?.to_owned();
                let files = ModelFiles::described(weights, self.set, self.description.clone());
                files.with_name(repository.name().to_string())
            }
        };
        if self.adapters.is_empty() {
            return Ok(files);
        }
        Ok(files.with_adapters(self.adapters.clone())?)
    }

    /// Whether nothing has to be fetched or converted before the weights can be read.
    pub fn is_here(&self) -> bool {
        match &self.place {
            Place::Files(_) => true,
            Place::Repository(repository) => repository.is_here(),
        }
    }

    /// Whether it is the model of a repository.
    pub fn is_of_hub(&self) -> bool {
        matches!(self.place, Place::Repository(_))
    }

    /// The name that messages have for it: of its repository, or the file of its weights.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Files(files) => {
                files.path().map_or_else(|| files.name().to_owned(), |p| p.display().to_string())
            }
            Place::Repository(repository) => repository.name().to_string(),
        }
    }

    /// The name that a picture has for it, which does not tell where it lies.
    pub fn short_name(&self) -> String {
        match &self.place {
            Place::Files(files) => files.name().to_owned(),
            Place::Repository(repository) => repository.name().to_string(),
        }
    }

    /// A folder that lies beside the weights, with these files in it; those of a repository are fetched.
    ///
    /// # Errors
    /// Those of `hub::fetch`.
    pub fn folder_beside(&self, folder: &str, files: &[&str]) -> Result<PathBuf> {
        match &self.place {
            Place::Files(files) => {
                let weights = files.path().unwrap_or(Path::new("."));
                Ok(weights.with_file_name(folder))
            }
            Place::Repository(repository) => repository.folder(folder, files),
        }
    }

    /// The model's own sampler.
    pub fn sampler(&self) -> SamplerConfig {
        self.description.sampler.clone().unwrap_or_default()
    }
}

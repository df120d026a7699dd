//! Models of repositories on the Hugging Face Hub.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pixelflow::weights::{
    DESCRIPTION_FILE, INDEX_FILE, ModelDescription, REFERENCE_DESCRIPTION_FILE, WEIGHTS_FILE,
    WeightSet, WeightsError, description_beside,
};

use crate::hub::{self, Fetching, Hub, HubName, HubSettings};
use crate::{Error, Result};

/// The weights of the reference's repositories.
const TORCH_FILE: &str = "model.pt";
/// The weights of a repository: ours, or the reference's.
const HUB_WEIGHTS: &[&str] = &[WEIGHTS_FILE, INDEX_FILE, TORCH_FILE];
/// What describes them.
const HUB_DESCRIPTIONS: &[&str] = &[REFERENCE_DESCRIPTION_FILE, DESCRIPTION_FILE];

/// A model's repository.
#[derive(Clone, Debug)]
pub(super) struct Repository {
    name: HubName,
    fetching: Fetching,
    /// The file of the weights, once it was asked for.
    weights: OnceLock<PathBuf>,
}

impl Repository {
    /// The repository of this name, and what its model is.
    pub fn describe(path: &Path, fetching: Fetching) -> Result<(Self, ModelDescription)> {
        let name = hub_name(path, "--model")?;
        let folder = hub()?.get(&name, &[HUB_DESCRIPTIONS], fetching)?;
        let description = description_beside(&folder.join(TORCH_FILE))?;
        let repository = Self { name, fetching, weights: OnceLock::new() };
        Ok((repository, description))
    }

    pub fn name(&self) -> &HubName {
        &self.name
    }

    /// Whether nothing has to be fetched or converted before the weights can be read.
    pub fn is_here(&self) -> bool {
        let safetensors: &[&str] = &[WEIGHTS_FILE, INDEX_FILE];
        self.weights.get().is_some()
            || hub().is_ok_and(|hub| hub.cached(&self.name, &[safetensors]).is_some())
    }

    /// The file of the weights; a `.pt` is converted once.
    pub fn weights(&self, set: WeightSet) -> Result<&Path> {
        if let Some(weights) = self.weights.get() {
            return Ok(weights);
        }
        let hub = hub()?;
        let wanted = &[HUB_DESCRIPTIONS, HUB_WEIGHTS];
        let weights = hub_weights(&hub.get(&self.name, wanted, self.fetching)?)?;
        let weights = if weights.extension().is_some_and(|ending| ending == "pt") {
            hub::converted(&hub, &self.name, &weights, set)?
        } else {
            weights
        };
        Ok(self.weights.get_or_init(|| weights))
    }

    /// A folder of the repository, with these files in it.
    pub fn folder(&self, folder: &str, files: &[&str]) -> Result<PathBuf> {
        let paths: Vec<String> = files.iter().map(|file| format!("{folder}/{file}")).collect();
        let paths: Vec<[&str; 1]> = paths.iter().map(|path| [path.as_str()]).collect();
        let wanted: Vec<&[&str]> = paths.iter().map(<[&str; 1]>::as_slice).collect();
        Ok(hub()?.get(&self.name, &wanted, self.fetching)?.join(folder))
    }
}

/// The weights of a repository as they are there, fetched with their description.
///
/// # Errors
/// [`Error::Argument`] for a name that cannot be, and those of [`hub::fetch`].
pub fn fetched_weights(path: &Path) -> Result<PathBuf> {
    hub_weights(&hub::fetch(&hub_name(path, "INPUT")?, &[HUB_DESCRIPTIONS, HUB_WEIGHTS])?)
}

/// The weights in the folder of a repository.
fn hub_weights(folder: &Path) -> Result<PathBuf> {
    let files = HUB_WEIGHTS.iter().map(|name| folder.join(name));
    let none = || WeightsError::NotAModel {
        path: folder.to_owned(),
        reason: format!("it has no {}", HUB_WEIGHTS.join(" or ")),
    };
    Ok(files.into_iter().find(|file| file.is_file()).ok_or_else(none)?)
}

fn hub() -> Result<Hub> {
    Ok(Hub::new(HubSettings::from_environment()?))
}

fn hub_name(path: &Path, argument: &'static str) -> Result<HubName> {
    let text = path.display().to_string();
    text.parse().map_err(|reason| Error::Argument { argument, value: text, reason })
}

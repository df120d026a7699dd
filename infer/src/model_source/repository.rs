//! Models of repositories on the Hugging Face Hub.

use std::path::{Path, PathBuf};

use pixelflow::weights::{
    DESCRIPTION_FILE, INDEX_FILE, TOKENIZER_FILE, TextDescription, WEIGHTS_FILE, WeightSet,
};

use super::ModelSource;
use super::files::{REFERENCE_DESCRIPTION, description_beside};
use crate::hub::{self, Hub, HubName, HubSettings, Wanted};
use crate::{Error, Result};

/// The weights of the reference's repositories.
const TORCH_FILE: &str = "model.pt";
/// The weights of a repository: ours, or the reference's.
const HUB_WEIGHTS: &[&str] = &[WEIGHTS_FILE, INDEX_FILE, TORCH_FILE];
/// What describes them.
const HUB_DESCRIPTIONS: &[&str] = &[REFERENCE_DESCRIPTION, DESCRIPTION_FILE];
impl ModelSource {
    /// The model of a repository as far as it was fetched before; asks no network.
    ///
    /// # Errors
    /// As [`find`](Self::find); [`Error::NotAModel`] if it was not.
    pub fn find_fetched(path: &Path, set: WeightSet) -> Result<Self> {
        let hub = Hub::new(HubSettings::from_environment()?);
        Self::of_hub(
            &hub,
            &hub_name(path, "--model")?,
            set,
            |hub, name, wanted| {
                hub.cached(name, wanted).ok_or_else(|| Error::NotAModel {
                    path: path.to_owned(),
                    reason: "it was not fetched before".to_owned(),
                })
            },
        )
    }

    /// The model of a repository. Its description comes first, which may be of no use; a `.pt` is
    /// converted once.
    pub(super) fn of_hub<E>(
        hub: &Hub,
        name: &HubName,
        set: WeightSet,
        fetch: impl Fn(&Hub, &HubName, Wanted<'_>) -> Result<PathBuf, E>,
    ) -> Result<Self>
    where
        Error: From<E>,
    {
        let folder = fetch(hub, name, &[HUB_DESCRIPTIONS])?;
        let description = description_beside(&folder.join(TORCH_FILE))?;
        if let Some(TextDescription { encoder, .. }) = &description.text
            && !HubName::is_meant(Path::new(encoder))
        {
            // A text encoder of its own, in a folder of the same repository.
            let file = |name: &str| format!("{encoder}/{name}");
            let [config, tokenizer, weights] =
                [DESCRIPTION_FILE, TOKENIZER_FILE, WEIGHTS_FILE].map(file);
            fetch(hub, name, &[&[&config], &[&tokenizer], &[&weights]])?;
        }
        let folder = fetch(hub, name, &[HUB_DESCRIPTIONS, HUB_WEIGHTS])?;
        let weights = hub_weights(&folder)?;
        let weights = if weights.extension().is_some_and(|ending| ending == "pt") {
            hub::converted(hub, name, &weights, set)?
        } else {
            weights
        };
        Ok(Self {
            weights,
            set,
            name: Some(name.clone()),
            description,
        })
    }
}

/// The weights of a repository as they are there, fetched with their description.
///
/// # Errors
/// [`Error::Hub`].
pub fn fetched_weights(path: &Path) -> Result<PathBuf> {
    hub_weights(&hub::fetch(
        &hub_name(path, "INPUT")?,
        &[HUB_DESCRIPTIONS, HUB_WEIGHTS],
    )?)
}

/// The weights in the folder of a repository.
fn hub_weights(folder: &Path) -> Result<PathBuf> {
    let files = HUB_WEIGHTS.iter().map(|name| folder.join(name));
    files
        .into_iter()
        .find(|file| file.is_file())
        .ok_or_else(|| Error::NotAModel {
            path: folder.to_owned(),
            reason: format!("it has no {}", HUB_WEIGHTS.join(" or ")),
        })
}

pub(super) fn hub_name(path: &Path, argument: &'static str) -> Result<HubName> {
    let text = path.display().to_string();
    text.parse().map_err(|reason| Error::Argument {
        argument,
        value: text,
        reason,
    })
}

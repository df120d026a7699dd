//! Which text encoder a model's prompts are read with.

use std::path::{Path, PathBuf};

use pixelflow::weights::{
    DESCRIPTION_FILE, INDEX_FILE, TOKENIZER_FILE, TextDescription, TextEncoderFiles, WEIGHTS_FILE,
    WeightSet,
};

use crate::hub::{self, Hub, HubName, HubSettings, Wanted};
use crate::model_source::ModelSource;
use crate::{Error, Result};

/// The files of a text encoder's repository.
const WANTED: Wanted<'static> = &[
    &[DESCRIPTION_FILE],
    &[TOKENIZER_FILE],
    &[WEIGHTS_FILE, INDEX_FILE],
];

/// Whether a repository may be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetching {
    /// One that the user has named.
    Named,
    /// None: what asks for it is a picture that somebody may have sent.
    Never,
}

/// The text encoder that the user names, else the model's own.
///
/// Only a repository that the user names, by itself or by the model's, is fetched.
///
/// # Errors
/// [`Error::NoTextEncoder`] if there is none, [`Error::Hub`], and what opening it says.
pub fn text_encoder_files(
    model: &ModelSource,
    named: Option<&str>,
    fetching: Fetching,
) -> Result<TextEncoderFiles> {
    let missing = |reason: String| Error::NoTextEncoder {
        model: model.weights.clone(),
        reason,
    };
    let described = model.description.text.as_ref();
    let name = match (named, described) {
        (Some(name), _) => name,
        (None, Some(TextDescription { encoder, .. })) => encoder,
        (None, None) => return Err(missing("its config.json names none".to_owned())),
    };
    let is_named = named.is_some() || model.is_fetched();
    let (folder, set) = if !HubName::is_meant(Path::new(name)) {
        let beside = match named {
            Some(_) => Path::new(""),
            None => model.weights.parent().unwrap_or(Path::new("")),
        };
        (beside.join(name), model.set)
    } else if is_named && fetching == Fetching::Named {
        (folder_of(name)?, WeightSet::Ema)
    } else {
        let folder = fetched(name)?.ok_or_else(|| {
            missing(format!(
                "it is {name}, which is not on this machine; `infer sample --text-encoder {name}` \
                 fetches it"
            ))
        })?;
        (folder, WeightSet::Ema)
    };
    if !folder.is_dir() {
        return Err(missing(format!("there is no folder {}", folder.display())));
    }
    let mut files = TextEncoderFiles::open(&folder, set)?;
    let wanted = model.description.model.cross_attention_dim;
    if wanted != Some(files.config.d_model) {
        return Err(missing(format!(
            "{} makes states of {} features, the model reads {}",
            folder.display(),
            files.config.d_model,
            wanted.unwrap_or(0)
        )));
    }
    if let Some(TextDescription { max_tokens, .. }) = described {
        files.tokenizer = files.tokenizer.with_max_tokens(*max_tokens);
    }
    Ok(files)
}

/// The folder of a text encoder that the user names: a path, or a repository, which is fetched.
///
/// # Errors
/// [`Error::Argument`] for a name that cannot be, [`Error::Hub`].
pub fn folder_of(name: &str) -> Result<PathBuf> {
    if HubName::is_meant(Path::new(name)) {
        Ok(hub::fetch(&hub_name(name)?, WANTED)?)
    } else {
        Ok(PathBuf::from(name))
    }
}

/// The folder of a repository if it was fetched before; asks no network.
fn fetched(name: &str) -> Result<Option<PathBuf>> {
    let hub = Hub::new(HubSettings::from_environment()?);
    Ok(hub.cached(&hub_name(name)?, WANTED))
}

fn hub_name(name: &str) -> Result<HubName> {
    name.parse().map_err(|reason| Error::Argument {
        argument: "--text-encoder",
        value: name.to_owned(),
        reason,
    })
}

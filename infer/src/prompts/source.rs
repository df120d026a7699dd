//! Which text encoder a model's prompts are read with.

use std::path::{Path, PathBuf};

use pixelflow::text::T5Config;
use pixelflow::weights::{
    DESCRIPTION_FILE, INDEX_FILE, TOKENIZER_FILE, TextDescription, TextEncoderFiles, WEIGHTS_FILE,
    WeightSet, read_text_encoder_config,
};

use crate::hub::{self, Fetching, Hub, HubName, HubSettings, Wanted};
use crate::model_source::ModelSource;
use crate::{Error, Result};

/// The files of a text encoder's repository.
const FILES: Wanted<'static> =
    &[&[DESCRIPTION_FILE], &[TOKENIZER_FILE], &[WEIGHTS_FILE, INDEX_FILE]];

/// The text encoder that the user names, else the model's own.
///
/// Only a repository that the user names, by itself or by the model's, is fetched.
///
/// # Errors
/// [`Error::NoTextEncoder`] if there is none, those of [`Hub::get`], and what opening it says.
pub fn text_encoder_files(
    model: &ModelSource,
    named: Option<&str>,
    fetching: Fetching,
) -> Result<TextEncoderFiles> {
    let (folder, set) = text_encoder_folder(model, named, fetching, FILES)?;
    let mut files = TextEncoderFiles::open(&folder, set)?;
    check_width(model, &folder, &files.config)?;
    if let Some(TextDescription { max_tokens, .. }) = model.description.text {
        files.tokenizer = files.tokenizer.with_max_tokens(max_tokens);
    }
    Ok(files)
}

/// The shape of that text encoder; of a repository nothing else is fetched.
///
/// # Errors
/// As [`text_encoder_files`].
pub fn text_encoder_config(model: &ModelSource, named: Option<&str>) -> Result<T5Config> {
    let wanted = &[&[DESCRIPTION_FILE] as &[&str]];
    let (folder, _) = text_encoder_folder(model, named, Fetching::Allowed, wanted)?;
    let config = read_text_encoder_config(&folder)?;
    check_width(model, &folder, &config)?;
    Ok(config)
}

/// The folder of that text encoder, and which of its weights are meant.
fn text_encoder_folder(
    model: &ModelSource,
    named: Option<&str>,
    fetching: Fetching,
    wanted: Wanted<'_>,
) -> Result<(PathBuf, WeightSet)> {
    let name = match (named, &model.description.text) {
        (Some(name), _) => name,
        (None, Some(TextDescription { encoder, .. })) => encoder,
        (None, None) => return Err(missing(model, "its config.json names none".to_owned())),
    };
    let is_named = named.is_some() || model.is_of_hub();
    let (folder, set) = if HubName::is_meant(Path::new(name)) {
        let fetching = if is_named { fetching } else { Fetching::Never };
        let hub = Hub::new(HubSettings::from_environment()?);
        let folder = match hub.get(&hub_name(name)?, wanted, fetching) {
            Err(Error::NotFetched { .. }) => {
                return Err(missing(
                    model,
                    format!(
                        "it is {name}, which is not on this machine; `infer sample --text-encoder \
                         {}` fetches it",
                        shlex::try_quote(name).unwrap_or(name.into())
                    ),
                ));
            }
            found => found?,
        };
        (folder, WeightSet::Ema)
    } else if named.is_some() {
        (PathBuf::from(name), model.set)
    } else {
        // A model's own encoder is written by this program, in one file.
        let files = [DESCRIPTION_FILE, TOKENIZER_FILE, WEIGHTS_FILE];
        let files = &files[..wanted.len()];
        (model.folder_beside(name, files)?, model.set)
    };
    if !folder.is_dir() {
        return Err(missing(model, format!("there is no folder {}", folder.display())));
    }
    Ok((folder, set))
}

/// Refuses an encoder whose states the model does not read.
fn check_width(model: &ModelSource, folder: &Path, config: &T5Config) -> Result<()> {
    let wanted = model.description.model.cross_attention_dim;
    if wanted == Some(config.d_model) {
        return Ok(());
    }
    let reason = format!(
        "{} makes states of {} features, the model reads {}",
        folder.display(),
        config.d_model,
        wanted.unwrap_or(0)
    );
    Err(missing(model, reason))
}

fn missing(model: &ModelSource, reason: String) -> Error {
    Error::NoTextEncoder { model: model.name(), reason }
}

/// The folder of a text encoder that the user names: a path, or a repository, which is fetched.
///
/// # Errors
/// [`Error::Argument`] for a name that cannot be, and those of `hub::fetch`.
pub fn folder_of(name: &str) -> Result<PathBuf> {
    if HubName::is_meant(Path::new(name)) {
        hub::fetch(&hub_name(name)?, FILES)
    } else {
        Ok(PathBuf::from(name))
    }
}

fn hub_name(name: &str) -> Result<HubName> {
    name.parse().map_err(|reason| Error::Argument {
        argument: "--text-encoder",
        value: name.to_owned(),
        reason,
    })
}

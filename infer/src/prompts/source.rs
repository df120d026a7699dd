//! Which text encoder a model's prompts are read with.

use std::path::{Path, PathBuf};

use pixelflow::weights::{TextDescription, TextEncoderFiles};

use crate::model_source::ModelSource;
use crate::{Error, Result};

/// How a name begins that is not a path but a repository.
const HUB: &str = "hf:";

/// The text encoder that the user names, else the model's own.
///
/// # Errors
/// [`Error::NoTextEncoder`] if there is none, and what opening it says.
pub fn text_encoder_files(model: &ModelSource, named: Option<&str>) -> Result<TextEncoderFiles> {
    let missing = |reason: String| Error::NoTextEncoder {
        model: model.weights.clone(),
        reason,
    };
    let described = model.description.text.as_ref();
    let folder = match (named, described) {
        (Some(name), _) => resolve(name, Path::new("."), &missing)?,
        (None, Some(TextDescription { encoder, .. })) => {
            let beside = model.weights.parent().unwrap_or(Path::new("."));
            resolve(encoder, beside, &missing)?
        }
        (None, None) => return Err(missing("its config.json names none".to_owned())),
    };
    let mut files = TextEncoderFiles::open(&folder, model.set)?;
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

/// The folder that a path, seen from `beside`, or the name of a repository means.
fn resolve(name: &str, beside: &Path, missing: &dyn Fn(String) -> Error) -> Result<PathBuf> {
    if name.starts_with(HUB) {
        return Err(missing(format!("{name} is not on this machine")));
    }
    let folder = beside.join(name);
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(missing(format!("there is no folder {}", folder.display())))
    }
}

//! The folders of models, checkpoints and runs: which file is what.
//!
//! A model's folder has its weights, in one file or several with an index, the description beside them,
//! and perhaps a text encoder. A checkpoint's folder is one with two sets of weights; a run's folder has
//! checkpoints.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{ModelDescription, WeightSet, WeightsError};

/// The weights in a model's folder.
pub const WEIGHTS_FILE: &str = "model.safetensors";
/// Their moving average in the folder of a model that is being trained.
pub const EMA_FILE: &str = "ema.safetensors";
/// The list of the files that the weights of a large model are cut into.
pub const INDEX_FILE: &str = "model.safetensors.index.json";
/// The description of a model or text encoder in its folder.
pub const DESCRIPTION_FILE: &str = "config.json";
/// The description of a model of the reference.
pub const REFERENCE_DESCRIPTION_FILE: &str = "config.yaml";
/// The folder of a model's own text encoder, in the model's.
pub const TEXT_ENCODER_FOLDER: &str = "text_encoder";
/// The tokenizer in a text encoder's folder.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// The folder of the checkpoints in a run's.
pub const CHECKPOINTS_FOLDER: &str = "checkpoints";

/// The name of a checkpoint's folder, before its step.
const CHECKPOINT_PREFIX: &str = "step-";

impl WeightSet {
    /// The file that a checkpoint keeps this set in.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Model => WEIGHTS_FILE,
            Self::Ema => EMA_FILE,
        }
    }

    /// The file of this set in a folder; a model that is not being trained has one set.
    pub fn file_in(self, folder: &Path) -> Option<PathBuf> {
        let names = [self.file_name(), WEIGHTS_FILE, INDEX_FILE];
        names.map(|name| folder.join(name)).into_iter().find(|path| path.is_file())
    }
}

/// The name of the folder of the checkpoint of `step`.
pub fn checkpoint_name(step: u64) -> String {
    format!("{CHECKPOINT_PREFIX}{step:08}")
}

/// Steps of the checkpoints in a folder, ascending.
///
/// # Errors
/// What the operating system says.
pub fn checkpoint_steps(folder: &Path) -> io::Result<Vec<u64>> {
    let mut steps = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(CHECKPOINT_PREFIX));
        let step = digits.and_then(|digits| digits.parse::<u64>().ok());
        // `step-7` is somebody else's.
        steps.extend(step.filter(|step| *name == *checkpoint_name(*step)));
    }
    steps.sort_unstable();
    Ok(steps)
}

/// The file of weights at a path: itself, or that of a model's or checkpoint's folder, or of the newest
/// checkpoint of a run's.
///
/// # Errors
/// [`WeightsError::NotAModel`], [`WeightsError::Open`].
pub fn weights_at(path: &Path, set: WeightSet) -> Result<PathBuf, WeightsError> {
    let open = |path: &Path| {
        let path = path.to_owned();
        move |source| WeightsError::Open { path, source }
    };
    let none = |reason| WeightsError::NotAModel { path: path.to_owned(), reason };
    if !fs::metadata(path).map_err(open(path))?.is_dir() {
        return Ok(path.to_owned());
    }
    let checkpoints = path.join(CHECKPOINTS_FOLDER);
    let folder = if checkpoints.is_dir() {
        let steps = checkpoint_steps(&checkpoints).map_err(open(&checkpoints))?;
        let newest =
            steps.last().ok_or_else(|| none("the run has no checkpoint yet".to_owned()))?;
        checkpoints.join(checkpoint_name(*newest))
    } else {
        path.to_owned()
    };
    set.file_in(&folder).ok_or_else(|| none(what_instead(&folder)))
}

/// The file of weights in a folder: all in one, or the index of several.
pub(super) fn weights_in(folder: &Path) -> Result<PathBuf, WeightsError> {
    WeightSet::Model.file_in(folder).ok_or_else(|| WeightsError::NotWeights {
        path: folder.to_owned(),
        reason: what_instead(folder),
    })
}

/// What a folder without weights under their usual names has instead, and the way on.
fn what_instead(folder: &Path) -> String {
    let none = format!("the folder has no {WEIGHTS_FILE} and no {INDEX_FILE}");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    if names.iter().any(|name| name == "data.pkl") {
        return format!("{none}: it is an unpacked .pt; pack it again, `zip -0r model.pt FOLDER`");
    }
    if names.iter().any(|name| name.ends_with(".distcp")) {
        return format!(
            "{none}: it is a distributed checkpoint; make it one file, `python -m \
             torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt`"
        );
    }
    let is_weights = |name: &&String| {
        let ending = Path::new(name).extension().unwrap_or_default();
        ["safetensors", "pt", "pth", "ckpt", "bin"].iter().any(|known| ending == *known)
    };
    match names.iter().find(is_weights) {
        Some(name) => format!("{none}; give {} in it by its name", name.escape_debug()),
        None => none,
    }
}

/// The description beside a file of weights, be it this program's or the reference's.
///
/// # Errors
/// [`WeightsError::NotAModel`] if there is none, and what reading it says.
pub fn description_beside(weights: &Path) -> Result<ModelDescription, WeightsError> {
    let native = weights.with_file_name(DESCRIPTION_FILE);
    if native.is_file() {
        return ModelDescription::read(&native);
    }
    #[cfg(feature = "reference-config")]
    {
        let reference = weights.with_file_name(REFERENCE_DESCRIPTION_FILE);
        if reference.is_file() {
            return super::read_reference_config(&reference);
        }
    }
    Err(WeightsError::NotAModel {
        path: weights.to_owned(),
        reason: format!(
            "there is neither {DESCRIPTION_FILE} nor {REFERENCE_DESCRIPTION_FILE} beside it"
        ),
    })
}

/// The name by which a picture remembers weights: that of their folder, behind the run's for a
/// checkpoint; of a file with a name of its own, that.
pub fn name_of(weights: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let file = name(weights).unwrap_or_default();
    if ![EMA_FILE, WEIGHTS_FILE, INDEX_FILE].contains(&file.as_str()) {
        return file;
    }
    // `model.safetensors` in the current folder has no folder in its path.
    let absolute = std::path::absolute(weights).unwrap_or_else(|_| weights.to_owned());
    let mut folders = absolute.ancestors().skip(1).map(|folder| name(folder).unwrap_or_default());
    let folder = folders.next().unwrap_or_default();
    let (parent, run) = (folders.next().unwrap_or_default(), folders.next().unwrap_or_default());
    match folder.strip_prefix(CHECKPOINT_PREFIX) {
        Some(_) if parent == CHECKPOINTS_FOLDER => format!("{run}/{folder}"),
        _ => folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn a_model_has_one_set_in_one_file_or_an_index() {
        let model = tempfile::tempdir().unwrap();
        let message = weights_at(model.path(), WeightSet::Ema).unwrap_err().to_string();
        assert!(message.contains("the folder has no model.safetensors"), "{message}");
        for name in [INDEX_FILE, WEIGHTS_FILE] {
            let file = model.path().join(name);
            touch(&file);
            for set in [WeightSet::Ema, WeightSet::Model] {
                assert_eq!(weights_at(model.path(), set).unwrap(), file);
                assert_eq!(weights_at(&file, set).unwrap(), file);
            }
        }
    }

    #[test]
    fn a_name_tells_the_model_and_not_where_it_lies() {
        for (path, name) in [
            ("/home/me/xl/model.safetensors", "xl"),
            ("/home/me/xl/model.safetensors.index.json", "xl"),
            ("/home/me/weights.pt", "weights.pt"),
            (
                "/home/me/runs/demo-1/checkpoints/step-00000200/ema.safetensors",
                "demo-1/step-00000200",
            ),
        ] {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}

//! What can go wrong around training, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use pixelflow_host::explain;

use crate::config::{Changes, Problems};

/// Result of this crate's host side.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// A file or folder could not be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said, and what helps.
        reason: String,
    },

    /// No recipe has the name that was asked for.
    #[error("there is no recipe `{name}`{suggestion}; shipped recipes are {known}")]
    UnknownRecipe {
        /// The name.
        name: String,
        /// The nearest name there is.
        suggestion: String,
        /// All names.
        known: String,
    },

    /// A shipped file is not where the program looks.
    #[error(transparent)]
    MissingAsset(#[from] infer::assets::MissingAsset),

    /// Recipes extend one another in a circle, or too many levels deep.
    #[error("{}: recipes extend one another more than {limit} levels deep; is there a circle?", path.display())]
    RecipeTooDeep {
        /// The recipe at which it was given up.
        path: PathBuf,
        /// Most levels.
        limit: usize,
    },

    /// A recipe or `--set` is not TOML.
    #[error("{place} is not valid TOML: {reason}")]
    Syntax {
        /// The file or argument.
        place: String,
        /// What the parser said.
        reason: String,
    },

    /// A `--set` argument has no `=`.
    #[error("--set {argument}: write KEY=VALUE, such as --set train.lr=2e-4")]
    NotAnAssignment {
        /// The argument.
        argument: String,
    },

    /// A key that no configuration has.
    #[error("{place}: there is no key `{key}`{suggestion}")]
    UnknownKey {
        /// The file or argument.
        place: String,
        /// The key with its section.
        key: String,
        /// The nearest key there is.
        suggestion: String,
    },

    /// A value of the wrong type.
    #[error("{place}: {key} is {value}, it must be {expected}")]
    WrongType {
        /// The file or argument.
        place: String,
        /// The key with its section.
        key: String,
        /// Its value.
        value: String,
        /// What it may be.
        expected: String,
    },

    /// The layers together do not make a configuration.
    #[error("the configuration cannot be read: {reason}")]
    Unreadable {
        /// What does not fit, with its key.
        reason: String,
    },

    /// Values that make no sense, all of them.
    #[error("the configuration is invalid:{0}")]
    Invalid(Problems),

    /// A model or cascade that cannot be.
    #[error(transparent)]
    Model(#[from] pixelflow::Error),

    /// A file of weights cannot be read or written.
    #[error(transparent)]
    Weights(#[from] pixelflow::weights::WeightsError),

    /// What is to be written exists already.
    #[error("{} exists already; remove it or choose another name", path.display())]
    OutExists {
        /// The path.
        path: PathBuf,
    },

    /// The data set cannot be used.
    #[error(transparent)]
    Data(#[from] pixelflow_dataset::Error),

    /// The data set and the model do not fit together.
    #[error("the data has {data} but {key} is {model}; use --set {key}={data_value}")]
    DataMismatch {
        /// What the data has, in words.
        data: String,
        /// The key of the model.
        key: &'static str,
        /// Its value.
        model: usize,
        /// The value that fits.
        data_value: usize,
    },

    /// A text model has nothing to learn from.
    #[error(
        "none of the {records} images has a caption: a text model needs a .txt beside each, or a \
         field of its .json (data.source.caption_field)"
    )]
    NoCaptions {
        /// Images of the data set.
        records: usize,
    },

    /// A run cannot go on because its captions are no longer the same.
    #[error(
        "cannot go on from {}: the captions have other words than those the run has learned",
        path.display()
    )]
    CaptionsChanged {
        /// The checkpoint.
        path: PathBuf,
    },

    /// A folder of states cannot be used.
    #[error("cannot use the states in {}: {reason}", path.display())]
    States {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },

    /// Encoding or drawing failed.
    #[error(transparent)]
    Infer(#[from] infer::Error),

    /// The machine lacks something: a device, room for output.
    #[error(transparent)]
    Host(#[from] pixelflow_host::Error),

    /// Weights to begin with do not fit the model.
    #[error("train.initial_weights: {} does not fit: {reason}", path.display())]
    InitialWeights {
        /// The weights.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },

    /// `--data` names something that is no data set.
    #[error(
        "--data {}: {reason}; give a .tar file or a folder of them (WebDataset), a folder with one \
         folder a class, or a folder with train-images-idx3-ubyte.gz and its labels (IDX)",
        path.display()
    )]
    NotADataSet {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        reason: String,
    },

    /// A run exists already where a new one shall begin.
    #[error("{0} already holds a run; continue it with --resume {0}, or choose another --out", path.display())]
    RunExists {
        /// The run's folder.
        path: PathBuf,
    },

    /// Another trainer works on the run.
    #[error(
        "{} is being trained by another program (process {process}); \
         stop it first, or choose another --out",
        path.display()
    )]
    RunInUse {
        /// The run's folder.
        path: PathBuf,
        /// Its process number, as it wrote it.
        process: String,
    },

    /// A folder that is no run shall be resumed.
    #[error("{} is not a run: {reason}", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing, and what to do.
        reason: String,
    },

    /// There is nothing to resume.
    #[error("no run with a checkpoint in {}; start one without --resume", path.display())]
    NothingToResume {
        /// The folder of the runs.
        path: PathBuf,
    },

    /// A run shall continue with settings that would make it another run.
    #[error(
        "{} cannot be resumed with other settings:{changes}\n\
         start a new run for them, or resume without changing them",
        path.display()
    )]
    ConfigChanged {
        /// The run's folder.
        path: PathBuf,
        /// What differs.
        changes: Changes,
    },

    /// A checkpoint's state does not belong to the run or cannot be read.
    #[error("{} is damaged: {reason}; remove it to resume from the checkpoint before it", path.display())]
    DamagedCheckpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// A file of metrics has lines that are no metrics.
    #[error("{}, line {line}: {reason}; remove the line or the file", path.display())]
    DamagedMetrics {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        reason: String,
    },

    /// A checkpoint could not be written; earlier ones are as they were.
    #[error("cannot save checkpoint {}: {reason}; earlier checkpoints are intact", path.display())]
    SaveCheckpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What failed, and what helps.
        reason: String,
    },

    /// The loss or the gradient is not finite any more.
    #[error(
        "the training diverged at step {step} (loss {loss}, gradient norm {gradient_norm}); \
         resume from an earlier checkpoint with a lower train.lr, a longer train.warmup_steps or a \
         smaller train.clip_norm"
    )]
    Diverged {
        /// The step.
        step: u64,
        /// Its loss.
        loss: f64,
        /// Norm of its gradient.
        gradient_norm: f64,
    },

    /// The data set has changed under a run.
    #[error(
        "{} was trained on {before} images, the data set now has {after}; \
         resume with the data it was trained on",
        path.display()
    )]
    DataChanged {
        /// The run's folder.
        path: PathBuf,
        /// Images when the run was saved.
        before: usize,
        /// Images now.
        after: usize,
    },

    /// A picture of the metrics could not be drawn.
    #[error("cannot draw {}: {reason}", path.display())]
    Plot {
        /// The picture.
        path: PathBuf,
        /// What failed.
        reason: String,
    },
}

/// Wraps an operating system's error on reading.
pub(crate) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read { path, source }
}

/// Wraps an operating system's error on writing.
pub(crate) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Write { path, reason: explain(&error) }
}

/// `; did you mean `NAME`?` for the candidate nearest to `name`, nothing if none is near.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let distance = |candidate: &'a str| {
        let whole = strsim::damerau_levenshtein(name, candidate);
        // `lr` is near to `train.lr`, `optim.lr` too.
        let end =
            strsim::damerau_levenshtein(name.rsplit('.').next().unwrap_or(name), last(candidate));
        whole.min(end)
    };
    let nearest = candidates.into_iter().min_by_key(|candidate| {
        (distance(candidate), strsim::damerau_levenshtein(name, candidate))
    });
    match nearest {
        Some(candidate) if distance(candidate) <= 1.max(last(candidate).len() / 3) => {
            format!("; did you mean `{candidate}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let keys = ["train.lr", "train.min_lr", "checkpoint.every", "model.depth"];
        for (typo, expected) in [
            ("train.ls", "train.lr"),
            ("lr", "train.lr"),
            ("optimiser.min_lr", "train.min_lr"),
            ("checkpoint.evry", "checkpoint.every"),
            ("mdoel.depth", "model.depth"),
        ] {
            assert_eq!(did_you_mean(typo, keys), format!("; did you mean `{expected}`?"), "{typo}");
        }
        assert_eq!(did_you_mean("something.else.entirely", keys), "");
    }
}

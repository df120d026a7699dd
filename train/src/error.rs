//! What can go wrong around training, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use pixelflow::excerpt::reason_excerpt;
use pixelflow_dataset::source::LeftOut;
use pixelflow_host::explain;

use crate::config::{Changes, Problems};

/// Result of everything around the computation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it: the messages are all that users see.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {reason}", path.display())]
    Write { path: PathBuf, reason: String },
    #[error("{} exists already; remove it or choose another name", path.display())]
    OutExists { path: PathBuf },

    // The settings.
    #[error("there is no recipe `{name}`{suggestion}; shipped recipes are {known}")]
    UnknownRecipe { name: String, suggestion: String, known: String },
    /// A setting that cannot be read; the place is a file with a line, or an argument.
    #[error("{}: {}", reason_excerpt(place), reason_excerpt(reason))]
    Setting { place: String, reason: String },
    #[error("the configuration is invalid:{0}")]
    Invalid(Problems),

    // The data.
    /// `data` is in words, `model` the value of `key`, and `data_value` the one that fits.
    #[error("the data has {data} but {key} is {model}; use --set {key}={data_value}")]
    DataMismatch { data: String, key: &'static str, model: usize, data_value: usize },
    /// Fewer classes than the model has, perhaps because of what was left out.
    #[error(
        "the data has {classes} but model.num_classes is {model}, and {left_out}; \
         put right first what was left out"
    )]
    ClassesLeftOut { classes: String, model: usize, left_out: LeftOut },
    #[error(
        "{} is no data set: {reason}; give a .tar file or a folder of them (WebDataset), a folder with one \
         folder a class, a folder with train-images-idx3-ubyte.gz and its labels (IDX), or, to prepare and \
         inspect, a .parquet file or a folder of them",
        path.display()
    )]
    NotADataSet { path: PathBuf, reason: String },
    #[error(
        "none of the {records} images has a caption: a text model needs a .txt beside each, or a \
         field of its .json (data.source.caption_field)"
    )]
    NoCaptions { records: usize },
    #[error("cannot use the states in {}: {}", path.display(), reason_excerpt(reason))]
    States { path: PathBuf, reason: String },
    #[error("train.initial_weights: {} does not fit: {reason}", path.display())]
    InitialWeights { path: PathBuf, reason: String },

    #[error("cannot prepare {}: {reason}", path.display())]
    Prepare { path: PathBuf, reason: String },

    // The run.
    #[error("{0} already holds a run; continue it with --resume {0}, or choose another --out", path.display())]
    RunExists { path: PathBuf },
    #[error(
        "{} is being trained by another program (process {process}); \
         stop it first, or choose another --out",
        path.display()
    )]
    RunInUse { path: PathBuf, process: String },
    #[error("{} is not a run: {reason}", path.display())]
    NotARun { path: PathBuf, reason: String },
    #[error("{} cannot be compared: {reason}", path.display())]
    NotComparable { path: PathBuf, reason: &'static str },
    #[error("cannot export metrics: {}: {reason}", path.display())]
    ExportMetrics { path: PathBuf, reason: String },
    #[error("no run with a checkpoint in {}; start one without --resume", path.display())]
    NothingToResume { path: PathBuf },
    #[error(
        "{} cannot be resumed with other settings:{changes}\n\
         start a new run for them, or resume without changing them",
        path.display()
    )]
    ConfigChanged { path: PathBuf, changes: Changes },
    #[error("{} has learned from other data: {what}; resume with the data as they were", path.display())]
    DataChanged { path: PathBuf, what: String },
    #[error(
        "{} has learned other classes: missing in the data are {missing}; not known to it are {new}; \
         {advice}",
        path.display()
    )]
    OtherClasses { path: PathBuf, missing: String, new: String, advice: &'static str },
    #[error(
        "{} has taken {taken} steps already, train.steps is {steps}; give at least as many, or an earlier \
         checkpoint: --resume {}/checkpoints/step-…",
        path.display(), path.display()
    )]
    StepsTaken { path: PathBuf, taken: u64, steps: u64 },
    #[error(
        "cannot go on from {}: the captions have other words than those the run has learned",
        path.display()
    )]
    CaptionsChanged { path: PathBuf },
    #[error("{} is damaged: {reason}; remove it to resume from the checkpoint before it", path.display())]
    DamagedCheckpoint { path: PathBuf, reason: String },
    #[error("{} is damaged: {reason}; remove it to do without", path.display())]
    DamagedSnapshot { path: PathBuf, reason: String },
    #[error("{} has no snapshot of step {step}; there are {steps}", path.display())]
    NoSnapshot { path: PathBuf, step: u64, steps: String },
    #[error("{}, line {line}: {reason}; remove the line or the file", path.display())]
    DamagedMetrics { path: PathBuf, line: usize, reason: String },
    #[error("cannot save checkpoint {}: {reason}; earlier checkpoints are intact", path.display())]
    SaveCheckpoint { path: PathBuf, reason: String },
    #[error(
        "the training diverged at step {step} ({what}); resume with a lower train.lr, a longer \
         train.warmup_steps or a smaller train.clip_norm; if that does not help, {earlier}"
    )]
    Diverged { step: u64, what: String, earlier: String },
    /// Ranks whose weights are not those of the first.
    #[error(
        "after step {step} the weights are not the same on all ranks: rank {ranks} has others than rank 0; the machines \
         do not compute alike, or one has a fault; go on from an earlier checkpoint"
    )]
    RanksDiffer { step: u64, ranks: String },
    #[error(
        "rank {rank} runs another program: {reason}; start the same build of `train` everywhere"
    )]
    OtherProgram { rank: usize, reason: String },
    #[error(
        "rank {rank} has other training images than rank 0: {reason}; all machines must see the same files"
    )]
    OtherData { rank: usize, reason: String },
    #[error(
        "{ranks} ranks cannot share a batch of {parts}: each needs a part of its own (train.gradient_accumulation){advice}"
    )]
    TooManyRanks { ranks: usize, parts: String, advice: String },
    #[error(
        "ranks.engine is \"nccl\", which needs --device cuda; this trains on {device}: set ranks.engine to \"mpi\""
    )]
    NcclNeedsCuda { device: String },
    #[error(
        "the state after step {step} cannot be saved: other ranks have parts of it (ranks.shard_optimizer); go on from \
         the last checkpoint"
    )]
    LostShards { step: u64 },
    #[error("step {step} ended half-way: there is no state to save")]
    HalfAStep { step: u64 },

    #[error("nothing can be measured ([evaluation]): {0}")]
    Unmeasurable(infer::Error),

    // What other crates say.
    #[error(transparent)]
    Model(#[from] pixelflow::Error),
    #[error(transparent)]
    Weights(#[from] pixelflow::weights::WeightsError),
    #[error(transparent)]
    Data(#[from] pixelflow_dataset::Error),
    #[error(transparent)]
    Infer(#[from] infer::Error),
    #[error(transparent)]
    Ranks(#[from] pixelflow_ranks::RankError),
    #[error(transparent)]
    Host(#[from] pixelflow_host::Error),
    #[error(transparent)]
    MissingAsset(#[from] infer::assets::MissingAsset),
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

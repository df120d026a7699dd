//! What can go wrong around drawing, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine lacks something: a device, room for output.
    #[error(transparent)]
    Host(#[from] pixelflow_host::Error),
    /// A shipped file that is not where the program looks.
    #[error(transparent)]
    MissingAsset(#[from] crate::assets::MissingAsset),
    /// A data set cannot be read.
    #[error(transparent)]
    Dataset(#[from] pixelflow_dataset::Error),
    /// A data set cannot be used to judge captions.
    #[error("{}: {reason}", path.display())]
    Attributes {
        /// The data set.
        path: PathBuf,
        /// What is wrong with it, and what helps.
        reason: String,
    },
    /// No attribute can be measured.
    #[error("no attribute can be measured: {reasons}; give more images with --train and --heldout")]
    NothingToMeasure {
        /// Why, for each of them.
        reasons: String,
    },
    /// Drawn images are not of the size of the real ones.
    #[error(
        "the model draws images of {}x{} pixels and those of the data set have {}x{}; \
         give a --model of that size, or another data set",
        drawn[0], drawn[1], expected[0], expected[1]
    )]
    OtherSize {
        /// Height and width of the drawn images in pixels.
        drawn: [usize; 2],
        /// Height and width of the real ones in pixels.
        expected: [usize; 2],
    },
    /// Prompts that cannot be read, or that an evaluator would misunderstand.
    #[error("{}{place}: {reason}", path.display())]
    Prompts {
        /// The file or folder.
        path: PathBuf,
        /// Where in it, as `, line 3`; may be empty.
        place: String,
        /// What is wrong there, and what helps.
        reason: String,
    },
    /// A folder was drawn with other settings.
    #[error(
        "{} was drawn otherwise: {differences}; take the same settings again, or another --out",
        folder.display()
    )]
    OtherSettings {
        /// The folder.
        folder: PathBuf,
        /// Every setting that differs, then and now.
        differences: String,
    },
    /// A folder holds something else.
    #[error(
        "{} holds files that `infer generate` did not write; give an empty or new folder with --out",
        folder.display()
    )]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The record of a folder cannot be used.
    #[error(
        "{} cannot be used: {reason}; without it nothing tells how the folder was drawn: \
         draw it again with another --out",
        path.display()
    )]
    BadRecord {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model, size, sampler or class that cannot be.
    #[error(transparent)]
    Model(#[from] pixelflow::Error),
    /// A file of weights cannot be used.
    #[error(transparent)]
    Weights(#[from] pixelflow::weights::WeightsError),
    /// Files cannot be fetched from the Hub.
    #[error("{0}")]
    Hub(Box<crate::hub::HubError>),
    /// Weights that were written are not what they should be.
    #[error(
        "{} was not written as it should be: tensor `{name}` is read back otherwise; check the disk",
        path.display()
    )]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A text model's prompts cannot be read.
    #[error(
        "{model} draws from text, but its text encoder cannot be used: {reason}; name one with \
         --text-encoder FOLDER"
    )]
    NoTextEncoder {
        /// The model.
        model: String,
        /// What is missing or does not fit.
        reason: String,
    },
    /// A text encoder gave values that are not finite.
    #[error(
        "the text encoder {} gave values that are not finite: its weights are damaged, or the \
         precision is too low for them; try --text-dtype f32",
        folder.display()
    )]
    EncoderOverflow {
        /// The encoder.
        folder: PathBuf,
    },
    /// A class that the model does not have.
    #[error("--class {name}: the model has no such class{suggestion}; {known}")]
    UnknownClass {
        /// What was asked for.
        name: String,
        /// The nearest name there is.
        suggestion: String,
        /// What there is.
        known: String,
    },
    /// An argument that cannot be read.
    #[error("{argument} {value}: {reason}")]
    Argument {
        /// Its name.
        argument: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        reason: String,
    },
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
    /// A picture without a recipe.
    #[error("{} has no recipe: {reason}", path.display())]
    NoRecipe {
        /// The picture.
        path: PathBuf,
        /// Why there is none.
        reason: String,
    },
    /// The model of a picture is not where it was.
    #[error(
        "{} was drawn with {}, which is not there; say with --model where it is now",
        picture.display(), model.display()
    )]
    ModelMoved {
        /// The picture.
        picture: PathBuf,
        /// Where the model was.
        model: PathBuf,
    },
    /// The model is not the one a picture was drawn with.
    #[error(
        "{} was drawn with a model whose hash is {expected}; {} has {found}; \
         give the right one with --model",
        picture.display(), model.display()
    )]
    OtherModel {
        /// The picture.
        picture: PathBuf,
        /// Hash in its recipe.
        expected: String,
        /// The model at hand.
        model: PathBuf,
        /// Its hash.
        found: String,
    },
}

/// Wraps an operating system's error on reading.
pub(crate) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read { path, source }
}

/// Wraps an operating system's error on writing, with what helps.
pub(crate) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Write { path, reason: pixelflow_host::explain(&error) }
}

//! What can go wrong around drawing, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use pixelflow::excerpt::{excerpt, reason_excerpt};
use pixelflow::weights::WeightsError;

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
    /// Images cannot be measured.
    #[error(transparent)]
    Evaluation(#[from] pixelflow_evaluation::Error),
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
    #[error("{}{place}: {}", path.display(), reason_excerpt(reason))]
    Prompts {
        /// The file or folder.
        path: PathBuf,
        /// Where in it, as `, line 3`; may be empty.
        place: String,
        /// What is wrong there, and what helps.
        reason: String,
    },
    /// A folder or picture was drawn with other settings.
    #[error(
        "{} was drawn otherwise: {}; take the same settings again, or another --out",
        path.display(), reason_excerpt(differences)
    )]
    OtherSettings {
        /// The folder or picture.
        path: PathBuf,
        /// Every setting that differs, then and now.
        differences: String,
    },
    /// Partial sums of other images, or made otherwise.
    #[error("{} holds other sums than {than}: {}; {advice}", path.display(), reason_excerpt(differences))]
    OtherSums {
        /// Their file.
        path: PathBuf,
        /// What they do not fit.
        than: String,
        /// Every setting that differs, then and now.
        differences: String,
        /// What helps.
        advice: &'static str,
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
    /// A file is in the place of a picture.
    #[error(
        "{} is in the way: {}; remove it, or take another --out", path.display(), reason_excerpt(reason)
    )]
    FileInUse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The record of a folder cannot be used.
    #[error(
        "{} cannot be used: {}; without it nothing tells how the folder was drawn: \
         draw it again with another --out",
        path.display(), reason_excerpt(reason)
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
    /// A variable of the environment that makes no sense.
    #[error("{variable} is `{value}`, it must be {expected}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Nothing may be fetched, and the files are not there.
    #[error(
        "{name} is not in {}, and HF_HUB_OFFLINE says to fetch nothing; unset it to fetch the files",
        cache.display()
    )]
    Offline {
        /// The repository.
        name: String,
        /// Folder of the cache.
        cache: PathBuf,
    },
    /// The files are not there, and nobody has allowed to fetch them.
    #[error("{name} is not in {}", cache.display())]
    NotFetched {
        /// The repository.
        name: String,
        /// Folder of the cache.
        cache: PathBuf,
    },
    /// The server has no such repository, or does not show it.
    #[error(
        "{endpoint} has no repository {name}, or does not show it to everyone; check the name and its \
         revision, or set HF_TOKEN if it is private"
    )]
    NoRepository {
        /// The server.
        endpoint: String,
        /// The repository.
        name: String,
    },
    /// The repository lacks a file.
    #[error("{name} has no {wanted}; it has {found}")]
    NoFile {
        /// The repository.
        name: String,
        /// The files any of which would do.
        wanted: String,
        /// What it has instead.
        found: String,
    },
    /// The user may not have the files.
    #[error(
        "{endpoint} refuses {name}; accept its conditions on its page there, and set HF_TOKEN to a \
         token that may read it"
    )]
    Refused {
        /// The server.
        endpoint: String,
        /// The repository.
        name: String,
    },
    /// The server cannot be reached, or the connection was lost.
    #[error(
        "cannot fetch {name} from {endpoint}: {reason}; check the network and try again (what has \
         been fetched is kept), or give the path of files that are here"
    )]
    Unreachable {
        /// The server.
        endpoint: String,
        /// The repository.
        name: String,
        /// What went wrong.
        reason: String,
    },
    /// The server says what makes no sense.
    #[error("{endpoint} does not answer like the Hub about {name}: {}", reason_excerpt(reason))]
    BadAnswer {
        /// The server.
        endpoint: String,
        /// The repository.
        name: String,
        /// What was wrong.
        reason: String,
    },
    /// What was fetched is not what the server announced. It was removed.
    #[error("{file} of {name} arrived damaged: {reason}; it was removed, try again")]
    Damaged {
        /// The repository.
        name: String,
        /// The file.
        file: String,
        /// How it differs.
        reason: String,
    },
    /// The cache cannot be written.
    #[error("cannot keep files of the Hub in {}: {reason}; HF_HUB_CACHE names another folder", path.display())]
    HubCache {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
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
        "{model} draws from text, but its text encoder cannot be used: {}; name one with \
         --text-encoder FOLDER",
        reason_excerpt(reason)
    )]
    NoTextEncoder {
        /// The model.
        model: String,
        /// What is missing or does not fit.
        reason: String,
    },
    /// No picture is named.
    #[error(
        "there is no picture to edit; name one, as in: infer edit --image hero.png --strength 0.5"
    )]
    NothingToEdit,
    /// A class that the model does not have.
    #[error("--class {}: the model has no such class{suggestion}; {known}", excerpt(name))]
    UnknownClass {
        /// What was asked for.
        name: String,
        /// The nearest name there is.
        suggestion: String,
        /// What there is.
        known: String,
    },
    /// An argument that cannot be read.
    #[error("{argument} {}: {}", excerpt(value), reason_excerpt(reason))]
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
    #[error("{} has no recipe: {}", path.display(), reason_excerpt(reason))]
    NoRecipe {
        /// The picture.
        path: PathBuf,
        /// Why there is none.
        reason: String,
    },
    /// The model of a picture is not where it was.
    #[error(
        "{} was drawn with {}, which is not there; say with {argument} where it is now",
        picture.display(), excerpt(&model.to_string_lossy())
    )]
    ModelMoved {
        /// The picture.
        picture: PathBuf,
        /// Where the model was.
        model: PathBuf,
        /// The argument that names it instead.
        argument: &'static str,
    },
    /// A picture or certificate names files outside of the working folder.
    #[error(
        "{} names {}, which is not looked for, since a file of others may say anything; say with \
         {argument} where it is",
        picture.display(), excerpt(path)
    )]
    ForeignPath {
        /// The picture.
        picture: PathBuf,
        /// What it names.
        path: String,
        /// The argument that names it instead.
        argument: &'static str,
    },
    /// The text encoder is not the one a picture was drawn with.
    #[error(
        "the prompts of {} were read by a text encoder whose hash is {}; {} has {found}; \
         give the right one with --text-encoder",
        picture.display(), excerpt(expected), encoder.display()
    )]
    OtherTextEncoder {
        /// The picture.
        picture: PathBuf,
        /// Hash in its recipe.
        expected: String,
        /// The encoder at hand.
        encoder: PathBuf,
        /// Its hash.
        found: String,
    },
    /// The model is not the one a picture was drawn with.
    #[error(
        "{} was drawn with a model whose hash is {}; {} has {found}; \
         give the right one with {argument}",
        picture.display(), excerpt(expected), model.display()
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
        /// The argument that names the right one.
        argument: &'static str,
    },
}

/// Wraps an operating system's error on reading.
pub(crate) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read { path, source }
}

/// An error about a file of a draft, under the name that the file was to have in `folder`.
pub(crate) fn in_place(error: Error, draft: &Path, folder: &Path) -> Error {
    let place =
        |path: PathBuf| path.strip_prefix(draft).map(|file| folder.join(file)).unwrap_or(path);
    match error {
        Error::Weights(WeightsError::Write { path, source }) => write_error(&place(path))(source),
        Error::Model(pixelflow::Error::Weights(WeightsError::Write { path, source })) => {
            write_error(&place(path))(source)
        }
        Error::Write { path, reason } => Error::Write { path: place(path), reason },
        Error::NotWritten { path, name } => Error::NotWritten { path: place(path), name },
        other => other,
    }
}

/// Wraps an operating system's error on writing, with what helps.
pub(crate) fn write_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |error| Error::Write { path, reason: pixelflow_host::explain(&error) }
}

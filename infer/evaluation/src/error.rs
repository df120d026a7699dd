//! Everything that can go wrong between a folder of images and a number.

use std::io;
use std::path::{Path, PathBuf};

use pixelflow::weights::WeightsError;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file could not be written; what was there before is as it was.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An `.npz` file lacks an array, or one has another type or shape.
    #[error("{} cannot be used: {reason}", path.display())]
    Npz {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        reason: String,
    },
    /// An image or a data set cannot be used.
    #[error(transparent)]
    Dataset(#[from] pixelflow_dataset::Error),
    /// A path holds no images in any form that is known.
    #[error(
        "{} holds no images: {reason}; give a folder of PNG, JPEG or WebP files, a folder of such folders, \
         a .tar, or an .npz with arr_0",
        path.display()
    )]
    NoImages {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        reason: String,
    },
    /// Images that are measured together have different sizes.
    #[error(
        "{record} is {}x{} pixels (height x width), the images before it {}x{}; scale all to one size, \
         or take the protocol `clean`, which is made for any size",
        found[0], found[1], expected[0], expected[1]
    )]
    OtherSize {
        /// Which image.
        record: String,
        /// Its height and width.
        found: [usize; 2],
        /// Height and width of the others.
        expected: [usize; 2],
    },
    /// A file of weights cannot be used.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A network's weights were not given or are not there.
    #[error(
        "{network} needs its weights, and {}: {source_of_file}; without them {alternative}",
        match path { Some(path) => format!("there is no {}", path.display()), None => "no file was given".into() }
    )]
    MissingWeights {
        /// The network.
        network: &'static str,
        /// Where they were looked for.
        path: Option<PathBuf>,
        /// Which file, and from where.
        source_of_file: &'static str,
        /// What works without it.
        alternative: &'static str,
    },
    /// A feature is infinite or undefined.
    #[error(
        "feature {column} of image {image} is {value}: the network's weights are damaged, or it computes in \
         a number format that is too small for it; take f32"
    )]
    NotFinite {
        /// Number of the image.
        image: usize,
        /// Which feature of it.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A feature is beyond what sums are kept for.
    #[error(
        "feature {column} of image {image} is {value}, and sums are kept for features up to {} only; no known \
         network reaches that: check its weights",
        crate::statistics::LARGEST_FEATURE
    )]
    OutOfRange {
        /// Number of the image.
        image: usize,
        /// Which feature of it.
        column: usize,
        /// The value.
        value: f32,
    },
    /// There are too few images for what was asked.
    #[error(
        "{what} needs {needed} images or more, and there are {images}; draw more, or leave it out"
    )]
    TooFewImages {
        /// The metric.
        what: &'static str,
        /// How many there are.
        images: usize,
        /// How many it needs.
        needed: usize,
    },
    /// Both sides have different numbers of features.
    #[error(
        "one side has {} features and the other {}: they come from different networks; measure both with one",
        columns[0], columns[1]
    )]
    OtherFeatures {
        /// Features an image, of either side.
        columns: [usize; 2],
    },
    /// Numbers that should be statistics are none.
    #[error("these are no statistics: {reason}")]
    Statistics {
        /// What is wrong.
        reason: String,
    },
    /// Statistics were made in another way.
    #[error(
        "{} was made with {found}, and this measurement is with {expected}; make it again with the same, or \
         choose that here",
        path.display()
    )]
    OtherOrigin {
        /// The file of statistics.
        path: PathBuf,
        /// Protocol and network they were made with.
        found: String,
        /// Protocol and network of the measurement.
        expected: String,
    },
    /// Partial sums do not make up a whole.
    #[error("these shards do not make up a whole: {reason}")]
    Shards {
        /// A gap, an overlap or another data set.
        reason: String,
    },
    /// A setting makes no sense.
    #[error("{field} is {value}: {reason}")]
    Config {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
        /// Which values work.
        reason: &'static str,
    },
    /// The eigenvalues of a covariance were not found.
    #[error(
        "the eigenvalues of a covariance of {columns} features do not converge: its values are damaged"
    )]
    NoEigenvalues {
        /// Its side.
        columns: usize,
    },
}

/// Wraps an operating system's error on reading.
pub(crate) fn read_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Read { path, source }
}

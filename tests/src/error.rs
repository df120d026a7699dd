//! What can go wrong in this crate.

use std::io;
use std::path::PathBuf;

/// The result of this crate's fallible functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder has no readable manifest.
    #[error(
        "cannot read {}: {source}; --fixtures must name a folder with a manifest.json",
        path.display()
    )]
    NoManifest {
        /// Where the manifest should be.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The manifest is no JSON, or not the JSON it should be.
    #[error("{} is no manifest of fixtures: {reason}", path.display())]
    InvalidManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A fixture does not hold what the manifest says, or the manifest does not say enough of it.
    #[error("{file}: {reason}")]
    Fixture {
        /// Name of the fixture.
        file: String,
        /// What is missing or does not fit.
        reason: String,
    },
    /// A file beside the manifest could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The model crate refused something.
    #[error(transparent)]
    Model(#[from] pixelflow::Error),
    /// The trainer refused something.
    #[error("the trainer refuses: {reason}")]
    Training {
        /// What.
        reason: String,
    },
    /// The data set crate refused something.
    #[error(transparent)]
    Dataset(#[from] pixelflow_dataset::Error),
}

impl From<pixelflow::weights::WeightsError> for Error {
    fn from(error: pixelflow::weights::WeightsError) -> Self {
        Self::Model(error.into())
    }
}

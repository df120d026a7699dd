//! Where a network's weights come from, for whoever does not have them.

use std::path::Path;

use pixelflow::weights::TensorFile;

use crate::{Error, Result};

/// Which file a network needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightSource {
    /// The network.
    pub network: &'static str,
    /// Which file, and from where.
    pub source: &'static str,
    /// What works without it.
    pub alternative: &'static str,
}

impl WeightSource {
    /// Opens the user's file: safetensors, `.pt` or `.pth`.
    ///
    /// # Errors
    /// [`Error::MissingWeights`] if none was given or there is none, [`Error::Weights`] for one that holds no
    /// weights.
    pub fn open(&self, path: Option<&Path>) -> Result<TensorFile> {
        match path {
            Some(path) if path.exists() => Ok(TensorFile::open(path)?),
            path => Err(Error::MissingWeights {
                network: self.network,
                path: path.map(Path::to_owned),
                source_of_file: self.source,
                alternative: self.alternative,
            }),
        }
    }
}

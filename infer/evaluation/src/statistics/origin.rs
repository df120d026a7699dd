//! What statistics were made with, so that they are never compared with others.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Protocol;
use crate::{Error, Result};

/// What statistics were made of, and with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// How images were brought to size.
    pub protocol: Protocol,
    /// The network that made the features.
    pub network: String,
    /// Hash of its weights.
    pub weights: String,
    /// Hash of the images.
    pub data: String,
}

impl Origin {
    /// Refuses statistics of another protocol or network; those of other images are what comparing is for.
    ///
    /// # Errors
    /// [`Error::OtherOrigin`], naming the file `path`.
    pub fn must_match(&self, expected: &Self, path: &Path) -> Result<()> {
        let made =
            |origin: &Self| (origin.protocol, origin.network.clone(), origin.weights.clone());
        if made(self) == made(expected) {
            return Ok(());
        }
        Err(Error::OtherOrigin {
            path: path.to_owned(),
            found: self.to_string(),
            expected: expected.to_string(),
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { protocol, network, weights, .. } = self;
        write!(formatter, "protocol {protocol} and {network} (weights {weights})")
    }
}

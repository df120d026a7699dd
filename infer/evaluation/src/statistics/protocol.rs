//! The evaluators whose numbers are reproduced: what each does to an image, and how it splits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::extractor::{Range, Resize};
use crate::metrics::Splits;

/// An evaluator in circulation. Its name stands beside every number: FID of one is not FID of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Of guided diffusion (ADM), which papers on `ImageNet` report: `evaluations/evaluator.py`.
    #[default]
    Adm,
    /// The package `torch-fidelity`.
    TorchFidelity,
    /// The package `pytorch-fid`.
    PytorchFid,
    /// The package `clean-fid`, mode `clean`.
    Clean,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Adm, Self::TorchFidelity, Self::PytorchFid, Self::Clean];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adm => "adm",
            Self::TorchFidelity => "torch-fidelity",
            Self::PytorchFid => "pytorch-fid",
            Self::Clean => "clean",
        }
    }

    /// How an image is brought to Inception's 299 pixels.
    pub const fn resize(self) -> Resize {
        match self {
            Self::Adm | Self::TorchFidelity => Resize::TensorFlow1,
            Self::PytorchFid => Resize::HalfPixel,
            Self::Clean => Resize::PillowFloat,
        }
    }

    /// How bytes become the numbers that Inception sees.
    pub const fn range(self) -> Range {
        match self {
            Self::PytorchFid => Range::MINUS_ONE_TO_ONE,
            Self::Adm | Self::TorchFidelity | Self::Clean => Range::AROUND_128,
        }
    }

    /// Into which parts the Inception Score divides the images. `pytorch-fid` and `clean-fid` have no such
    /// score: theirs is that of `torch-fidelity`.
    pub const fn splits(self) -> Splits {
        match self {
            Self::Adm => Splits::OfSize(5000),
            Self::TorchFidelity | Self::PytorchFid | Self::Clean => Splits::Shuffled(10),
        }
    }

    /// Whether it has sFID, on the first 7 channels of `mixed_6/conv`.
    pub const fn has_spatial(self) -> bool {
        matches!(self, Self::Adm)
    }

    /// Whether images of different sizes may be measured together.
    pub const fn mixes_sizes(self) -> bool {
        matches!(self, Self::Clean)
    }

    /// Neighbours that make the radius of precision and recall.
    pub const fn neighbours(self) -> usize {
        3
    }

    /// The most reference images that precision and recall look at.
    pub const fn most_reference_images(self) -> Option<usize> {
        match self {
            Self::Adm => Some(10_000),
            Self::TorchFidelity | Self::PytorchFid | Self::Clean => None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|protocol| protocol.name() == text);
        known.ok_or_else(|| Error::Config {
            field: "protocol",
            value: text.to_owned(),
            reason: "there are adm, torch-fidelity, pytorch-fid and clean",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_protocols() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.name().parse::<Protocol>().unwrap(), protocol);
            let json = serde_json::to_string(&protocol).unwrap();
            assert_eq!(json, format!("\"{protocol}\""));
        }
        let message = "fid".parse::<Protocol>().unwrap_err().to_string();
        assert!(message.contains("protocol is fid: there are adm, torch-fidelity"), "{message}");
    }
}

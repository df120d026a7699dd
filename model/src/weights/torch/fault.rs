//! Why a part of a PyTorch file is refused, before it is known which file it is.

use std::path::Path;

use super::super::WeightsError;

/// A refusal; [`in_file`](Fault::in_file) makes it the user's error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Truncated, or contradicting itself.
    Damaged(String),
    /// A pickle names code that no weights need.
    Forbidden(String),
    /// Well-formed, but something else.
    NotWeights(String),
}

impl Fault {
    pub(super) fn damaged<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::Damaged(reason.into()))
    }

    pub(super) fn not_weights<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self::NotWeights(reason.into()))
    }

    /// The same refusal, saying which tensor it is about.
    pub(super) fn about(self, tensor: &str) -> Self {
        let about = |reason| format!("tensor `{}`: {reason}", quoted(tensor));
        match self {
            Self::Damaged(reason) => Self::Damaged(about(reason)),
            Self::NotWeights(reason) => Self::NotWeights(about(reason)),
            forbidden @ Self::Forbidden(_) => forbidden,
        }
    }

    pub(super) fn in_file(self, path: &Path) -> WeightsError {
        let path = path.to_owned();
        match self {
            Self::Damaged(reason) => WeightsError::Damaged { path, reason },
            Self::Forbidden(what) => WeightsError::Forbidden { path, what },
            Self::NotWeights(reason) => WeightsError::NotWeights { path, reason },
        }
    }
}

/// A text of the file, shortened and without control characters, to be quoted in a message.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 100;
    let start: String = text.chars().take(LONGEST).collect();
    let ellipsis = if start.len() < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", start.escape_debug())
}

//! Why a request cannot be drawn: all that is wrong with it at once.

use std::fmt;

/// The part of a request that a problem is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The list of images.
    Images,
    /// A class.
    Class,
    /// A prompt.
    Prompt,
    /// The number of an image.
    Number,
    /// The channels of the model's images.
    Channels,
    /// Height and width.
    Size,
    /// The sampler's settings.
    Sampler,
    /// How many are computed at once.
    Batch,
    /// The picture of an edit.
    Picture,
    /// Its mask.
    Mask,
    /// Where it begins: its strength or stage.
    Begin,
    /// How often it goes through each stage.
    Resample,
}

/// Why a request cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The part that is wrong.
    pub field: Field,
    /// Its value, and what it may be.
    pub reason: String,
}

/// All problems of a request; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// Problems that are written out; the others are counted.
const MOST_WRITTEN: usize = 10;

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return f.write_str(&only.reason);
        }
        write!(f, "the request has {} problems", self.0.len())?;
        for Problem { reason, .. } in self.0.iter().take(MOST_WRITTEN) {
            write!(f, "\n  - {reason}")?;
        }
        match self.0.len().saturating_sub(MOST_WRITTEN) {
            0 => Ok(()),
            more => write!(f, "\n  - and {more} more"),
        }
    }
}

//! What can go wrong with files of weights.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::PathBuf;

use super::DType;

/// A file of weights cannot be read, cannot be written, or does not fit its model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is truncated, or contradicts itself.
    #[error("{} is damaged: {reason}; fetch or write it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A PyTorch file asks for code to be run on loading. It was not.
    #[error(
        "{} asks to run `{what}` while it is loaded, which weights never need; \
         do not trust it (nothing was run)",
        path.display()
    )]
    Forbidden {
        /// The file.
        path: PathBuf,
        /// Module and name it asks for.
        what: String,
    },
    /// The file is something else.
    #[error("{} holds no weights: {reason}", path.display())]
    NotWeights {
        /// The file.
        path: PathBuf,
        /// What was found, and what was expected.
        reason: String,
    },
    /// A path is no model.
    #[error(
        "{} is no model: {reason}; give a run's folder, a checkpoint, a folder with \
         model.safetensors and config.json, or a .pt with its config.yaml beside it",
        path.display()
    )]
    NotAModel {
        /// The path.
        path: PathBuf,
        /// What is there instead.
        reason: String,
    },
    /// The configuration beside the weights cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// Which key, and what it may be.
        reason: String,
    },
    /// Tensors are missing, surplus or of the wrong shape.
    #[error("{} does not fit the model:{mismatches}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Every tensor that does not fit.
        mismatches: Mismatches,
    },
    /// A file of several is not there.
    #[error(
        "{} names the shard {shard}, which is not beside it; fetch or write all of them again",
        path.display()
    )]
    MissingShard {
        /// The index.
        path: PathBuf,
        /// The file's name.
        shard: String,
    },
    /// The file has no tensor of this name.
    #[error("{} has no tensor `{name}`", path.display())]
    NoTensor {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A tensor has infinite or undefined values.
    #[error(
        "{}: tensor `{name}` has {count} values that are not finite, the first at {first}; \
         the training that wrote it has diverged, or the file is damaged",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// How many values.
        count: usize,
        /// Position of the first.
        first: usize,
    },
    /// A tensor has a value that the number format it is wanted in cannot hold.
    #[error(
        "{}: tensor `{name}` has values up to {value:e}, too large for {dtype:?}; take bf16 or f32",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its largest value, without its sign.
        value: f64,
        /// The number format.
        dtype: DType,
    },
    /// The file has matrices in eight bits, and floats are needed.
    #[error(
        "{} has its matrices in int8, which images can be drawn from, but nothing can be trained; \
         take the weights that it was made of",
        path.display()
    )]
    Int8 {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written; what was there before is as it was.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Every tensor of a file that does not fit its model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatches {
    /// Names and shapes the model needs and the file lacks.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Names the file has and the model does not know.
    pub surplus: Vec<String>,
    /// Names, shapes in the model, shapes in the file.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatches {
    /// Whether everything fits.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.misshapen.is_empty()
    }
}

impl Mismatches {
    /// What the names of all surplus tensors have before the names that are missing, and the other way
    /// round, if nothing else is wrong.
    fn prefixes(&self) -> Option<[&str; 2]> {
        let missing = || self.missing.iter().map(|(name, _)| name.as_str());
        let surplus = || self.surplus.iter().map(String::as_str);
        let before = |long: &str, short: &str| long.strip_suffix(short).map(str::len);
        let (first_missing, first_surplus) = (missing().next()?, surplus().next()?);
        let in_file = surplus().filter_map(|name| before(name, first_missing)).min();
        let in_model = missing().filter_map(|name| before(name, first_surplus)).min();
        let prefixes = [
            first_surplus.get(..in_file.unwrap_or(0))?,
            first_missing.get(..in_model.unwrap_or(0))?,
        ];
        let left = |names: &mut dyn Iterator<Item = &str>, prefix: &str| {
            names
                .map(|name| name.strip_prefix(prefix).map(str::to_owned))
                .collect::<Option<BTreeSet<_>>>()
        };
        let same = left(&mut surplus(), prefixes[0])? == left(&mut missing(), prefixes[1])?;
        (same && self.misshapen.is_empty()).then_some(prefixes)
    }
}

impl fmt::Display for Mismatches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some([in_file, in_model]) = self.prefixes() {
            return write!(
                formatter,
                " all {} names begin with `{}` where the model's begin with `{}`; save the tensors \
                 under the model's names",
                self.surplus.len(),
                in_file.escape_debug(),
                in_model.escape_debug(),
            );
        }
        for (name, shape) in &self.missing {
            write!(formatter, "\n  missing: {name} {shape:?}")?;
        }
        for name in &self.surplus {
            write!(formatter, "\n  surplus: {name}")?;
        }
        for (name, model, file) in &self.misshapen {
            write!(formatter, "\n  wrong shape: {name} is {file:?}, the model has {model:?}")?;
        }
        Ok(())
    }
}

//! What a shard says of itself: which images it has sums of, and what they are made of and with.

use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Origin;
use super::npz::NpzFile;
use crate::{Error, Result};

/// The array of a shard's file that has its head: JSON as uint8.
pub(super) const HEAD: &str = "shard";

/// Everything of a shard but its sums.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardHead {
    /// Numbers of the images that it has sums of so far: the first ones of its share.
    pub images: Range<u64>,
    /// Numbers of the images that it is to have.
    pub share: Range<u64>,
    /// How many images the whole has.
    pub of: u64,
    /// What the whole is made of and with.
    pub origin: Origin,
    /// What else decides the images or their features, by name.
    pub settings: Map<String, Value>,
}

impl ShardHead {
    /// None of the images of a share yet.
    pub fn empty(share: Range<u64>, of: u64, origin: Origin, settings: Map<String, Value>) -> Self {
        Self { images: share.start..share.start, share, of, origin, settings }
    }

    /// The images that it lacks still; none once it is finished.
    pub fn missing(&self) -> Range<u64> {
        self.images.end..self.share.end
    }

    /// Whether it is part of the same whole.
    pub fn is_beside(&self, other: &Self) -> bool {
        let whole = |head: &Self| (head.of, head.origin.clone());
        whole(self) == whole(other) && self.settings == other.settings
    }

    /// Reads the head of a shard's file, and not its sums.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Npz`] for a file that is no shard.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_from(&mut NpzFile::open(path)?)
    }

    pub(super) fn read_from(file: &mut NpzFile) -> Result<Self> {
        if !file.has(HEAD) {
            let found = file.names().join(", ");
            let reason = format!(
                "partial sums, which `infer evaluate` writes with --partial, have an array `{HEAD}`, and it has \
                 {found}"
            );
            return Err(file.problem(reason));
        }
        let json = file.integers::<u8>(HEAD, "uint8")?;
        let head: Self = serde_json::from_slice(&json)
            .map_err(|error| file.problem(format!("its `{HEAD}`: {error}")))?;
        let Self { images, share, of, .. } = &head;
        let starts = images.start == share.start && images.start <= images.end;
        if starts && images.end <= share.end && share.end <= *of {
            return Ok(head);
        }
        Err(file.problem(format!("it has images {images:?} of its {share:?}, of {of} in all")))
    }
}

/// The images of shard `index` of `count`, in whole batches, so that every image is in the same batch
/// however many shards there are.
///
/// # Errors
/// [`Error::Config`] unless `index < count`.
pub fn shard_of(images: u64, batch: u64, index: u64, count: u64) -> Result<Range<u64>> {
    if index >= count || batch == 0 {
        let (field, value) = ("shard", format!("{index}/{count} in batches of {batch}"));
        let reason = "shards of n are 0/n to (n-1)/n, and batches have images";
        return Err(Error::Config { field, value, reason });
    }
    let batches = images.div_ceil(batch);
    let first = |index: u64| {
        let whole = u128::from(batches) * u128::from(index) / u128::from(count);
        (whole as u64).saturating_mul(batch).min(images)
    };
    Ok(first(index)..first(index + 1))
}

//! The sums of a share of the images, in a file that is saved now and then and gone on from.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pixelflow_evaluation::extractor::Extracted;
use pixelflow_evaluation::statistics::{ExactSums, Shard, ShardHead};
use pixelflow_evaluation::{Error as Unmeasurable, Result as Measuring};

use super::network::Network;
use crate::differences::differences;
use crate::{Error, Result};

/// What a kill costs at most, besides a batch.
const BETWEEN_SAVES: Duration = Duration::from_secs(60);

/// Sums that grow, and their file.
pub struct PartialSums {
    path: PathBuf,
    shard: Shard,
    /// When it was saved, and how many images it had; none if there is no file yet.
    saved: Option<(Instant, u64)>,
}

/// What a file has of a share already; none if there is no file.
///
/// # Errors
/// [`Error::OtherSums`] if it is of another share, or made otherwise; [`Error::Argument`] for what is no shard.
pub fn saved_sums(path: &Path, wanted: &ShardHead) -> Result<Option<Shard>> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let saved = Shard::read(path).map_err(|error| Error::Argument {
        argument: "--partial",
        value: path.display().to_string(),
        reason: format!("{error}; remove it to begin anew, or name another file"),
    })?;
    let share = |head: &ShardHead| serde_json::json!({ "share": format!("{:?}", head.share) });
    let mut found = differences(&share(&saved.head), &share(wanted));
    found.extend(whole_differences(&saved.head, wanted));
    if found.is_empty() {
        return Ok(Some(saved));
    }
    Err(Error::OtherSums {
        path: path.to_owned(),
        than: "these arguments make".to_owned(),
        differences: found.join(", "),
        advice: "give the same arguments again, or another --partial",
    })
}

/// What tells the whole of a shard from that of another, with both values.
pub fn whole_differences(before: &ShardHead, now: &ShardHead) -> Vec<String> {
    let whole = |head: &ShardHead| {
        let origin = &head.origin;
        let mut whole = head.settings.clone();
        whole.insert("images".to_owned(), head.of.into());
        whole.insert("protocol".to_owned(), origin.protocol.name().into());
        whole.insert("network".to_owned(), origin.network.clone().into());
        whole.insert("weights".to_owned(), origin.weights.clone().into());
        whole.into()
    };
    let found = differences(&whole(before), &whole(now));
    if found.is_empty() && before.origin.data != now.origin.data {
        let [before, now] = [before, now].map(|head| &head.origin.data);
        return vec![format!("the images' hash was {before} and is {now}")];
    }
    found
}

impl PartialSums {
    /// Goes on with what was saved, or begins.
    pub fn begin(
        path: PathBuf,
        head: ShardHead,
        saved: Option<Shard>,
        network: &dyn Network,
    ) -> Self {
        let at = saved.as_ref().map(|shard| (Instant::now(), shard.head.images.end));
        let shard = saved.unwrap_or_else(|| Shard {
            head,
            sums: ExactSums::empty(network.identity().kind.columns()),
            spatial: network.spatial_columns().map(ExactSums::empty),
        });
        Self { path, shard, saved: at }
    }

    /// Which images it has.
    pub fn head(&self) -> &ShardHead {
        &self.shard.head
    }

    /// Adds a batch, the images behind those that it has; saves if it is time, or `wanted`.
    ///
    /// The first batch is saved at once: a file that cannot be written is no surprise after a minute.
    ///
    /// # Errors
    /// [`Unmeasurable::OutOfRange`], [`Unmeasurable::Write`].
    pub fn add(&mut self, batch: &Extracted, wanted: bool) -> Measuring<()> {
        // Both or none: sums of other numbers of images are no shard.
        if let (Some(sums), Some(features)) = (&self.shard.spatial, &batch.spatial) {
            sums.check(features)?;
        }
        self.shard.sums.add(&batch.features)?;
        if let (Some(sums), Some(features)) = (&mut self.shard.spatial, &batch.spatial) {
            sums.add(features)?;
        }
        self.shard.head.images.end += batch.images.len() as u64;
        match self.saved {
            Some((at, _)) if !wanted && at.elapsed() < BETWEEN_SAVES => Ok(()),
            _ => self.save(),
        }
    }

    /// Whether another process has come further in the same file.
    fn is_overtaken(&self) -> bool {
        let there = ShardHead::read(&self.path);
        there.is_ok_and(|there| there.images.end > self.shard.head.images.end)
    }

    /// Saves what is not saved yet.
    ///
    /// # Errors
    /// [`Unmeasurable::Write`]; then the file is as it was.
    pub fn save(&mut self) -> Measuring<()> {
        let end = self.shard.head.images.end;
        match self.saved {
            Some((_, saved)) if saved == end => {}
            Some(_) if self.is_overtaken() => {
                let source = io::Error::from(io::ErrorKind::AlreadyExists);
                return Err(taken(Unmeasurable::Write { path: self.path.clone(), source }));
            }
            Some(_) => self.shard.write(&self.path)?,
            None => self.shard.write_new(&self.path).map_err(taken)?,
        }
        self.saved = Some((Instant::now(), end));
        Ok(())
    }
}

/// Says what it means that a file has come to be in our place.
fn taken(error: Unmeasurable) -> Unmeasurable {
    match error {
        Unmeasurable::Write { path, source } if source.kind() == io::ErrorKind::AlreadyExists => {
            let reason = "another process has just written it; give each shard a file of its own, or a folder";
            Unmeasurable::Write { path, source: io::Error::new(source.kind(), reason) }
        }
        other => other,
    }
}

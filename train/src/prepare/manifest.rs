//! What a prepared data set is, beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::selection::LeftOutImages;
use super::shard::{BucketImages, Shard};

/// What a prepared data set is: what it was made of, what is in it and what is not.
#[derive(Debug, Serialize)]
pub(super) struct Manifest {
    /// The program that made it.
    pub version: &'static str,
    /// A hash of everything that its files depend on.
    pub plan: String,
    /// The data set that it was made of.
    pub source: String,
    /// Records of that.
    pub records: usize,
    /// Images in it.
    pub images: usize,
    /// Images of each class; empty where there are no classes.
    pub classes: BTreeMap<String, usize>,
    /// Classes of the source of which no image is left.
    pub empty_classes: Vec<String>,
    /// Images with at least one caption.
    pub captioned: usize,
    /// Side of all images in pixels, if they were brought to one.
    pub size: Option<usize>,
    /// Images of each bucket, if they were brought to those.
    pub buckets: Option<Vec<BucketImages>>,
    /// Images that were turned or mirrored as their metadata say.
    pub turned: usize,
    /// Images that were scaled or cut.
    pub fitted: usize,
    /// Images with transparency, which is dropped when they are read.
    pub transparent: usize,
    /// What is not in it.
    pub left_out: LeftOutImages,
    /// What else lay beside the records of the source, or had no use.
    pub beside: usize,
    /// Its tar files.
    pub shards: Vec<Shard>,
}

/// What it is in some lines.
impl std::fmt::Display for Manifest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let LeftOutImages { unusable, copies, alike, elsewhere, .. } = &self.left_out;
        let contradictions = self.left_out.copies_of_other_classes;
        write!(formatter, "  images       {} of {} records", self.images, self.records)?;
        let classes = self.classes.len();
        if classes > 0 {
            write!(formatter, " in {classes} classes")?;
        }
        writeln!(formatter, ", {} with captions, in {} files", self.captioned, self.shards.len())?;
        let left_out = [
            (*unusable, "cannot be used"),
            (copies.images, "copies"),
            (alike.images, "look like others"),
            (elsewhere.images, "are in the other data set"),
            (self.beside, "files beside them"),
        ];
        let named: Vec<String> = left_out
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, why)| format!("{count} {why}"))
            .collect();
        let named = if named.is_empty() { "nothing".to_owned() } else { named.join(", ") };
        writeln!(formatter, "  left out     {named}")?;
        let changed = format!("{} turned, {} scaled or cut", self.turned, self.fitted);
        write!(formatter, "  changed      {changed}")?;
        if let Some(buckets) = &self.buckets {
            let of_bucket = |BucketImages { size: [height, width], images }: &BucketImages| {
                format!("{images} of {height}x{width}")
            };
            let named: Vec<String> = buckets.iter().map(of_bucket).collect();
            write!(formatter, "\n  buckets      {} (height x width)", named.join(", "))?;
        }
        if contradictions > 0 {
            write!(
                formatter,
                "\n  look at      {contradictions} copies are of another class than the image that they are a copy of"
            )?;
        }
        if !self.empty_classes.is_empty() {
            let named = self.empty_classes.join(", ");
            write!(formatter, "\n  gone         no image is left of {named}")?;
        }
        if self.transparent > 0 {
            let count = self.transparent;
            write!(
                formatter,
                "\n  transparent  {count}: what lies under it shows when they are read"
            )?;
        }
        Ok(())
    }
}

//! Adding shards up to the whole that they make up.

use std::path::{Path, PathBuf};

use super::{Shard, ShardHead};
use crate::{Error, Result};

/// Adds the shards of files up, in any order; one of them is in memory at a time.
///
/// # Errors
/// [`Error::Shards`] for a gap, an overlap, a shard that is not finished, or one of another whole;
/// [`Error::OtherFeatures`], and those of [`Shard::read`].
pub fn merge_shards(paths: &[PathBuf]) -> Result<Shard> {
    let head = |path: &PathBuf| Ok((path.clone(), ShardHead::read(path)?));
    let mut heads: Vec<(PathBuf, ShardHead)> = paths.iter().map(head).collect::<Result<_>>()?;
    heads.sort_by_key(|(_, head)| (head.share.start, head.share.end));
    check_whole(&heads)?;
    let mut whole: Option<Shard> = None;
    for (path, head) in &heads {
        let shard = Shard::read(path)?;
        if shard.head != *head {
            return refused(format!("{} has just changed; merge again", path.display()));
        }
        match &mut whole {
            Some(whole) => whole.append(&shard, path)?,
            None => whole = Some(shard),
        }
    }
    let Some(mut whole) = whole else { return refused("there are none".to_owned()) };
    whole.head.share = whole.head.images.clone();
    Ok(whole)
}

fn refused<T>(reason: String) -> Result<T> {
    Err(Error::Shards { reason })
}

/// Checks that shards, in their order, have every image of one whole once.
fn check_whole(shards: &[(PathBuf, ShardHead)]) -> Result<()> {
    let Some((first, whole)) = shards.first() else {
        return Ok(());
    };
    for (path, head) in shards {
        if !head.is_beside(whole) {
            let (path, first) = (path.display(), first.display());
            return refused(format!("{path} is of other images than {first}, or made otherwise"));
        }
        if !head.missing().is_empty() {
            let (path, share) = (path.display(), &head.share);
            return refused(format!(
                "{path} lacks images {:?} of its {share:?}; the command that wrote it goes on if it is given again",
                head.missing()
            ));
        }
    }
    let missing = "are in none; give the shard that has them as well";
    let (mut end, mut last) = (0, first);
    for (path, ShardHead { images, .. }) in shards.iter().filter(|(_, s)| !s.images.is_empty()) {
        if images.start > end {
            return refused(format!("images {end}..{} {missing}", images.start));
        }
        if images.start < end {
            let twice = images.start..end.min(images.end);
            let (one, other) = (last.display(), path.display());
            return refused(format!(
                "images {twice:?} are in two, {one} and {other}; leave one out"
            ));
        }
        (end, last) = (images.end, path);
    }
    if end != whole.of {
        return refused(format!("images {end}..{} {missing}", whole.of));
    }
    Ok(())
}

impl Shard {
    /// Adds the shard behind it.
    fn append(&mut self, next: &Self, path: &Path) -> Result<()> {
        self.sums.merge(&next.sums)?;
        match (&mut self.spatial, &next.spatial) {
            (Some(into), Some(from)) => into.merge(from)?,
            (None, None) => {}
            _ => {
                let path = path.display();
                return refused(format!("only some have features that keep places: see {path}"));
            }
        }
        self.head.images.end = next.head.images.end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::shard::testing::shard;
    use super::super::shard_of;
    use super::*;
    use crate::Protocol;

    /// Writes shards as `0.npz`, `1.npz`, … and merges them.
    fn merge(shards: &[Shard]) -> Result<Shard> {
        let folder = tempfile::tempdir().unwrap();
        let path = |number: usize| folder.path().join(format!("{number}.npz"));
        shards.iter().enumerate().for_each(|(at, shard)| shard.write(&path(at)).unwrap());
        merge_shards(&(0..shards.len()).map(path).collect::<Vec<_>>())
    }

    fn all(count: u64) -> Vec<Shard> {
        (0..count).map(|index| shard(index, count)).collect()
    }

    #[test]
    fn shards_of_any_number_make_up_the_same_whole() {
        let whole = shard(0, 1);
        for count in [2, 3, 13, 40] {
            let mut shards = all(count);
            shards.reverse();
            assert_eq!(merge(&shards).unwrap(), whole, "{count} shards");
            let start = |shard: &Shard| shard.head.images.start;
            assert!(count == 40 || shards.iter().all(|shard| start(shard).is_multiple_of(8)));
        }
        // Those of other divisions fit as well.
        assert_eq!(merge(&[shard(0, 2), shard(3, 4), shard(2, 4)]).unwrap(), whole);
        assert!(shard_of(100, 8, 3, 3).is_err());
    }

    #[test]
    fn gaps_overlaps_and_strangers_are_refused() {
        let message = |shards: &[Shard]| merge(shards).unwrap_err().to_string();
        let is = |shards: &[Shard], parts: &[&str]| {
            let message = message(shards);
            assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        };
        let shards = all(4);
        let [a, b, c, d] = &shards[..] else { panic!("four shards") };
        is(&[], &["there are none"]);
        is(&shards[1..], &["images 0..24 are in none"]);
        is(&shards[..3], &["images 72..100 are in none"]);
        is(&[a.clone(), b.clone(), d.clone()], &["images 48..72 are in none"]);
        let twice = [shards.clone(), vec![b.clone()]].concat();
        is(&twice, &["images 24..48 are in two, ", "1.npz and ", "4.npz; leave one out"]);
        is(&[shard(0, 1), c.clone()], &["images 48..72 are in two, "]);
        let mut other = shards.clone();
        other[2].head.origin.protocol = Protocol::Clean;
        is(&other, &["2.npz is of other images than ", "0.npz"]);
        let mut other = shards.clone();
        other[1].head.settings.insert("batch".to_owned(), 9.into());
        is(&other, &["1.npz is of other images than ", "0.npz"]);
        let mut half = shards.clone();
        half[3].head.share.end = 104;
        for shard in &mut half {
            shard.head.of = 104;
        }
        is(&half, &["3.npz lacks images 100..104 of its 72..104", "goes on if it is given again"]);
    }
}

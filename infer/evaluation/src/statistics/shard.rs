//! Partial sums of a share of the images, which are added up to those of all.

use std::ops::Range;
use std::path::Path;

use super::npz::{NpzFile, NpzWriter};
use super::{ExactSums, Origin};
use crate::{Error, Result};

/// Sums over consecutive images of a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Numbers of its images.
    pub images: Range<u64>,
    /// How many images the whole has.
    pub of: u64,
    /// What the whole is made of and with.
    pub origin: Origin,
    /// The sums of its images.
    pub sums: ExactSums,
    /// The sums of the features that keep places, for protocols with sFID.
    pub spatial: Option<ExactSums>,
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

/// Adds shards up, in any order.
///
/// # Errors
/// [`Error::Shards`] for a gap, an overlap, or shards of another whole; [`Error::OtherFeatures`].
pub fn merge_shards(shards: &[Shard]) -> Result<Shard> {
    let refused = |reason: String| Err(Error::Shards { reason });
    let mut sorted: Vec<&Shard> = shards.iter().collect();
    sorted.sort_by_key(|shard| (shard.images.start, shard.images.end));
    let Some((first, rest)) = sorted.split_first() else {
        return refused("there are none".to_owned());
    };
    if first.images.start > 0 {
        return refused(format!("images 0..{} are in none", first.images.start));
    }
    let mut whole = (*first).clone();
    for shard in rest {
        if shard.of != whole.of || shard.origin != whole.origin {
            return refused(format!(
                "images {:?} are of another whole: {} images with {}, not {} with {}",
                shard.images, shard.of, shard.origin, whole.of, whole.origin
            ));
        }
        let (end, next) = (whole.images.end, shard.images.start);
        if next < end {
            return refused(format!("images {next}..{} are in two", end.min(shard.images.end)));
        }
        if next > end {
            return refused(format!("images {end}..{next} are in none"));
        }
        whole.sums.merge(&shard.sums)?;
        match (&mut whole.spatial, &shard.spatial) {
            (Some(into), Some(from)) => into.merge(from)?,
            (None, None) => {}
            _ => return refused("only some have spatial features".to_owned()),
        }
        whole.images.end = shard.images.end;
    }
    if whole.images.end != whole.of {
        return refused(format!("images {}..{} are in none", whole.images.end, whole.of));
    }
    Ok(whole)
}

impl Shard {
    /// Writes the shard as an `.npz`.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut file = NpzWriter::new();
        let written = (|| {
            let Range { start, end } = self.images;
            file.add("images", &[3], [start, end, self.of].map(u64::cast_signed))?;
            let json = serde_json::to_vec(&self.origin)?;
            file.add("origin", &[json.len()], json)?;
            add_sums(&mut file, "", &self.sums)?;
            self.spatial.as_ref().map_or(Ok(()), |sums| add_sums(&mut file, "_s", sums))
        })();
        written.map_err(|source| Error::Write { path: path.to_owned(), source })?;
        file.write(path)
    }

    /// Reads a shard.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Npz`] for a file that is no shard.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = NpzFile::open(path)?;
        let numbers = file.integers::<i64>("images", "int64")?;
        let json = file.integers::<u8>("origin", "uint8")?;
        let parsed = serde_json::from_slice(&json);
        let origin = parsed.map_err(|error| file.problem(format!("its `origin`: {error}")))?;
        let sums = read_sums(&mut file, "")?;
        let spatial = file.has("sums_s").then(|| read_sums(&mut file, "_s")).transpose()?;
        let images = match numbers.as_slice() {
            &[start, end, of] if 0 <= start && start <= end && end <= of => {
                (start.cast_unsigned()..end.cast_unsigned(), of.cast_unsigned())
            }
            _ => return Err(file.problem(format!("its `images` are {numbers:?}"))),
        };
        let (images, of) = images;
        let counts = [Some(&sums), spatial.as_ref()].into_iter().flatten();
        if counts.into_iter().any(|sums| sums.images() != images.end - images.start) {
            return Err(file.problem("its sums are of another number of images".to_owned()));
        }
        Ok(Self { images, of, origin, sums, spatial })
    }
}

/// Whole numbers of 128 bits are written in halves, the lower one first.
fn add_sums(file: &mut NpzWriter, ending: &str, sums: &ExactSums) -> std::io::Result<()> {
    let (images, sums, products) = sums.parts();
    let halves = |value: &i128| [*value as i64, (*value >> 64) as i64];
    file.add(&format!("count{ending}"), &[1], [images.cast_signed()])?;
    for (name, values) in [("sums", sums), ("products", products)] {
        let shape = [values.len(), 2];
        file.add(&format!("{name}{ending}"), &shape, values.iter().flat_map(halves))?;
    }
    Ok(())
}

fn read_sums(file: &mut NpzFile, ending: &str) -> Result<ExactSums> {
    let count = file.integers::<i64>(&format!("count{ending}"), "int64")?;
    let mut whole = |name: &str| -> Result<Vec<i128>> {
        let halves = file.integers::<i64>(&format!("{name}{ending}"), "int64")?;
        let (pairs, _) = halves.as_chunks::<2>();
        let join =
            |[low, high]: &[i64; 2]| i128::from(low.cast_unsigned()) | i128::from(*high) << 64;
        Ok(pairs.iter().map(join).collect())
    };
    let (sums, products) = (whole("sums")?, whole("products")?);
    let count = count.first().and_then(|&count| u64::try_from(count).ok());
    let sums = count.and_then(|count| ExactSums::from_parts(count, sums, products));
    sums.ok_or_else(|| {
        file.problem(format!("its `sums{ending}` and `products{ending}` do not fit"))
    })
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;
    use crate::{Features, Protocol};

    fn origin() -> Origin {
        let [network, weights, data] = ["Inception-v3", "00ff", "12"].map(str::to_owned);
        Origin { protocol: Protocol::Adm, network, weights, data }
    }

    /// Shard `index` of `count` of 100 images in batches of 8.
    fn shard(index: u64, count: u64) -> Shard {
        let values = Key::new(1, 0, Purpose::Testing).normals(100 * 3);
        let features = Features::new(3, values).unwrap();
        let images = shard_of(100, 8, index, count).unwrap();
        let mut sums = ExactSums::empty(3);
        sums.add(&features.range(images.start as usize..images.end as usize)).unwrap();
        let spatial = Some(sums.clone());
        Shard { images, of: 100, origin: origin(), sums, spatial }
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
            assert_eq!(merge_shards(&shards).unwrap(), whole, "{count} shards");
            let batches = shards.iter().all(|shard| shard.images.start.is_multiple_of(8));
            assert!(batches || count == 40);
        }
        assert!(shard_of(100, 8, 3, 3).is_err());
    }

    #[test]
    fn gaps_overlaps_and_strangers_are_refused() {
        let message = |shards: &[Shard]| merge_shards(shards).unwrap_err().to_string();
        let shards = all(4);
        assert!(message(&[]).ends_with("there are none"));
        assert!(message(&shards[1..]).ends_with("images 0..24 are in none"));
        assert!(message(&shards[..3]).ends_with("images 72..100 are in none"));
        let [a, b, _, d] = &shards[..] else { panic!("four shards") };
        assert!(message(&[a.clone(), b.clone(), d.clone()]).ends_with("images 48..72 are in none"));
        let twice = [shards.clone(), vec![b.clone()]].concat();
        assert!(message(&twice).ends_with("images 24..48 are in two"));
        let mut other = shards.clone();
        other[2].origin.protocol = Protocol::Clean;
        assert!(message(&other).contains("images 48..72 are of another whole"));
    }

    #[test]
    fn a_shard_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.npz");
        let mut written = shard(1, 3);
        for spatial in [written.spatial.clone(), None] {
            written.spatial = spatial;
            written.write(&path).unwrap();
            assert_eq!(Shard::read(&path).unwrap(), written);
        }
        crate::Statistics { moments: written.sums.moments().unwrap(), spatial: None, origin: None }
            .write(&path)
            .unwrap();
        let message = Shard::read(&path).unwrap_err().to_string();
        assert!(message.contains("it has no array `images`, only mu, sigma"), "{message}");
    }
}

//! Partial sums of a share of the images, which are added up to those of all.

use std::path::Path;

use super::npz::{NpzFile, NpzWriter};
use super::shard_head::HEAD;
use super::{ExactSums, ShardHead};
use crate::{Error, Result};

/// Sums over consecutive images of a whole.
///
/// Of d features they are d (d + 3) / 2 numbers of 16 bytes, however many images there are: 34 MB of the 2048 of
/// Inception, and as much again for sFID.
#[derive(Clone, Debug, PartialEq)]
pub struct Shard {
    /// Which images, and what decides them.
    pub head: ShardHead,
    /// The sums of its images.
    pub sums: ExactSums,
    /// The sums of the features that keep places, for protocols with sFID.
    pub spatial: Option<ExactSums>,
}

impl Shard {
    /// Writes the shard as an `.npz`; it appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`]; what was there before is as it was.
    pub fn write(&self, path: &Path) -> Result<()> {
        self.arrays(path)?.write(path)
    }

    /// The same, unless there is such a file.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write_new(&self, path: &Path) -> Result<()> {
        self.arrays(path)?.write_new(path)
    }

    fn arrays(&self, path: &Path) -> Result<NpzWriter> {
        let mut file = NpzWriter::new();
        let written = (|| {
            let json = serde_json::to_vec(&self.head)?;
            file.add(HEAD, &[json.len()], json)?;
            add_sums(&mut file, "", &self.sums)?;
            self.spatial.as_ref().map_or(Ok(()), |sums| add_sums(&mut file, "_s", sums))
        })();
        written.map_err(|source| Error::Write { path: path.to_owned(), source })?;
        Ok(file)
    }

    /// Reads a shard.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Npz`] for a file that is no shard.
    pub fn read(path: &Path) -> Result<Self> {
        let mut file = NpzFile::open(path)?;
        let head = ShardHead::read_from(&mut file)?;
        let sums = read_sums(&mut file, "")?;
        let spatial = file.has("sums_s").then(|| read_sums(&mut file, "_s")).transpose()?;
        let count = head.images.end - head.images.start;
        if [Some(&sums), spatial.as_ref()].into_iter().flatten().any(|sums| sums.images() != count)
        {
            return Err(file.problem("its sums are of another number of images"));
        }
        Ok(Self { head, sums, spatial })
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

/// Shards without images.
#[cfg(test)]
pub(super) mod testing {
    use pixelflow::noise::{Key, Purpose};
    use serde_json::Map;

    use super::super::shard_of;
    use super::*;
    use crate::{Features, Origin, Protocol};

    /// Shard `index` of `count` of 100 images in batches of 8.
    pub(in super::super) fn shard(index: u64, count: u64) -> Shard {
        let values = Key::new(1, 0, Purpose::Testing).normals(100 * 3);
        let features = Features::new(3, values).unwrap();
        let images = shard_of(100, 8, index, count).unwrap();
        let mut sums = ExactSums::empty(3);
        sums.add(&features.range(images.start as usize..images.end as usize)).unwrap();
        let [network, weights, data] = ["Inception-v3", "00ff", "12"].map(str::to_owned);
        let origin = Origin { protocol: Protocol::Adm, network, weights, data };
        let settings = Map::from_iter([("batch".to_owned(), 8.into())]);
        let head = ShardHead { share: images.clone(), images, of: 100, origin, settings };
        Shard { head, spatial: Some(sums.clone()), sums }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::shard;
    use super::*;

    #[test]
    fn a_shard_comes_back_as_it_was_written_and_replaces_nothing_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.npz");
        let mut written = shard(1, 3);
        for spatial in [written.spatial.clone(), None] {
            written.spatial = spatial;
            written.write(&path).unwrap();
            assert_eq!(Shard::read(&path).unwrap(), written);
            assert_eq!(ShardHead::read(&path).unwrap(), written.head);
        }
        let message = shard(0, 3).write_new(&path).unwrap_err().to_string();
        assert!(message.starts_with("cannot write ") && Shard::read(&path).unwrap() == written);
    }

    #[test]
    fn what_is_no_shard_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shard.npz");
        let is = |part: &str| {
            let message = Shard::read(&path).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        let good = shard(1, 3);
        let moments = good.sums.moments().unwrap();
        crate::Statistics { moments, spatial: None, origin: None }.write(&path).unwrap();
        is("have an array `shard`, and it has mu, sigma");
        let mut other = good.clone();
        other.head.images.end += 1;
        other.write(&path).unwrap();
        is("it has images 32..65 of its 32..64, of 100 in all");
        other.head.share.end += 1;
        other.write(&path).unwrap();
        is("its sums are of another number of images");
        // No images have such sums: adding them up would go beyond what a number holds.
        let (images, sums, products) = good.sums.parts();
        let mut file = NpzWriter::new();
        let json = serde_json::to_vec(&good.head).unwrap();
        file.add(HEAD, &[json.len()], json).unwrap();
        file.add("count", &[1], [images.cast_signed()]).unwrap();
        file.add("sums", &[sums.len(), 2], vec![i64::MAX; 2 * sums.len()]).unwrap();
        file.add("products", &[products.len(), 2], vec![0_i64; 2 * products.len()]).unwrap();
        file.write(&path).unwrap();
        is("its `sums` and `products` do not fit");
    }
}

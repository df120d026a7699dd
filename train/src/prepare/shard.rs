//! One tar file of a prepared data set.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use pixelflow::durable::DurableFile;
use pixelflow::weights::file_hash;
use pixelflow_dataset::Source;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fitting::Fitting;
use super::image_file::{Change, ImageFile, image_file};
use crate::error::{read_error, write_error};
use crate::{Error, Result};

/// Files for each thread that wait to be written, at most: of large images each takes tens of megabytes.
const WAITING: usize = 4;

/// A tar file as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shard {
    /// Its name.
    pub file: String,
    /// How many images it has.
    pub images: usize,
    /// Its size.
    pub bytes: u64,
    /// The first 16 hex digits of its SHA-256.
    pub sha256: String,
    /// Images in it that were turned or mirrored as their metadata say.
    pub turned: usize,
    /// Images in it that were scaled or cut.
    pub fitted: usize,
    /// Its images of each bucket, where there are buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<BucketImages>,
}

/// How many images are in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BucketImages {
    /// `[height, width]` in pixels.
    pub size: [usize; 2],
    /// How many images have it.
    pub images: usize,
}

impl BucketImages {
    /// Those of some images, by size.
    fn of(changes: &[Change]) -> Vec<Self> {
        let mut count: BTreeMap<[usize; 2], usize> = BTreeMap::new();
        for size in changes.iter().filter_map(|change| change.bucket) {
            *count.entry(size).or_default() += 1;
        }
        count.into_iter().map(|(size, images)| Self { size, images }).collect()
    }
}

impl Shard {
    /// What lies in a folder under this name now.
    ///
    /// # Errors
    /// What reading it says.
    pub fn of(folder: &Path, file: String, changes: &[Change]) -> Result<Self> {
        let path = folder.join(&file);
        Ok(Self {
            images: changes.len(),
            bytes: fs::metadata(&path).map_err(read_error(&path))?.len(),
            sha256: file_hash(std::slice::from_ref(&path))?,
            file,
            turned: changes.iter().filter(|change| change.turned).count(),
            fitted: changes.iter().filter(|change| change.fitted).count(),
            buckets: BucketImages::of(changes),
        })
    }

    /// Whether it lies in a folder as it was written.
    pub fn is_in(&self, folder: &Path) -> bool {
        let path = folder.join(&self.file);
        let has_size = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == self.bytes);
        has_size && file_hash(&[path]).is_ok_and(|hash| hash == self.sha256)
    }
}

/// A record of a shard: its number in the prepared data set and in the original one.
pub(super) type Numbers = [usize; 2];

/// Writes a shard durably; counts what was done to its images. `goes_on` is asked after some images; `None` if it says
/// no.
///
/// # Errors
/// What reading, decoding and writing say; then there is no such file.
pub(super) fn write_shard(
    path: &Path,
    (source, is_labelled): (&dyn Source, bool),
    records: &[Numbers],
    fitting: Option<&Fitting>,
    mut goes_on: impl FnMut(usize) -> bool,
) -> Result<Option<Vec<Change>>> {
    let write = |error: io::Error| write_error(path)(error);
    let mut tar = tar::Builder::new(DurableFile::create(path).map_err(write)?);
    let mut changes = Vec::with_capacity(records.len());
    for chunk in records.chunks(WAITING * rayon::current_num_threads()) {
        let files: Vec<Result<(String, Value, ImageFile)>> = chunk
            .par_iter()
            .map(|&[number, original]| {
                let record = source.encoded(original)?;
                let facts = facts(source, original, is_labelled, &record.name)?;
                let image = image_file(record, fitting)?;
                Ok((format!("{number:08}"), facts, image))
            })
            .collect();
        for file in files {
            let (key, facts, image) = file?;
            changes.push(image.change);
            let facts = facts.to_string();
            append(&mut tar, &format!("{key}.{}", image.extension), &image.bytes).map_err(write)?;
            append(&mut tar, &format!("{key}.json"), facts.as_bytes()).map_err(write)?;
        }
        if !goes_on(chunk.len()) {
            return Ok(None);
        }
    }
    tar.into_inner().and_then(DurableFile::finish).map_err(write)?;
    Ok(Some(changes))
}

/// What is known of a record: its class, its captions, and its name in the original data set.
fn facts(source: &dyn Source, number: usize, is_labelled: bool, name: &str) -> Result<Value> {
    let mut facts = Map::new();
    if is_labelled {
        let (_, label) = source.identity(number);
        facts.insert("label".to_owned(), source.classes()[label].clone().into());
    }
    let mut captions = source.captions(number).map_err(Error::from)?;
    match captions.len() {
        0 => {}
        1 => drop(facts.insert("caption".to_owned(), captions.remove(0).into())),
        _ => drop(facts.insert("caption".to_owned(), captions.into())),
    }
    facts.insert("source".to_owned(), name.into());
    Ok(facts.into())
}

/// Adds a file without anything that differs between two runs.
fn append(tar: &mut tar::Builder<DurableFile>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    tar.append_data(&mut header, name, bytes)
}

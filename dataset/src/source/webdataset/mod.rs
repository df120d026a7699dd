//! `WebDataset`: tar files whose members belong together when they share a name up to the last dot.
//!
//! `000017.png`, `000017.json` and `000017.txt` are one sample. A sample has one image, a label
//! (`.cls` or a field of `.json`) and perhaps captions (the lines of `.txt`, or a text or list of texts
//! in a field of `.json`). What is beside it up to the first dot, as `000017.depth.png`, is left out.

mod index;
mod member;
mod sample;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::index::TarIndex;
pub(super) use self::member::MAX_TEXT_BYTES;
use self::member::{Span, json_captions, parse_json};
use self::sample::Sample;
use super::labels::{Classes, Label};
use super::text::{parse_text, shown_path};
use super::{BEGINNING, Encoded, EncodedRecord, LeftOut, Source, io_error, record_error};
use crate::{Error, Result, decode};

/// A `WebDataset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebDatasetConfig {
    /// The tar files, in order; a folder stands for all `.tar` files in it, sorted, but hidden ones.
    pub paths: Vec<PathBuf>,
    /// Field of `.json` that holds the label, a class name or a class index. Default `label`.
    #[serde(default = "label_field")]
    pub label_field: String,
    /// Field of `.json` that holds the caption or a list of them, if there is no `.txt`. Default `caption`.
    #[serde(default = "caption_field")]
    pub caption_field: String,
    /// Look for no labels: every image has label 0. Default false.
    #[serde(default)]
    pub unlabelled: bool,
    /// Names of the classes in the order of their labels. Default: the names found, sorted; numbers as
    /// numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

fn label_field() -> String {
    "label".to_owned()
}

fn caption_field() -> String {
    "caption".to_owned()
}

impl WebDatasetConfig {
    /// Labels and captions in the fields `label` and `caption`.
    pub fn new(paths: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            paths: paths.into_iter().map(Into::into).collect(),
            label_field: label_field(),
            caption_field: caption_field(),
            unlabelled: false,
            classes: None,
        }
    }
}

/// An opened `WebDataset`: an index in memory, the images on disk.
#[derive(Debug)]
pub struct WebDatasetSource {
    shards: Vec<Shard>,
    records: Vec<Record>,
    classes: Vec<String>,
    caption_field: String,
    left_out: LeftOut,
}

/// Where the image of a record is, and its class index. There may be millions: three words of 32 bits.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Number of the tar file.
    shard: u32,
    /// Number of the sample in it.
    sample: u32,
    class: u32,
}

/// One tar file and what is in it.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    samples: Vec<Sample>,
}

impl Shard {
    fn sample_name(&self, sample: &Sample) -> String {
        format!("{}:{}", shown_path(&self.path), sample.key)
    }
}

impl WebDatasetSource {
    /// Reads the headers and labels of all tar files.
    ///
    /// # Errors
    /// [`Error::Io`]; what [`TarIndex::read`] says; [`Error::InvalidLabel`] when names and numbers are
    /// mixed; [`Error::NoRecords`].
    pub fn open(config: &WebDatasetConfig) -> Result<Self> {
        let mut left_out = LeftOut::default();
        let mut paths = Vec::new();
        for path in &config.paths {
            paths.extend(shard_paths(path, &mut left_out)?);
        }
        let label_field = (!config.unlabelled).then_some(config.label_field.as_str());
        let indexed: Vec<(PathBuf, TarIndex)> = paths
            .into_par_iter()
            .map(|path| {
                let file = File::open(&path).map_err(io_error(&path))?;
                let index = TarIndex::read(file, &path, label_field)?;
                Ok((path, index))
            })
            .collect::<Result<_>>()?;
        let mut shards = Vec::with_capacity(indexed.len());
        let mut labels = Vec::new();
        for (path, TarIndex { samples, labels: labels_here, left_out: beside }) in indexed {
            left_out.add(beside);
            labels.extend(labels_here);
            shards.push(Shard { path, samples });
        }
        let places = || {
            shards.iter().enumerate().flat_map(|(number, shard)| {
                shard.samples.iter().enumerate().map(move |(index, sample)| {
                    (Record { shard: number as u32, sample: index as u32, class: 0 }, shard, sample)
                })
            })
        };
        let names = places().map(|(_, shard, sample)| shard.sample_name(sample));
        let classes = Classes::of(labels.iter().zip(names), config.classes.as_deref())?;
        let mut records = Vec::with_capacity(labels.len());
        for ((record, shard, sample), label) in places().zip(&labels) {
            match classes.index(label, || shard.sample_name(sample)) {
                Ok(class) => records.push(Record { class: class as u32, ..record }),
                Err(error) => left_out.record(error),
            }
        }
        let classes = classes.into_names();
        if records.is_empty() {
            let places: Vec<String> = config.paths.iter().map(|path| shown_path(path)).collect();
            return Err(Error::NoRecords { place: places.join(", "), left_out });
        }
        Ok(Self { shards, records, classes, caption_field: config.caption_field.clone(), left_out })
    }

    /// All fields of a record's `.json`, label and caption among them; `None` if it has no `.json`.
    ///
    /// Data sets keep there what else they know about an image, such as its attributes:
    ///
    /// ```no_run
    /// use pixelflow_dataset::source::{WebDatasetConfig, WebDatasetSource};
    ///
    /// let source = WebDatasetSource::open(&WebDatasetConfig::new(["heroes.tar"]))?;
    /// let fields = source.fields(0)?.unwrap_or_default();
    /// assert_eq!(fields["species"], "lava orc");
    /// assert!(fields["cloak"].is_null());
    /// # Ok::<(), pixelflow_dataset::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::InvalidText`] if it is no JSON object.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Source::len).
    pub fn fields(&self, index: usize) -> Result<Option<Map<String, Value>>> {
        let (shard, sample) = self.locate(index);
        let Some(span) = sample.json else {
            return Ok(None);
        };
        let name = format!("{}.json", shard.sample_name(sample));
        parse_json(&read_text(&shard.path, span, &name)?, &name).map(Some)
    }

    /// The tar file of a record and its sample in it.
    fn locate(&self, index: usize) -> (&Shard, &Sample) {
        let Record { shard, sample, .. } = self.records[index];
        let shard = &self.shards[shard as usize];
        (shard, &shard.samples[sample as usize])
    }
}

impl Source for WebDatasetSource {
    fn len(&self) -> usize {
        self.records.len()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn left_out(&self) -> LeftOut {
        self.left_out.clone()
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        let label = self.records[index].class as usize;
        let (shard, sample) = self.locate(index);
        let name = shard.sample_name(sample);
        decode::check_size(sample.image.bytes(), &name)?;
        let image = Encoded::File(read_span(&shard.path, sample.image, &name)?);
        Ok(EncodedRecord { image, label, name })
    }

    fn captions(&self, index: usize) -> Result<Vec<String>> {
        let (shard, sample) = self.locate(index);
        let name = shard.sample_name(sample);
        match (sample.text, sample.json) {
            (None, None) => Ok(Vec::new()),
            (Some(span), _) => {
                let name = format!("{name}.txt");
                let bytes = read_text(&shard.path, span, &name)?;
                let lines = parse_text(&bytes, &name)?.lines().map(str::trim);
                Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
            }
            (None, Some(span)) => {
                let name = format!("{name}.json");
                let fields = parse_json(&read_text(&shard.path, span, &name)?, &name)?;
                json_captions(fields.get(&self.caption_field), &name)
            }
        }
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        let (shard, sample) = self.locate(index);
        read_span(&shard.path, sample.image.beginning(BEGINNING), &shard.sample_name(sample))
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        let (_, sample) = self.locate(index);
        (sample.key.as_bytes().into(), self.records[index].class as usize)
    }
}

/// Files that a prepared data set has beside its tar files: what is in them, and some of their images.
pub const ABOUT: [&str; 2] = ["manifest.json", "contact-sheet.png"];

/// The tar files a configured path stands for.
fn shard_paths(path: &Path, left_out: &mut LeftOut) -> Result<Vec<PathBuf>> {
    if !fs::metadata(path).map_err(io_error(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(io_error(path))?;
    let files = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = files.collect::<std::io::Result<_>>().map_err(io_error(path))?;
    files.sort_unstable();
    files.retain(|file| {
        let is_tar = is_tar(file);
        let is_about_them = file.file_name().is_some_and(|name| ABOUT.iter().any(|a| name == *a));
        if !is_tar && !is_about_them {
            leave_out(file, left_out);
        }
        is_tar
    });
    Ok(files)
}

/// Whether a path is a tar file by its name; hidden ones are what other systems leave behind.
pub fn is_tar(path: &Path) -> bool {
    let ending = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tar"));
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    ending && !hidden && path.is_file()
}

/// Counts what lies beside tar files.
fn leave_out(path: &Path, left_out: &mut LeftOut) {
    let name = shown_path(path);
    let ends_in = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    if path.is_symlink() && !path.exists() {
        left_out.record(format_args!("{name} is a link that leads nowhere"));
    } else if [".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2"].into_iter().any(ends_in) {
        left_out.record(format_args!("{name} is compressed; unpack it to a .tar first"));
    } else if decode::is_image(path) || decode::is_unsupported_image(path) {
        left_out.record(format_args!("{name} lies beside tar files, not in one"));
    } else {
        left_out.file(
            name,
            if path.is_dir() { "is a folder beside tar files" } else { "is no tar file" },
        );
    }
}

/// Reads a text of a record.
fn read_text(path: &Path, span: Span, record: &str) -> Result<Vec<u8>> {
    let bytes = span.bytes();
    if bytes > MAX_TEXT_BYTES {
        let record = record.to_owned();
        return Err(Error::TooLarge { record, bytes, limit: MAX_TEXT_BYTES });
    }
    read_span(path, span, record)
}

/// Reads one member; its length was checked against the file's when the index was made.
fn read_span(path: &Path, span: Span, record: &str) -> Result<Vec<u8>> {
    let mut bytes = vec![0; span.bytes() as usize];
    // Opened anew each time: any number of shards, any number of threads.
    File::open(path)
        .and_then(|mut file| {
            file.seek(SeekFrom::Start(span.offset()))?;
            file.read_exact(&mut bytes)
        })
        .map_err(record_error(path, record))?;
    Ok(bytes)
}

/// What every image of an unlabelled data set has.
const NO_LABEL: Label = Label::Index(0);

#[cfg(test)]
mod tests;

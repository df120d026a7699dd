//! `WebDataset`: tar files whose members belong together when they share a name up to the first dot.
//!
//! `000017.png`, `000017.json` and `000017.txt` are one sample. A sample has one image, a label
//! (`.cls` or a field of `.json`) and perhaps a caption (`.txt` or a field of `.json`).

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

use self::index::index_shard;

use self::member::{Caption, Span, parse_json, parse_text};
use self::sample::Sample;
use super::labels::{self, Label};
use super::{BEGINNING, Record, Source, io_error};
use crate::{Error, Result, decode};

/// A `WebDataset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebDatasetConfig {
    /// The tar files, in order; a folder stands for all `.tar` files in it, sorted.
    pub paths: Vec<PathBuf>,
    /// Field of `.json` that holds the label, a class name or a class index. Default `label`.
    #[serde(default = "label_field")]
    pub label_field: String,
    /// Field of `.json` that holds the caption, if there is no `.txt`. Default `caption`.
    #[serde(default = "caption_field")]
    pub caption_field: String,
    /// Look for no labels: every image has label 0. Default false.
    #[serde(default)]
    pub unlabelled: bool,
    /// Names of the classes in the order of their labels. Default: the names found, sorted.
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
    /// Number of the first sample of every shard.
    starts: Vec<usize>,
    labels: Vec<usize>,
    classes: Vec<String>,
    caption_field: String,
}

/// One tar file and what is in it.
#[derive(Debug)]
struct Shard {
    path: PathBuf,
    samples: Vec<Sample>,
}

impl Shard {
    fn sample_name(&self, sample: &Sample) -> String {
        format!("{}:{}", self.path.display(), sample.key)
    }
}

impl WebDatasetSource {
    /// Reads the headers and labels of all tar files.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::TruncatedTar`] and [`Error::DamagedTar`]; [`Error::UnsafeMember`] for
    /// absolute paths, `..`, links and devices; [`Error::TooLarge`]; [`Error::InvalidSample`];
    /// [`Error::InvalidText`]; [`Error::MissingLabel`] and [`Error::InvalidLabel`];
    /// [`Error::NoRecords`].
    pub fn open(config: &WebDatasetConfig) -> Result<Self> {
        let paths: Vec<Vec<PathBuf>> =
            config.paths.iter().map(|path| shard_paths(path)).collect::<Result<_>>()?;
        let label_field = (!config.unlabelled).then_some(config.label_field.as_str());
        let shards: Vec<Shard> = paths
            .concat()
            .into_par_iter()
            .map(|path| Ok(Shard { samples: index_shard(&path, label_field)?, path }))
            .collect::<Result<_>>()?;

        let starts = shards.iter().scan(0, |next, shard| {
            let start = *next;
            *next += shard.samples.len();
            Some(start)
        });
        let starts = starts.collect();
        let named = shards.iter().flat_map(|shard| {
            shard.samples.iter().map(|sample| (&sample.label, shard.sample_name(sample)))
        });
        if named.clone().next().is_none() {
            let places: Vec<String> =
                config.paths.iter().map(|path| path.display().to_string()).collect();
            return Err(Error::NoRecords { place: places.join(", ") });
        }
        let (labels, classes) = labels::resolve(named, config.classes.as_deref())?;
        Ok(Self { starts, labels, classes, caption_field: config.caption_field.clone(), shards })
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
        let (Shard { path, .. }, sample) = self.locate(index);
        let Some(span) = sample.json else {
            return Ok(None);
        };
        let mut file = File::open(path).map_err(io_error(path))?;
        let bytes = read_span(&mut file, path, span)?;
        let name = format!("{}:{}.json", path.display(), sample.key);
        parse_json(&bytes, &name).map(Some)
    }

    /// The tar file of a record and its sample in it.
    fn locate(&self, index: usize) -> (&Shard, &Sample) {
        let number = self.starts.partition_point(|&start| start <= index) - 1;
        let shard = &self.shards[number];
        (shard, &shard.samples[index - self.starts[number]])
    }

    fn caption_of(&self, file: &mut File, path: &Path, sample: &Sample) -> Result<Option<String>> {
        let (span, name) = match &sample.caption {
            Some(Caption::Text(span)) => (span, format!("{}:{}.txt", path.display(), sample.key)),
            Some(Caption::Json(span)) => (span, format!("{}:{}.json", path.display(), sample.key)),
            None => return Ok(None),
        };
        let bytes = read_span(file, path, *span)?;
        if let Some(Caption::Text(_)) = &sample.caption {
            return Ok(Some(parse_text(&bytes, &name)?.trim().to_owned()));
        }
        let fields = parse_json(&bytes, &name)?;
        Ok(fields.get(&self.caption_field).and_then(|text| text.as_str()).map(str::to_owned))
    }
}

impl Source for WebDatasetSource {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn read(&self, index: usize) -> Result<Record> {
        let label = self.labels[index];
        let (shard, sample) = self.locate(index);
        let (path, name) = (&shard.path, shard.sample_name(sample));
        // Opened anew each time: any number of shards, any number of threads.
        let mut file = File::open(path).map_err(io_error(path))?;
        let bytes = read_span(&mut file, path, sample.image)?;
        let image = decode::decode(&bytes, &name)?;
        let caption = self.caption_of(&mut file, path, sample)?;
        Ok(Record { image, label, caption, name })
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        let (Shard { path, .. }, sample) = self.locate(index);
        let mut file = File::open(path).map_err(io_error(path))?;
        let span = Span { length: sample.image.length.min(BEGINNING), ..sample.image };
        read_span(&mut file, path, span)
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        (self.locate(index).1.key.as_bytes().into(), self.labels[index])
    }

    fn caption(&self, index: usize) -> Result<Option<String>> {
        let (Shard { path, .. }, sample) = self.locate(index);
        let mut file = File::open(path).map_err(io_error(path))?;
        self.caption_of(&mut file, path, sample)
    }
}

/// The tar files a configured path stands for.
fn shard_paths(path: &Path) -> Result<Vec<PathBuf>> {
    if !fs::metadata(path).map_err(io_error(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(io_error(path))?;
    let files = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = files.collect::<std::io::Result<_>>().map_err(io_error(path))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "tar"));
    files.sort_unstable();
    Ok(files)
}

/// Reads one member; its length was checked against the file's when the index was made.
fn read_span(file: &mut File, path: &Path, span: Span) -> Result<Vec<u8>> {
    let mut bytes = vec![0; span.length];
    file.seek(SeekFrom::Start(span.offset)).map_err(io_error(path))?;
    file.read_exact(&mut bytes).map_err(io_error(path))?;
    Ok(bytes)
}

/// What every image of an unlabelled data set has.
const NO_LABEL: Label = Label::Index(0);

#[cfg(test)]
mod tests;

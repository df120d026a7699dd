//! Where images, labels and captions come from.
//!
//! Every source gives any record at any time, from any thread: the order is the loader's business.

mod folder;
mod idx;
mod labels;
mod left_out;
mod parquet;
mod relabelled;
mod split;
mod text;
mod webdataset;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::parquet::{MAX_PAGE_BYTES, ParquetConfig, ParquetSource, has_parquet, is_parquet};
pub use folder::FolderConfig;
use folder::FolderSource;
pub use idx::IdxConfig;
use idx::IdxSource;
pub use labels::are_sorted_as_numbers;
pub use left_out::LeftOut;
pub use relabelled::{ClassDifference, relabelled, relabelled_among, without};
pub use split::{HeldOut, Subset, split};
pub use webdataset::{ABOUT, TarIndex, WebDatasetConfig, WebDatasetSource, is_tar};

use crate::decode::Opened;
use crate::{Error, Raster, Result};

/// One image of a data set and what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The pixels, in their original size.
    pub image: Raster,
    /// Class index, below the number of classes.
    pub label: usize,
    /// File or member the image comes from, for messages.
    pub name: String,
}

/// A [`Record`] whose image has been read but not decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedRecord {
    /// The image.
    pub image: Encoded,
    /// As in [`Record`].
    pub label: usize,
    /// As in [`Record`].
    pub name: String,
}

/// An image as a source has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Encoded {
    /// A file of pixels, PNG, JPEG or WebP.
    File(Vec<u8>),
    /// Pixels.
    Pixels(Raster),
}

impl EncodedRecord {
    /// Reads the header of the image.
    pub(crate) fn open(&self) -> Result<Opened<'_>> {
        match &self.image {
            Encoded::File(bytes) => Opened::new(bytes, &self.name),
            Encoded::Pixels(image) => Ok(Opened::decoded(image, &self.name)),
        }
    }

    /// Decodes the image.
    ///
    /// # Errors
    /// As [`decode`](crate::decode()).
    pub fn decode(self) -> Result<Record> {
        let image = self.open()?.decode()?.into_owned();
        Ok(Record { image, label: self.label, name: self.name })
    }
}

/// A data set with random access.
pub trait Source: Send + Sync {
    /// Number of records.
    fn len(&self) -> usize;

    /// Whether there are no records. Sources opened by [`SourceConfig::open`] always have some.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names of the classes; a label is an index into them.
    fn classes(&self) -> &[String];

    /// Channels of every image: 1 (grey) or 3 (RGB).
    fn channels(&self) -> usize {
        3
    }

    /// What lies beside the records, and what would be records but cannot be used.
    fn left_out(&self) -> LeftOut {
        LeftOut::default()
    }

    /// Reads record `index`.
    ///
    /// # Errors
    /// One for which [`Error::is_corrupt_record`] holds when only this record is bad, any other
    /// when the whole source is.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len).
    fn encoded(&self, index: usize) -> Result<EncodedRecord>;

    /// Reads and decodes record `index`.
    ///
    /// # Errors
    /// As [`encoded`](Self::encoded), and [`decode`](crate::decode())'s.
    ///
    /// # Panics
    /// As [`encoded`](Self::encoded).
    fn read(&self, index: usize) -> Result<Record> {
        self.encoded(index)?.decode()
    }

    /// What record `index` is called, wherever the data set lies, and its label: without reading it.
    ///
    /// # Panics
    /// As [`read`](Self::read).
    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize);

    /// The beginning of record `index`'s image as it is stored, 64 KiB at most; nothing where there is no
    /// file. With it records can be told apart that are called alike.
    ///
    /// # Errors
    /// As [`encoded`](Self::encoded).
    ///
    /// # Panics
    /// As [`encoded`](Self::encoded).
    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        let _ = index;
        Ok(Vec::new())
    }

    /// The number of record `index` in the data set that was opened, of which this may be a part.
    fn origin(&self, index: usize) -> usize {
        index
    }

    /// The texts that describe record `index`, any of which will do; none where it has no caption.
    ///
    /// # Errors
    /// As [`encoded`](Self::encoded).
    ///
    /// # Panics
    /// As [`encoded`](Self::encoded).
    fn captions(&self, index: usize) -> Result<Vec<String>> {
        let _ = index;
        Ok(Vec::new())
    }

    /// The first of the [`captions`](Self::captions) of record `index`.
    ///
    /// # Errors
    /// As [`encoded`](Self::encoded).
    ///
    /// # Panics
    /// As [`encoded`](Self::encoded).
    fn caption(&self, index: usize) -> Result<Option<String>> {
        Ok(self.captions(index)?.into_iter().next())
    }
}

/// Which data set to open, as it is written in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceConfig {
    /// Tar files of images with their labels and captions: `kind = "webdataset"`.
    WebDataset(WebDatasetConfig),
    /// A folder for each class: `kind = "folder"`.
    Folder(FolderConfig),
    /// The format of MNIST and Fashion-MNIST: `kind = "idx"`.
    Idx(IdxConfig),
}

impl SourceConfig {
    /// Opens the data set: reads its index and checks all of its labels.
    ///
    /// # Errors
    /// See [`WebDatasetSource::open`], `FolderSource::open` and `IdxSource::open`.
    pub fn open(&self) -> Result<Arc<dyn Source>> {
        Ok(match self {
            Self::WebDataset(config) => Arc::new(WebDatasetSource::open(config)?),
            Self::Folder(config) => Arc::new(FolderSource::open(config)?),
            Self::Idx(config) => Arc::new(IdxSource::open(config)?),
        })
    }

    /// Opens the data set with the classes of another one, so that equal labels mean equal classes.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`Error::InvalidLabel`] for a label that is not among `classes`.
    pub fn open_with_classes(&self, classes: &[String]) -> Result<Arc<dyn Source>> {
        let mut config = self.clone();
        match &mut config {
            Self::WebDataset(config) => config.classes = Some(classes.to_vec()),
            Self::Folder(config) => config.classes = Some(classes.to_vec()),
            Self::Idx(config) => config.classes = Some(classes.to_vec()),
        }
        config.open()
    }
}

/// Bytes of an image's beginning, at most.
const BEGINNING: usize = 1 << 16;

/// Wraps an operating system's error on a whole source.
fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}

/// Wraps an operating system's error on one record's file: it is the record's fault if the file is
/// gone, shorter than it was, not allowed or a link to nowhere, and the system's otherwise.
fn record_error(path: &Path, record: &str) -> impl FnOnce(std::io::Error) -> Error {
    use std::io::ErrorKind::{
        IsADirectory, NotADirectory, NotFound, PermissionDenied, UnexpectedEof,
    };
    move |error| {
        let kinds = [IsADirectory, NotADirectory, NotFound, PermissionDenied, UnexpectedEof];
        if kinds.contains(&error.kind()) || path.is_symlink() {
            Error::Unreadable { record: record.to_owned(), reason: error.to_string() }
        } else {
            io_error(path)(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named_by_every_source() {
        let missing = Path::new("does/not/exist");
        let configs = [
            SourceConfig::WebDataset(WebDatasetConfig::new([missing])),
            SourceConfig::Folder(FolderConfig::new(missing)),
            SourceConfig::Idx(IdxConfig::new(missing, missing)),
        ];
        for config in configs {
            let error = config.open().err().expect("there is no such file").to_string();
            assert!(error.starts_with("cannot read does/not/exist: "), "{error}");
        }
    }

    #[test]
    fn configurations_are_told_by_kind_and_know_their_fields() {
        let parse = |text: &str| serde_json::from_str::<SourceConfig>(text);
        let folder = parse(r#"{"kind": "folder", "path": "images"}"#).unwrap();
        assert_eq!(folder, SourceConfig::Folder(FolderConfig::new("images")));
        let tar = parse(r#"{"kind": "webdataset", "paths": ["a.tar"]}"#).unwrap();
        assert_eq!(tar, SourceConfig::WebDataset(WebDatasetConfig::new(["a.tar"])));

        let typo = parse(r#"{"kind": "folder", "path": "images", "clases": []}"#).unwrap_err();
        assert!(typo.to_string().contains("unknown field `clases`"), "{typo}");
        let unknown = parse(r#"{"kind": "parquet"}"#).unwrap_err();
        assert!(unknown.to_string().contains("unknown variant `parquet`"), "{unknown}");
    }
}

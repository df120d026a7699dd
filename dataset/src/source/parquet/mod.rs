//! Parquet files, as the Hugging Face Hub keeps data sets of images.
//!
//! A row is an image: a column has the bytes of its file, another its label, a third perhaps a caption. Pages of some
//! hundred rows are unpacked together, so that reading in order is fast and reading in any order is not: such a data set
//! is made tar files of before it is trained on.

mod columns;
mod files;
mod footer;
mod labels;
mod page_cache;
mod page_header;
mod pages;
#[cfg(test)]
mod tests;
mod thrift;

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use parquet::data_type::ByteArray;
use parquet::file::metadata::ParquetMetaData;

use self::columns::Columns;
use self::files::files;
pub use self::files::is_parquet;
use self::footer::read_footer;
use self::labels::read_labels;
use self::page_cache::PageCache;
pub use self::page_header::MAX_PAGE_BYTES;
use self::pages::{Pages, Values};
use super::text::{parse_text, shown, shown_path};
use super::webdataset::MAX_TEXT_BYTES;
use super::{BEGINNING, Encoded, EncodedRecord, LeftOut, Source, io_error};
use crate::{Error, Result, decode};

/// Longest name of an image that is shown, in bytes.
const MAX_NAME: usize = 256;

/// A data set of parquet files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParquetConfig {
    /// The file, or a folder of them, in order of name.
    pub path: PathBuf,
    /// Look for no labels: every image has label 0. Default false.
    pub unlabelled: bool,
}

impl ParquetConfig {
    /// Those with labels.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), unlabelled: false }
    }
}

/// An opened data set of parquet files: an index and labels in memory, the images on disk.
#[derive(Debug)]
pub struct ParquetSource {
    files: Vec<ParquetFile>,
    records: Vec<Record>,
    classes: Vec<String>,
    left_out: LeftOut,
    cache: PageCache,
}

/// A file and where its columns are.
#[derive(Debug)]
struct ParquetFile {
    path: PathBuf,
    metadata: ParquetMetaData,
    columns: Columns,
    rows: usize,
    images: Pages,
    paths: Option<Pages>,
    captions: Option<Pages>,
    labels: Option<Pages>,
}

/// Where a record is, and its class index. There may be millions: three words of 32 bits.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// Number of the file.
    file: u32,
    /// Number of the row in it.
    row: u32,
    class: u32,
}

impl ParquetFile {
    fn open(path: PathBuf, unlabelled: bool) -> Result<Self> {
        let mut file = File::open(&path).map_err(io_error(&path))?;
        let metadata = read_footer(&mut file, &path)?;
        let columns = Columns::of(&path, &metadata, !unlabelled)?;
        let mut pages = |column| Pages::of(&mut file, &path, &metadata, column);
        let images = pages(columns.image)?;
        let paths = columns.path.map(&mut pages).transpose()?;
        let captions = columns.caption.map(&mut pages).transpose()?;
        let labels = columns.label.as_ref().map(|label| pages(label.column)).transpose()?;
        let rows = metadata.row_groups().iter().map(|group| group.num_rows() as usize).sum();
        Ok(Self { path, metadata, columns, rows, images, paths, captions, labels })
    }

    /// What a row is called that has no name of its own.
    fn row_name(&self, row: usize) -> String {
        format!("{}:{row}", shown_path(&self.path))
    }
}

impl ParquetSource {
    /// Reads what is in the files and all of their labels; no image.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::DamagedParquet`]; [`Error::Parquet`] for one without images or labels;
    /// [`Error::InvalidLabel`] when names and numbers are mixed; [`Error::NoRecords`].
    pub fn open(config: &ParquetConfig) -> Result<Self> {
        let mut left_out = LeftOut::default();
        let files: Vec<ParquetFile> = files(&config.path, &mut left_out)?
            .into_iter()
            .map(|path| ParquetFile::open(path, config.unlabelled))
            .collect::<Result<_>>()?;
        for file in &files {
            for column in &file.columns.passed_over {
                left_out.file(
                    shown_path(&file.path),
                    &format!("has a part that is not used: {column}"),
                );
            }
        }
        let (records, classes) = read_labels(&files, &mut left_out)?;
        if records.is_empty() {
            return Err(Error::NoRecords { place: shown_path(&config.path), left_out });
        }
        Ok(Self { files, records, classes, left_out, cache: PageCache::default() })
    }

    /// The bytes in a column of a row; what is wrong with its page, if something is.
    fn value(
        &self,
        Record { file: number, row, .. }: Record,
        pages: &Pages,
    ) -> Result<Result<Option<ByteArray>, String>> {
        let file = &self.files[number as usize];
        let (page, place) = pages.place(row as usize);
        let span = pages.spans()[page];
        let key = [number as usize, pages.column, page];
        let read = || pages.read(&file.path, &file.metadata, span);
        let values = self.cache.page(key, span.memory, read)?;
        Ok(values.map(|values| match &*values {
            Values::Bytes(all) => all[place].clone(),
            Values::Numbers(_) => None,
        }))
    }

    fn locate(&self, index: usize) -> (Record, &ParquetFile) {
        let record = self.records[index];
        (record, &self.files[record.file as usize])
    }

    /// What messages call a record: its file, its row and what its own file was called.
    fn name(&self, record: Record) -> Result<String> {
        let file = &self.files[record.file as usize];
        let name = file.row_name(record.row as usize);
        let Some(paths) = &file.paths else { return Ok(name) };
        Ok(match self.value(record, paths)? {
            Ok(Some(path)) if !path.is_empty() => {
                let path = path.data();
                format!("{name} ({})", shown(&path[..path.len().min(MAX_NAME)]))
            }
            _ => name,
        })
    }

    /// The bytes of an image, and the name of its record.
    fn image(&self, index: usize) -> Result<(ByteArray, String)> {
        let (record, file) = self.locate(index);
        let name = self.name(record)?;
        let unreadable = |reason: String| Error::Unreadable { record: name.clone(), reason };
        let image = self.value(record, &file.images)?;
        let image = image.map_err(|reason| unreadable(format!("its page is damaged: {reason}")))?;
        let Some(image) = image else {
            return Err(unreadable("its row has no image (null)".to_owned()));
        };
        decode::check_size(image.len() as u64, &name)?;
        Ok((image, name))
    }
}

impl Source for ParquetSource {
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
        let (image, name) = self.image(index)?;
        let label = self.records[index].class as usize;
        Ok(EncodedRecord { image: Encoded::File(image.data().to_vec()), label, name })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        let (record, file) = self.locate(index);
        let mut name = file.path.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
        name.extend(format!(":{}", record.row).bytes());
        (name.into(), record.class as usize)
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        let (image, _) = self.image(index)?;
        Ok(image.data()[..image.len().min(BEGINNING)].to_vec())
    }

    fn captions(&self, index: usize) -> Result<Vec<String>> {
        let (record, file) = self.locate(index);
        let Some(captions) = &file.captions else { return Ok(Vec::new()) };
        let name = || file.row_name(record.row as usize);
        let caption = self.value(record, captions)?.map_err(|reason| Error::Unreadable {
            record: name(),
            reason: format!("the page of its caption is damaged: {reason}"),
        })?;
        let Some(caption) = caption else { return Ok(Vec::new()) };
        let bytes = caption.len() as u64;
        if bytes > MAX_TEXT_BYTES {
            return Err(Error::TooLarge { record: name(), bytes, limit: MAX_TEXT_BYTES });
        }
        let text = parse_text(caption.data(), &format!("the caption of {}", name()))?;
        Ok(if text.trim().is_empty() { Vec::new() } else { vec![text.to_owned()] })
    }
}

/// Whether a path is a parquet file, or a folder with some.
pub fn has_parquet(path: &Path) -> bool {
    let Ok(entries) = path.read_dir() else { return is_parquet(path) };
    entries.filter_map(Result::ok).any(|entry| is_parquet(&entry.path()))
}

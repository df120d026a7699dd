//! The pages of one column of a parquet file: where they are, and what is in them.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::page_header::{PageHeader, PageKind};
use crate::decode::catch;
use crate::source::io_error;
use crate::{Error, Result};

/// The pages of a column, in order. All rows are in them.
#[derive(Debug)]
pub(super) struct Pages {
    /// The number of the column among those that have values.
    pub column: usize,
    spans: Vec<PageSpan>,
}

/// Which rows are in a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageSpan {
    /// The row group that it is in.
    group: usize,
    /// Its first row, counted in the row group.
    first_in_group: usize,
    /// The same, counted in the file.
    first: usize,
    rows: usize,
    /// Bytes that it takes in memory, with the dictionary that its values refer to.
    pub memory: u64,
}

/// What is in a page, a value a row; `None` where there is none.
#[derive(Debug)]
pub(super) enum Values {
    /// Bytes, which may be a text.
    Bytes(Vec<Option<ByteArray>>),
    /// Whole numbers.
    Numbers(Vec<Option<i64>>),
}

impl Pages {
    /// Finds the pages of a column and reads their headers.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Parquet`].
    pub(super) fn of(
        file: &mut File,
        path: &Path,
        metadata: &ParquetMetaData,
        column: usize,
    ) -> Result<Self> {
        let mut spans = Vec::new();
        let mut first = 0;
        for (group, row_group) in metadata.row_groups().iter().enumerate() {
            let rows = row_group.num_rows() as usize;
            let chunk = row_group.column(column);
            let name = || format!("row group {group}, column {}", chunk.column_path());
            let damaged = |reason: String| Error::Parquet {
                path: path.to_owned(),
                reason: format!("{}: {reason}", name()),
            };
            check_compression(chunk.compression()).map_err(damaged)?;
            let (start, length) = catch(|| chunk.byte_range()).map_err(damaged)?;
            let (mut at, end) = (start, start.saturating_add(length));
            let (mut found, mut dictionary) = (0, 0);
            while found < rows && at < end {
                file.seek(SeekFrom::Start(at)).map_err(io_error(path))?;
                let header =
                    PageHeader::read(BufReader::with_capacity(256, &mut *file)).map_err(damaged)?;
                at += header.header + u64::from(header.packed);
                if at > end {
                    return Err(damaged("a page is longer than its column".to_owned()));
                }
                match header.kind {
                    PageKind::Index | PageKind::Values(0) => {}
                    PageKind::Dictionary => dictionary = u64::from(header.unpacked),
                    PageKind::Values(count) => {
                        let count = count as usize;
                        let values = (count * size_of::<Option<ByteArray>>()) as u64;
                        spans.push(PageSpan {
                            group,
                            first_in_group: found,
                            first: first + found,
                            rows: count,
                            memory: dictionary + u64::from(header.unpacked) + values,
                        });
                        found += count;
                    }
                }
            }
            if found != rows {
                return Err(damaged(format!("it has {found} rows, not {rows}")));
            }
            first += rows;
        }
        Ok(Self { column, spans })
    }

    /// All pages.
    pub(super) fn spans(&self) -> &[PageSpan] {
        &self.spans
    }

    /// The number of the page that a row is in, and its number there.
    pub(super) fn place(&self, row: usize) -> (usize, usize) {
        let page = self.spans.partition_point(|span| span.first <= row) - 1;
        (page, row - self.spans[page].first)
    }

    /// Reads a page.
    ///
    /// # Errors
    /// What is wrong with it, in words; [`Error::Io`] in the outer result where the disk is to blame.
    pub(super) fn read(
        &self,
        path: &Path,
        metadata: &ParquetMetaData,
        span: PageSpan,
    ) -> Result<Result<Values, String>> {
        let file = Arc::new(File::open(path).map_err(io_error(path))?);
        let group = metadata.row_group(span.group);
        let read = || {
            let rows = group.num_rows() as usize;
            let pages = SerializedPageReader::new(file, group.column(self.column), rows, None)?;
            let description = metadata.file_metadata().schema_descr().column(self.column);
            let most = description.max_def_level();
            match get_column_reader(description, Box::new(pages)) {
                ColumnReader::ByteArrayColumnReader(reader) => {
                    values(reader, span, most).map(Values::Bytes)
                }
                ColumnReader::Int32ColumnReader(reader) => {
                    let numbers = values(reader, span, most)?;
                    Ok(Values::Numbers(numbers.into_iter().map(|n| n.map(i64::from)).collect()))
                }
                ColumnReader::Int64ColumnReader(reader) => {
                    values(reader, span, most).map(Values::Numbers)
                }
                _ => Err(ParquetError::General("it has values of another kind".to_owned())),
            }
        };
        match catch(read) {
            Ok(Ok(values)) => Ok(Ok(values)),
            Ok(Err(ParquetError::External(error))) => match error.downcast::<std::io::Error>() {
                Ok(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                    Err(io_error(path)(*error))
                }
                Ok(error) => Ok(Err(error.to_string())),
                Err(error) => Ok(Err(error.to_string())),
            },
            Ok(Err(error)) => Ok(Err(error.to_string())),
            Err(panic) => Ok(Err(panic)),
        }
    }
}

/// The values of a page; `most` is the level of those that are there.
fn values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    span: PageSpan,
    most: i16,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let (mut levels, mut found) = (Vec::new(), Vec::new());
    let skipped = reader.skip_records(span.first_in_group)?;
    let (rows, _, _) = reader.read_records(span.rows, Some(&mut levels), None, &mut found)?;
    if skipped != span.first_in_group || rows != span.rows {
        return Err(ParquetError::General("it has fewer rows than its headers say".to_owned()));
    }
    if most == 0 {
        return Ok(found.into_iter().map(Some).collect());
    }
    let mut found = found.into_iter();
    Ok(levels.into_iter().map(|level| if level == most { found.next() } else { None }).collect())
}

/// Refuses what is not unpacked here.
fn check_compression(compression: Compression) -> Result<(), String> {
    match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => Ok(()),
        other => {
            let name = other.to_string();
            let name = name.split('(').next().unwrap_or_default();
            Err(format!(
                "it is compressed with {name}; SNAPPY and ZSTD are read: write it again with one of them"
            ))
        }
    }
}

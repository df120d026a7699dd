//! The end of a parquet file: what is in it, and where.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};

use super::thrift::{I32, LIST, STRUCT, Thrift};
use crate::decode::catch;
use crate::source::io_error;
use crate::{Error, Result};

/// Most bytes of a footer: 32 MiB.
const MAX_FOOTER_BYTES: u32 = 32 << 20;
/// Most columns, groups of columns included: they are followed by calls in calls.
const MAX_COLUMNS: u64 = 1000;
/// Most rows of a file: 16 bytes are kept of each.
const MAX_ROWS: i64 = 1 << 24;
/// First and last bytes of a file, and last ones of a file that is encrypted.
const MAGIC: &[u8; 4] = b"PAR1";
const ENCRYPTED: &[u8; 4] = b"PARE";

/// Reads the footer of a file.
///
/// # Errors
/// [`Error::Io`], [`Error::DamagedParquet`].
pub(super) fn read_footer(file: &mut File, path: &Path) -> Result<ParquetMetaData> {
    let damaged = |reason: String| Error::DamagedParquet { file: path.to_owned(), reason };
    let length = file.seek(SeekFrom::End(0)).map_err(io_error(path))?;
    let mut read = |from: u64, bytes: usize| {
        let mut content = vec![0; bytes];
        file.seek(SeekFrom::Start(from))
            .and_then(|_| file.read_exact(&mut content))
            .map_err(io_error(path))?;
        Ok::<_, Error>(content)
    };
    if length < 12 {
        return Err(damaged(format!("it has {length} bytes")));
    }
    let end = read(length - 8, 8)?;
    let (bytes, magic) = (u32::from_le_bytes([end[0], end[1], end[2], end[3]]), &end[4..]);
    if magic == ENCRYPTED {
        return Err(damaged("it is encrypted, which is not read".to_owned()));
    }
    if magic != MAGIC {
        let is_cut = read(0, 4)? == MAGIC;
        let reason = if is_cut {
            "its end is missing, as of a download that was broken off"
        } else {
            "it neither begins nor ends as one"
        };
        return Err(damaged(reason.to_owned()));
    }
    if u64::from(bytes) > length - 12 || bytes > MAX_FOOTER_BYTES {
        let reason =
            format!("its footer has {bytes} bytes, of {length}; {MAX_FOOTER_BYTES} are read");
        return Err(damaged(reason));
    }
    let footer = read(length - 8 - u64::from(bytes), bytes as usize)?;
    check_schema(&footer).map_err(damaged)?;
    let metadata = catch(|| {
        let metadata = ParquetMetaDataReader::decode_metadata(&footer);
        metadata.map_err(|error| error.to_string())
    });
    let metadata = metadata.and_then(|metadata| metadata).map_err(damaged)?;
    let rows = metadata.row_groups().iter().map(RowGroupMetaData::num_rows);
    match rows.clone().try_fold(0_i64, |sum, rows| sum.checked_add(rows).filter(|_| rows >= 0)) {
        Some(0..=MAX_ROWS) => Ok(metadata),
        _ => Err(damaged(format!("it has more than {MAX_ROWS} rows, or fewer than none"))),
    }
}

/// Refuses a schema of so many columns that following it would exhaust the stack.
///
/// The schema is the second field of the footer, and is read once: what comes behind it is passed over to 64 levels.
fn check_schema(footer: &[u8]) -> Result<(), String> {
    let mut thrift = Thrift::new(footer);
    let mut schema = || {
        if thrift.field(0)? != Some((1, I32)) {
            return Ok(None);
        }
        thrift.i32()?;
        if thrift.field(1)? != Some((2, LIST)) {
            return Ok(None);
        }
        thrift.list().map(Some)
    };
    match schema().map_err(|error: std::io::Error| error.to_string())? {
        Some((STRUCT, 0..=MAX_COLUMNS)) => Ok(()),
        Some((STRUCT, columns)) => {
            Err(format!("it has {columns} columns, more than the limit of {MAX_COLUMNS}"))
        }
        _ => Err("its footer does not begin with a schema".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        std::fs::write(&path, bytes).unwrap();
        read_footer(&mut File::open(&path).unwrap(), &path).unwrap_err().to_string()
    }

    fn with_footer(footer: &[u8]) -> Vec<u8> {
        let length = (footer.len() as u32).to_le_bytes();
        [MAGIC, footer, &length, MAGIC].concat()
    }

    /// A schema of groups, each in the one before.
    fn nested(depth: usize) -> Vec<u8> {
        let length = [0x80 | (depth & 0x7f) as u8, (depth >> 7) as u8];
        let mut footer = [&[0x15, 2, 0x19, 0xfc][..], &length].concat();
        for _ in 0..depth {
            // Required, called `a`, one child.
            footer.extend([0x35, 0, 0x18, 1, b'a', 0x15, 2, 0]);
        }
        [&footer[..], &[0x16, 0, 0x19, 0x0c, 0]].concat()
    }

    #[test]
    fn what_is_no_file_is_told_from_what_was_cut_off() {
        for (bytes, message) in [
            (b"PAR1PAR1".to_vec(), "it has 8 bytes"),
            (b"not a parquet file".to_vec(), "it neither begins nor ends as one"),
            (b"PAR1 and nothing more".to_vec(), "its end is missing"),
            (b"PAR1 something\0\0\0\0PARE".to_vec(), "it is encrypted"),
            ([MAGIC, &[0xff; 8][..], MAGIC].concat(), "its footer has 4294967295 bytes"),
            (with_footer(b""), "failed to fill whole buffer"),
            (with_footer(&[0; 9]), "does not begin with a schema"),
            (with_footer(&[0x15, 2, 0x19, 0x1c, 0, 0]), "is damaged or no parquet file: "),
        ] {
            let error = refused(&bytes);
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn a_schema_of_groups_in_groups_exhausts_no_stack() {
        assert!(
            refused(&with_footer(&nested(16_000))).contains("16000 columns, more than the limit")
        );
        assert!(refused(&with_footer(&nested(1000))).contains("damaged"));
    }
}

//! Finding the samples of a tar file: one pass over its headers, images are skipped.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use tar::{Archive, Entry, EntryType};

use super::member::{Role, Span, danger, key_and_role};
use super::sample::{Sample, Samples};
use crate::source::io_error;
use crate::{Error, Result};

/// Bytes of a tar block: headers are one, members are padded to whole ones.
const BLOCK: u64 = 512;

/// Lists the samples of a tar file.
///
/// `label_field` is the field of `.json` that holds the label; `None` looks for no labels.
///
/// # Errors
/// See [`WebDatasetSource::open`](super::WebDatasetSource::open).
pub(super) fn index_shard(path: &Path, label_field: Option<&str>) -> Result<Vec<Sample>> {
    let file = File::open(path).map_err(io_error(path))?;
    let length = file.metadata().map_err(io_error(path))?.len();
    let mut archive = Archive::new(file);
    let mut samples = Samples::new(path, label_field);
    let mut end = 0;
    for entry in archive.entries_with_seek().map_err(io_error(path))? {
        let mut entry = entry.map_err(|error| damaged(path, error, end + BLOCK > length))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if let Some(reason) = danger(&name).or(unwanted_type(entry.header().entry_type())) {
            return Err(Error::UnsafeMember { shard: path.to_owned(), member: name, reason });
        }
        let span = span_in_file(&entry, &name, path, length)?;
        end = (span.offset + entry.size()).next_multiple_of(BLOCK);
        if entry.header().entry_type().is_file()
            && let Some((key, role)) = key_and_role(&name)
        {
            let bytes = match role {
                Role::Json | Role::Class if label_field.is_some() => read_text(&mut entry, path)?,
                _ => Vec::new(),
            };
            samples.add(key, role, span, &bytes)?;
        }
    }
    check_end(archive.into_inner(), end, path)?;
    samples.finish()
}

/// Types that no data set needs: everything but files, folders and global headers.
fn unwanted_type(kind: EntryType) -> Option<&'static str> {
    match kind {
        EntryType::Regular | EntryType::Directory | EntryType::XGlobalHeader => None,
        EntryType::Symlink | EntryType::Link => Some("is a link"),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Some("is a device"),
        _ => Some("is neither a file nor a folder"),
    }
}

/// Where a member lies, if it lies in the file and is not too large.
fn span_in_file(entry: &Entry<'_, File>, name: &str, shard: &Path, length: u64) -> Result<Span> {
    let (offset, bytes) = (entry.raw_file_position(), entry.size());
    if offset.checked_add(bytes).is_none_or(|end| end > length) {
        let reason = format!("member {name:?} has {bytes} bytes at {offset}, the file {length}");
        return Err(Error::TruncatedTar { shard: shard.to_owned(), reason });
    }
    let limit = key_and_role(name).map_or(u64::MAX, |(_, role)| role.limit());
    if bytes > limit {
        let record = format!("{}:{name}", shard.display());
        return Err(Error::TooLarge { record, bytes, limit });
    }
    Ok(Span { offset, length: bytes as usize })
}

fn read_text(entry: &mut Entry<'_, File>, shard: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(io_error(shard))?;
    Ok(bytes)
}

/// Checks that an empty block follows the last member: without it something was cut off.
fn check_end(mut file: File, end: u64, shard: &Path) -> Result<()> {
    let mut block = Vec::new();
    file.seek(SeekFrom::Start(end)).map_err(io_error(shard))?;
    file.take(BLOCK).read_to_end(&mut block).map_err(io_error(shard))?;
    if block.len() as u64 == BLOCK {
        return Ok(());
    }
    let reason = format!("it has no end mark after its last member, at {end}");
    Err(Error::TruncatedTar { shard: shard.to_owned(), reason })
}

/// A header that cannot be read, perhaps because the file ends inside it.
fn damaged(shard: &Path, source: std::io::Error, cut_off: bool) -> Error {
    let shard = shard.to_owned();
    if cut_off {
        Error::TruncatedTar { shard, reason: "it ends inside a header".to_owned() }
    } else {
        Error::DamagedTar { shard, source }
    }
}

//! Finding the samples of a tar file: one pass over its headers, images are skipped.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use tar::{Archive, Entry, EntryType};

use super::member::{BLOCK, MAX_TAR_BYTES, MAX_TEXT_BYTES, Named, Role, Span, danger, parse_json};
use super::sample::{FoundLabel, Sample, Samples};
use crate::source::labels::Label;
use crate::source::text::{parse_text, shown, shown_path};
use crate::source::{LeftOut, io_error};
use crate::{Error, Result, decode};

/// The samples of a tar file, and what else is in it.
#[derive(Debug, Default)]
pub struct TarIndex {
    pub(super) samples: Vec<Sample>,
    /// The label of every sample.
    pub(super) labels: Vec<Label>,
    /// Members that are in no sample, and samples that cannot be used.
    pub left_out: LeftOut,
}

impl TarIndex {
    /// Lists the samples of a tar file; `path` names it in messages.
    ///
    /// `label_field` is the field of `.json` that holds the label; `None` looks for no labels. Tars
    /// that were put one behind the other are read to the last.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::TooLarge`] from 2 TiB on, [`Error::TruncatedTar`], [`Error::DamagedTar`], and
    /// [`Error::UnsafeMember`] for absolute paths, `..` and devices.
    pub fn read(
        mut file: impl Read + Seek,
        path: &Path,
        label_field: Option<&str>,
    ) -> Result<Self> {
        let length = file.seek(SeekFrom::End(0)).map_err(io_error(path))?;
        file.rewind().map_err(io_error(path))?;
        refuse_compressed(&mut file, path)?;
        if length > MAX_TAR_BYTES {
            let (record, limit) = (shown_path(path), MAX_TAR_BYTES);
            return Err(Error::TooLarge { record, bytes: length, limit });
        }
        let mut reading = Reading::new(path, length, label_field);
        let mut fault = reading.members(&mut file)?;
        if reading.meets_link {
            file.rewind().map_err(io_error(path))?;
            reading = Reading::new(path, length, label_field);
            reading.files = Some(HashMap::new());
            fault = reading.members(&mut file)?;
        }
        let end = reading.end;
        let rest = rest_after(file, end, length, path)?;
        if !rest.begins_empty {
            return Err(match fault {
                Some(error) => damaged(path, &error, end + BLOCK > length),
                None => Error::TruncatedTar {
                    shard: path.to_owned(),
                    reason: format!("it has no end mark after its last member, at {end}"),
                },
            });
        }
        if fault.is_some() && !rest.is_empty {
            let name = format!("{}: what follows the end mark at {end}", reading.shard);
            reading.left_out.file(name, &format!("({} bytes) is no tar", length - end));
        }
        let Reading { shard, samples, mut left_out, .. } = reading;
        let (samples, labels) = samples.finish(&shard, label_field, &mut left_out);
        Ok(Self { samples, labels, left_out })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }
}

/// A tar file that is being read.
struct Reading<'a> {
    path: &'a Path,
    /// The path as it is shown.
    shard: String,
    length: u64,
    label_field: Option<&'a str>,
    /// Where the last member ends.
    end: u64,
    /// Where every file lies, for hard links to it; kept only of tars that have links, since it is
    /// larger than the index.
    files: Option<HashMap<Vec<u8>, Span>>,
    /// Whether there is a link, and no `files` that tell where it leads.
    meets_link: bool,
    samples: Samples,
    left_out: LeftOut,
}

impl<'a> Reading<'a> {
    fn new(path: &'a Path, length: u64, label_field: Option<&'a str>) -> Self {
        Self {
            path,
            shard: shown_path(path),
            length,
            label_field,
            end: 0,
            files: None,
            meets_link: false,
            samples: Samples::default(),
            left_out: LeftOut::default(),
        }
    }

    /// Takes all members in, up to a link if `files` are not kept; gives what ended it before the file
    /// did.
    fn members(&mut self, file: impl Read + Seek) -> Result<Option<std::io::Error>> {
        let mut archive = Archive::new(file);
        archive.set_ignore_zeros(true);
        for entry in archive.entries_with_seek().map_err(io_error(self.path))? {
            match entry {
                Ok(entry) => self.member(entry)?,
                Err(error) => return Ok(Some(error)),
            }
            if self.meets_link {
                break;
            }
        }
        Ok(None)
    }

    /// Takes a member in.
    fn member(&mut self, mut entry: Entry<'_, impl Read>) -> Result<()> {
        let path = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        let reason = danger(&path).or_else(|| {
            matches!(kind, EntryType::Char | EntryType::Block | EntryType::Fifo)
                .then_some("is a device")
        });
        if let Some(reason) = reason {
            let (shard, member) = (self.path.to_owned(), shown(&path));
            return Err(Error::UnsafeMember { shard, member, reason });
        }
        let (offset, bytes) = self.place(&entry, &path)?;
        self.end = (offset + bytes).next_multiple_of(BLOCK);
        let mut span = Span::new(offset, bytes);
        let name = format!("{}:{}", self.shard, shown(&path));
        let unusable = match kind {
            EntryType::Directory | EntryType::XGlobalHeader => return Ok(()),
            EntryType::Regular | EntryType::Continuous => None,
            EntryType::Link => {
                let Some(files) = &self.files else {
                    self.meets_link = true;
                    return Ok(());
                };
                let target = entry.link_name_bytes().unwrap_or_default();
                match files.get(&*target) {
                    Some(file) => {
                        span = Some(*file);
                        None
                    }
                    None => {
                        Some("is a link to no file before it; pack with tar --hard-dereference")
                    }
                }
            }
            EntryType::Symlink => Some("is a link; pack what it leads to with tar --dereference"),
            EntryType::GNUSparse => Some("is stored with holes; pack without --sparse (-S)"),
            _ => Some("is neither a file nor a folder"),
        };
        match (Named::of(&path), unusable, span) {
            (Named::Sample(..), Some(reason), _) => {
                self.left_out.record(format_args!("{name} {reason}"));
            }
            (Named::Sample(..), None, None) => {
                let limit = u32::MAX;
                let name = format_args!("{name} has {bytes} bytes, more than the limit of {limit}");
                self.left_out.record(name);
            }
            (Named::Sample(key, role), None, Some(span)) => {
                let is_here = kind != EntryType::Link;
                if let Some(files) = self.files.as_mut().filter(|_| is_here) {
                    files.insert(path.clone(), span);
                }
                let label = self.label(role, span, is_here.then_some(&mut entry), &name)?;
                self.samples.add(key, role, span, label);
            }
            (Named::Unsupported, ..) => {
                self.left_out.record(format_args!("{name} {}", decode::CONVERT));
            }
            (Named::Other(reason), ..) => self.left_out.file(name, reason),
        }
        Ok(())
    }

    /// First byte of a member and the number of its bytes, if it lies in the file.
    fn place(&self, entry: &Entry<'_, impl Read>, name: &[u8]) -> Result<(u64, u64)> {
        let offset = entry.raw_file_position();
        // Of a file with holes less is stored than it has.
        let bytes = match entry.header().entry_type() {
            EntryType::GNUSparse => entry.header().entry_size().map_err(io_error(self.path))?,
            _ => entry.size(),
        };
        if offset.checked_add(bytes).is_none_or(|end| end > self.length) {
            let (name, length) = (shown(name), self.length);
            let reason =
                format!("member \"{name}\" has {bytes} bytes at {offset}, the file {length}");
            return Err(Error::TruncatedTar { shard: self.path.to_owned(), reason });
        }
        Ok((offset, bytes))
    }

    /// What a member says of its sample's label. Only a failing disk is an error.
    fn label(
        &self,
        role: Role,
        span: Span,
        entry: Option<&mut Entry<'_, impl Read>>,
        name: &str,
    ) -> Result<FoundLabel> {
        let Some(field) = self.label_field.filter(|_| matches!(role, Role::Json | Role::Class))
        else {
            return Ok(Ok(None));
        };
        let Some(entry) = entry else {
            return Ok(Err(format!("{name} is a link; pack with tar --hard-dereference")));
        };
        let bytes = span.bytes();
        if bytes > MAX_TEXT_BYTES {
            return Ok(Err(format!(
                "{name} has {bytes} bytes, more than the limit of {MAX_TEXT_BYTES}"
            )));
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(io_error(self.path))?;
        let named = |reason| format!("{name} {reason}");
        Ok(if role == Role::Class {
            let text = parse_text(&bytes, name).map_err(|error| error.to_string());
            text.and_then(|text| Label::from_text(text).map(Some).map_err(named))
        } else {
            let fields = parse_json(&bytes, name).map_err(|error| error.to_string());
            fields.and_then(|fields| {
                let label = fields.get(field).map(|value| Label::from_json(value).map_err(named));
                label.transpose()
            })
        })
    }
}

/// What follows the last member.
struct Rest {
    /// Whether an empty block does, the end mark: without it something was cut off.
    begins_empty: bool,
    /// Whether nothing else does.
    is_empty: bool,
}

fn rest_after(mut file: impl Read + Seek, end: u64, length: u64, shard: &Path) -> Result<Rest> {
    file.seek(SeekFrom::Start(end)).map_err(io_error(shard))?;
    let zeros = BufReader::new(file).bytes().take_while(|byte| matches!(byte, Ok(0)));
    let zeros = zeros.count() as u64;
    Ok(Rest { begins_empty: zeros >= BLOCK, is_empty: end + zeros >= length })
}

/// Refuses what only looks like a tar by its name.
fn refuse_compressed(file: &mut (impl Read + Seek), path: &Path) -> Result<()> {
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start).map_err(io_error(path))?;
    file.rewind().map_err(io_error(path))?;
    let tools: [(&[u8], &str); 4] = [
        (&[0x1f, 0x8b], "gunzip"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "unzstd"),
        (b"BZh", "bunzip2"),
        (&[0xfd, b'7', b'z'], "unxz"),
    ];
    match tools.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, tool)) => {
            let reason = format!("it is compressed; unpack it with {tool} first");
            Err(Error::DamagedTar { shard: path.to_owned(), reason })
        }
        None => Ok(()),
    }
}

/// A header that cannot be read, perhaps because the file ends inside it.
fn damaged(shard: &Path, error: &std::io::Error, cut_off: bool) -> Error {
    let shard = shard.to_owned();
    if cut_off {
        Error::TruncatedTar { shard, reason: "it ends inside a header".to_owned() }
    } else {
        Error::DamagedTar { shard, reason: error.to_string() }
    }
}

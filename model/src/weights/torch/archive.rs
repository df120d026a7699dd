//! The zip archive that a `.pt` file is: `NAME/data.pkl`, and the storages `NAME/data/0` ….

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::super::WeightsError;
use super::bounded_reader::BoundedReader;

/// Most that deflate can shrink data: a greater ratio is a lie.
const MAX_COMPRESSION: u64 = 1032;

/// The entry that every `.pt` file has.
const PICKLE: &str = "data.pkl";

/// An opened archive; entries are read on demand.
#[derive(Debug)]
pub(super) struct Archive {
    path: PathBuf,
    /// Length of the file in bytes.
    length: u64,
    /// What the names of all entries begin with, `/` included.
    root: String,
    /// For reading at a position, beside what `zip` does.
    file: File,
    zip: Mutex<ZipArchive<BoundedReader<File>>>,
}

/// Where an entry is, checked against the file's length.
#[derive(Clone, Copy)]
struct Entry {
    index: usize,
    size: u64,
    stored: bool,
    /// First byte in the file.
    start: u64,
    checksum: u32,
}

impl Archive {
    /// Reads the directory of the archive.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        let open = |source| WeightsError::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(open)?;
        let length = file.metadata().map_err(open)?.len();
        let (reader, bound) = BoundedReader::new(file);
        let zip = ZipArchive::new(reader).map_err(|error| refusal(path, error))?;
        bound.lift();
        let root = root(&zip)
            .map_err(|reason| WeightsError::NotWeights { path: path.to_owned(), reason })?;
        Ok(Self {
            path: path.to_owned(),
            length,
            root,
            file: File::open(path).map_err(open)?,
            zip: Mutex::new(zip),
        })
    }

    /// Size of an entry in bytes; `None` if there is no such entry.
    pub(super) fn size(&self, name: &str) -> Result<Option<u64>, WeightsError> {
        let entry = self.entry(&mut self.zip(), name)?;
        Ok(entry.map(|entry| entry.size))
    }

    /// The pickle, which must not have more than `limit` bytes.
    pub(super) fn pickle(&self, limit: u64) -> Result<Vec<u8>, WeightsError> {
        match self.size(PICKLE)? {
            Some(size) if size <= limit => self.read(PICKLE, 0, size),
            Some(size) => Err(self.damaged(format!(
                "its pickle claims {size} bytes, weights need no more than {limit}"
            ))),
            None => Err(self.damaged("its pickle is missing".to_owned())),
        }
    }

    /// Where `length` bytes of an entry from byte `start` on are in the file, and their checksum if
    /// they are all of it; `None` if the entry is compressed.
    pub(super) fn place(
        &self,
        name: &str,
        start: u64,
        length: u64,
    ) -> Result<Option<(u64, Option<u32>)>, WeightsError> {
        let entry = self.part(&mut self.zip(), name, start, length)?;
        let checksum = (length == entry.size).then_some(entry.checksum);
        Ok(entry.stored.then_some((entry.start + start, checksum)))
    }

    /// The file, for reading at a [`place`](Self::place).
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// `length` bytes of an entry from byte `start` on.
    ///
    /// The checksum is verified when the entry is read as a whole.
    pub(super) fn read(
        &self,
        name: &str,
        start: u64,
        length: u64,
    ) -> Result<Vec<u8>, WeightsError> {
        let mut zip = self.zip();
        let entry = self.part(&mut zip, name, start, length)?;
        let refused = |error| refusal(&self.path, error);
        let bytes = if length == entry.size {
            read_whole(zip.by_index(entry.index).map_err(refused)?, length)
        } else if entry.stored {
            let mut reader = zip.by_index_seek(entry.index).map_err(refused)?;
            reader.seek(SeekFrom::Start(start)).and_then(|_| read_part(reader, length))
        } else {
            let mut reader = zip.by_index(entry.index).map_err(refused)?;
            io::copy(&mut reader.by_ref().take(start), &mut io::sink())
                .and_then(|_| read_part(reader, length))
        };
        let bytes = bytes.map_err(|error| refused(ZipError::Io(error)))?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(self.damaged(format!("`{name}` has not the {} bytes it claims", entry.size)))
        }
    }

    /// An entry that has `length` bytes from byte `start` on.
    fn part(
        &self,
        zip: &mut ZipArchive<BoundedReader<File>>,
        name: &str,
        start: u64,
        length: u64,
    ) -> Result<Entry, WeightsError> {
        match self.entry(zip, name)? {
            Some(entry) if start.checked_add(length).is_some_and(|end| end <= entry.size) => {
                Ok(entry)
            }
            Some(entry) => Err(self.damaged(format!(
                "bytes {start} to {start}+{length} of `{name}` are wanted, it has {}",
                entry.size
            ))),
            None => Err(self.damaged(format!("`{name}` is missing"))),
        }
    }

    /// An entry whose claims the file can hold.
    fn entry(
        &self,
        zip: &mut ZipArchive<BoundedReader<File>>,
        name: &str,
    ) -> Result<Option<Entry>, WeightsError> {
        let Some(index) = zip.index_for_name(&format!("{}{name}", self.root)) else {
            return Ok(None);
        };
        let file = zip.by_index_raw(index).map_err(|error| refusal(&self.path, error))?;
        let (size, compressed) = (file.size(), file.compressed_size());
        let start = file.data_start().filter(|start| {
            let end = start.checked_add(compressed);
            end.is_some_and(|end| end <= self.length)
        });
        let checksum = file.crc32();
        let stored = file.compression() == CompressionMethod::Stored;
        let plausible = if stored {
            size == compressed
        } else {
            size <= compressed.saturating_mul(MAX_COMPRESSION)
        };
        if file.encrypted() {
            return Err(self.damaged(format!("`{name}` is encrypted")));
        }
        let Some(start) = start.filter(|_| plausible) else {
            return Err(self.damaged(format!(
                "`{name}` claims {size} bytes stored as {compressed}, which cannot be"
            )));
        };
        Ok(Some(Entry { index, size, stored, start, checksum }))
    }

    fn zip(&self) -> MutexGuard<'_, ZipArchive<BoundedReader<File>>> {
        // A panic elsewhere leaves no more behind than another position in the file.
        self.zip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damaged(&self, reason: String) -> WeightsError {
        WeightsError::Damaged { path: self.path.clone(), reason }
    }
}

/// What all entries begin with, told by the only `NAME/data.pkl`.
fn root(zip: &ZipArchive<BoundedReader<File>>) -> Result<String, String> {
    let mut roots = zip.file_names().filter_map(|name| {
        let root = name.strip_suffix(PICKLE)?;
        (root.find('/') == Some(root.len().checked_sub(1)?)).then_some(root)
    });
    let Some(root) = roots.next() else {
        let has = |ending: &str| zip.file_names().any(|name| name.ends_with(ending));
        return Err(if has(".npy") {
            "it is an .npz archive of NumPy; write its arrays in Python under the model's names with \
             safetensors.numpy.save_file"
        } else if has(".safetensors") || has(PICKLE) || has(".pt") {
            "it is a zip archive with weights inside; unpack it, and give what was in it"
        } else {
            "it is a zip archive, but not one that torch.save wrote"
        }
        .to_owned());
    };
    if roots.next().is_some() {
        return Err("it has several pickles, torch.save writes one".to_owned());
    }
    if zip.index_for_name(&format!("{root}constants.pkl")).is_some() {
        return Err("it is a TorchScript program; save the state_dict() of the model it was made \
                    from with torch.save"
            .to_owned());
    }
    Ok(root.to_owned())
}

/// Reads `length` bytes, or fewer if there are no more.
fn read_part(reader: impl Read, length: u64) -> io::Result<Vec<u8>> {
    // What is claimed beyond this has to appear before memory is set aside for it.
    const MAX_TRUST: u64 = 64 << 20;
    let mut bytes = Vec::with_capacity(length.min(MAX_TRUST) as usize);
    reader.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads beyond `length` bytes: the checksum is verified where the entry ends.
fn read_whole(reader: impl Read, length: u64) -> io::Result<Vec<u8>> {
    read_part(reader, length.saturating_add(1))
}

/// The user's error for what the zip archive says.
fn refusal(path: &Path, error: ZipError) -> WeightsError {
    let path = path.to_owned();
    match error {
        ZipError::Io(source)
            if !matches!(
                source.kind(),
                io::ErrorKind::UnexpectedEof
                    | io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::Other
            ) =>
        {
            WeightsError::Open { path, source }
        }
        error => WeightsError::Damaged { path, reason: format!("its zip archive: {error}") },
    }
}

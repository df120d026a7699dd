//! Arrays by name in an `.npz`: numpy's zip archive of `.npy` files.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use npyz::{AutoSerialize, Deserialize, NpyFile, NpyHeader, Order, WriterBuilder};
use pixelflow::durable::DurableFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::error::read_error;
use crate::{Error, Result};

/// Most values of an array that is read as a whole: a covariance of 16,384 features.
const MOST_VALUES: u64 = 1 << 28;

/// An opened `.npz`: only the names of its arrays are in memory.
pub(crate) struct NpzFile {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

/// Where the values of an array lie in its `.npz`.
pub(crate) struct Place {
    /// First byte.
    pub(crate) start: u64,
    /// Length in every dimension.
    pub(crate) shape: Vec<u64>,
}

impl NpzFile {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(read_error(path))?;
        match ZipArchive::new(BufReader::new(file)) {
            Ok(archive) => Ok(Self { path: path.to_owned(), archive }),
            Err(error) => {
                let reason =
                    format!("it is no .npz that is whole ({error}); copy or write it again");
                Err(Error::Npz { path: path.to_owned(), reason })
            }
        }
    }

    /// Names of all arrays, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.archive.file_names();
        let mut names: Vec<String> =
            names.filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect();
        names.sort();
        names
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.archive.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// An error about the file.
    pub(crate) fn problem(&self, reason: impl Into<String>) -> Error {
        Error::Npz { path: self.path.clone(), reason: reason.into() }
    }

    /// Shape and values of an array of floats, f32 or f64.
    pub(crate) fn doubles(&mut self, name: &str) -> Result<(Vec<u64>, Vec<f64>)> {
        self.read(name, "float64 or float32", |array| match array.try_data::<f64>() {
            Ok(values) => values.collect(),
            Err(array) => array.into_vec::<f32>().map(|v| v.into_iter().map(f64::from).collect()),
        })
    }

    /// Values of an array of one whole-number type.
    pub(crate) fn integers<T: Deserialize>(&mut self, name: &str, kind: &str) -> Result<Vec<T>> {
        Ok(self.read(name, kind, |array: NpyFile<&mut dyn Read>| array.into_vec())?.1)
    }

    fn read<T>(
        &mut self,
        name: &str,
        kind: &str,
        values: impl FnOnce(NpyFile<&mut dyn Read>) -> std::io::Result<Vec<T>>,
    ) -> Result<(Vec<u64>, Vec<T>)> {
        let names = self.names().join(", ");
        let path = self.path.clone();
        let problem = |reason: String| Error::Npz { path: path.clone(), reason };
        let mut entry =
            self.archive.by_name(&format!("{name}.npy")).map_err(|error| match error {
                zip::result::ZipError::FileNotFound => {
                    problem(format!("it has no array `{name}`, only {names}"))
                }
                error => problem(format!("array `{name}`: {error}")),
            })?;
        let damaged = |error| problem(format!("array `{name}` should be {kind}: {error}"));
        let entry: &mut dyn Read = &mut entry;
        let array = NpyFile::new(entry).map_err(damaged)?;
        let shape = array.shape().to_vec();
        let count = shape.iter().try_fold(1_u64, |count, &side| count.checked_mul(side));
        if array.order() == Order::Fortran && shape.len() > 1 && shape[0] != shape[1] {
            return Err(problem(format!(
                "array `{name}` lies column by column; save numpy.ascontiguousarray of it"
            )));
        }
        match count {
            Some(count) if count <= MOST_VALUES => Ok((shape, values(array).map_err(damaged)?)),
            _ => {
                Err(problem(format!("array `{name}` announces {shape:?} values, which is absurd")))
            }
        }
    }

    /// Where a large array of bytes lies, to be read in parts.
    pub(crate) fn place_of_bytes(&mut self, name: &str) -> Result<Place> {
        let path = self.path.clone();
        let problem = |reason: String| Error::Npz { path: path.clone(), reason };
        let mut entry = self
            .archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| problem(format!("array `{name}`: {error}")))?;
        if entry.compression() != CompressionMethod::Stored {
            let reason = format!("array `{name}` is compressed; write it with numpy.savez");
            return Err(problem(reason));
        }
        let (first, size) = (entry.data_start(), entry.size());
        let mut counted = Counted { inner: &mut entry, count: 0 };
        let header = NpyHeader::from_reader(&mut counted)
            .map_err(|error| problem(format!("array `{name}`: {error}")))?;
        let kind = header.dtype().descr();
        if !kind.ends_with("u1'") || header.order() != Order::C {
            return Err(problem(format!(
                "array `{name}` has the type {kind}, and images are uint8, pixel by pixel"
            )));
        }
        let shape = header.shape().to_vec();
        let count = shape.iter().try_fold(1_u64, |count, &side| count.checked_mul(side));
        match (first, count) {
            (Some(first), Some(count)) if count.checked_add(counted.count) == Some(size) => {
                Ok(Place { start: first + counted.count, shape })
            }
            _ => Err(problem(format!("array `{name}` is not as long as it says; copy it again"))),
        }
    }
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// Puts arrays together to an `.npz`.
pub(crate) struct NpzWriter {
    archive: ZipWriter<Cursor<Vec<u8>>>,
}

impl NpzWriter {
    pub(crate) fn new() -> Self {
        Self { archive: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds an array.
    pub(crate) fn add<T: AutoSerialize + Copy>(
        &mut self,
        name: &str,
        shape: &[usize],
        values: impl IntoIterator<Item = T>,
    ) -> std::io::Result<()> {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        self.archive.start_file(format!("{name}.npy"), stored.large_file(true))?;
        let shape: Vec<u64> = shape.iter().map(|&side| side as u64).collect();
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut self.archive).begin_nd()?;
        array.extend(values)?;
        array.finish()
    }

    /// Writes the file; it appears whole or not at all.
    pub(crate) fn write(self, path: &Path) -> Result<()> {
        self.finish(path, DurableFile::finish)
    }

    /// The same, unless there is such a file.
    pub(crate) fn write_new(self, path: &Path) -> Result<()> {
        self.finish(path, DurableFile::finish_new)
    }

    fn finish(self, path: &Path, name: fn(DurableFile) -> std::io::Result<()>) -> Result<()> {
        let written = self.archive.finish().map_err(std::io::Error::from).and_then(|bytes| {
            let mut file = DurableFile::create(path)?;
            file.write_all(bytes.get_ref())?;
            name(file)
        });
        written.map_err(|source| Error::Write { path: path.to_owned(), source })
    }
}

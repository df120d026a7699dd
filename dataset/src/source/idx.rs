//! The IDX files of MNIST and its successors, as they are or compressed with gzip.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::labels::{Classes, Label};
use super::{Encoded, EncodedRecord, LeftOut, Source, io_error};
use crate::{Error, Raster, Result};

/// Largest image file, decompressed: 1 GiB, 16 times MNIST's size.
pub const MAX_IDX_BYTES: u64 = 1 << 30;

/// First number of a file of byte images (three dimensions) and of byte labels (one).
const IMAGES_MAGIC: u32 = 0x0803;
const LABELS_MAGIC: u32 = 0x0801;

/// An IDX data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdxConfig {
    /// File of the images, `…-images-idx3-ubyte` with or without `.gz`.
    pub images: PathBuf,
    /// File of the labels, `…-labels-idx1-ubyte` with or without `.gz`.
    pub labels: PathBuf,
    /// Keep one grey channel instead of repeating it as red, green and blue. Default false.
    #[serde(default)]
    pub grey: bool,
    /// Names of the classes in the order of their labels. Default: as many numbers as needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

impl IdxConfig {
    /// RGB images and numbered classes.
    pub fn new(images: impl Into<PathBuf>, labels: impl Into<PathBuf>) -> Self {
        Self { images: images.into(), labels: labels.into(), grey: false, classes: None }
    }
}

/// An opened IDX data set, all of it in memory.
#[derive(Debug)]
pub struct IdxSource {
    file: PathBuf,
    width: usize,
    height: usize,
    grey: bool,
    pixels: Vec<u8>,
    /// Place in the file and label of every image.
    images: Vec<(usize, usize)>,
    classes: Vec<String>,
    left_out: LeftOut,
}

impl IdxSource {
    /// Reads both files.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::IdxMagic`], [`Error::IdxSize`] above [`MAX_IDX_BYTES`],
    /// [`Error::IdxLength`], [`Error::IdxCount`], [`Error::NoRecords`] if no label is among the classes.
    pub fn open(config: &IdxConfig) -> Result<Self> {
        let mut file = Idx::open(&config.images, IMAGES_MAGIC, "images")?;
        let [count, height, width] = [file.number()?, file.number()?, file.number()?];
        let size = image_bytes(count, height, width).map_err(|reason| Error::IdxSize {
            path: config.images.clone(),
            count,
            height,
            width,
            reason,
        })?;
        let pixels = file.rest(size)?;

        let mut file = Idx::open(&config.labels, LABELS_MAGIC, "labels")?;
        let label_count = file.number()?;
        if label_count != count {
            return Err(Error::IdxCount {
                image_file: config.images.clone(),
                images: count as usize,
                label_file: config.labels.clone(),
                labels: label_count as usize,
            });
        }
        let labels: Vec<Label> = file
            .rest(u64::from(count))?
            .into_iter()
            .map(|label| Label::Index(label.into()))
            .collect();
        let name = |index: usize| format!("record {index} of {}", config.labels.display());
        let named = labels.iter().enumerate().map(|(index, label)| (label, name(index)));
        let classes = Classes::of(named, config.classes.as_deref())?;
        let (mut images, mut left_out) = (Vec::with_capacity(labels.len()), LeftOut::default());
        for (place, label) in labels.iter().enumerate() {
            match classes.index(label, || name(place)) {
                Ok(label) => images.push((place, label)),
                Err(error) => left_out.record(error),
            }
        }
        let classes = classes.into_names();
        if images.is_empty() {
            return Err(Error::NoRecords { place: config.images.display().to_string(), left_out });
        }
        let (width, height) = (width as usize, height as usize);
        let (file, grey) = (config.images.clone(), config.grey);
        Ok(Self { file, width, height, grey, pixels, images, classes, left_out })
    }
}

impl Source for IdxSource {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn channels(&self) -> usize {
        if self.grey { 1 } else { 3 }
    }

    fn left_out(&self) -> LeftOut {
        self.left_out.clone()
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        let (place, label) = self.images[index];
        let size = self.width * self.height;
        let pixels = &self.pixels[place * size..][..size];
        let data = if self.grey {
            pixels.to_vec()
        } else {
            pixels.iter().flat_map(|&value| [value; 3]).collect()
        };
        let image = Raster::new(self.width, self.height, self.channels(), data)?;
        let name = format!("image {place} of {}", self.file.display());
        Ok(EncodedRecord { image: Encoded::Pixels(image), label, name })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        let (size, (place, label)) = (self.width * self.height, self.images[index]);
        // It has no name but what it shows.
        (self.pixels[place * size..][..size].into(), label)
    }
}

/// Size of all pixels, if it is sensible.
fn image_bytes(count: u32, height: u32, width: u32) -> std::result::Result<u64, &'static str> {
    let pixels = u64::from(height) * u64::from(width);
    match u64::from(count).checked_mul(pixels) {
        Some(0) => Err("that is nothing"),
        Some(bytes @ 1..=MAX_IDX_BYTES) => Ok(bytes),
        _ => Err("that is more than 1 GiB"),
    }
}

/// An IDX file, read up to somewhere.
struct Idx<'a> {
    path: &'a Path,
    reader: Box<dyn Read>,
}

impl<'a> Idx<'a> {
    /// Opens a file and checks its first number.
    fn open(path: &'a Path, magic: u32, content: &'static str) -> Result<Self> {
        let mut file = BufReader::new(File::open(path).map_err(io_error(path))?);
        let mut start = Vec::new();
        file.by_ref().take(2).read_to_end(&mut start).map_err(io_error(path))?;
        file.rewind().map_err(io_error(path))?;
        let compressed = start == [0x1f, 0x8b];
        let reader: Box<dyn Read> =
            if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut idx = Self { path, reader };
        let found = idx.number()?;
        if found != magic {
            return Err(Error::IdxMagic { path: path.to_owned(), found, expected: magic, content });
        }
        Ok(idx)
    }

    /// The next number of the header.
    fn number(&mut self) -> Result<u32> {
        let mut bytes = Vec::with_capacity(4);
        self.read_up_to(4, &mut bytes)?;
        let number = <[u8; 4]>::try_from(bytes).map_err(|_| Error::IdxLength {
            path: self.path.to_owned(),
            expected: 0,
            found: "ends inside its header".to_owned(),
        })?;
        Ok(u32::from_be_bytes(number))
    }

    /// Everything after the header; it must be `expected` bytes.
    fn rest(&mut self, expected: u64) -> Result<Vec<u8>> {
        // The header may lie, so memory grows with what is really there.
        let mut bytes = Vec::new();
        self.read_up_to(expected + 1, &mut bytes)?;
        let found = match bytes.len() as u64 {
            length if length == expected => return Ok(bytes),
            length if length < expected => format!("is truncated after {length}"),
            _ => "has more".to_owned(),
        };
        Err(Error::IdxLength { path: self.path.to_owned(), expected, found })
    }

    /// Reads until `limit` bytes or the end; a compressed file that breaks off just ends.
    fn read_up_to(&mut self, limit: u64, bytes: &mut Vec<u8>) -> Result<()> {
        match self.reader.by_ref().take(limit).read_to_end(bytes) {
            Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                Err(io_error(self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn idx(numbers: &[u32], content: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        bytes.extend(content);
        bytes
    }

    fn images() -> Vec<u8> {
        idx(&[IMAGES_MAGIC, 3, 2, 1], &[10, 11, 20, 21, 30, 31])
    }

    fn labels() -> Vec<u8> {
        idx(&[LABELS_MAGIC, 3], &[1, 0, 4])
    }

    fn open(images: &[u8], labels: &[u8], grey: bool, classes: Option<usize>) -> Result<IdxSource> {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().join("images"), folder.path().join("labels")];
        std::fs::write(&paths[0], images).unwrap();
        std::fs::write(&paths[1], labels).unwrap();
        let classes =
            classes.map(|count| (0..count).map(|class| format!("class {class}")).collect());
        let [images, labels] = paths;
        IdxSource::open(&IdxConfig { images, labels, grey, classes })
    }

    #[test]
    fn plain_and_compressed_files_hold_the_same() {
        for (images, labels) in [(images(), labels()), (gzip(&images()), gzip(&labels()))] {
            let source = open(&images, &labels, true, None).unwrap();
            assert_eq!((source.len(), source.channels(), source.classes().len()), (3, 1, 5));
            let record = source.read(2).unwrap();
            assert_eq!((record.image.width(), record.image.height()), (1, 2));
            assert_eq!((record.image.data(), record.label), ([30, 31].as_slice(), 4));
        }
    }

    #[test]
    fn grey_becomes_rgb_unless_told_otherwise() {
        let source = open(&images(), &labels(), false, None).unwrap();
        assert_eq!(source.channels(), 3);
        assert_eq!(source.read(0).unwrap().image.data(), [10, 10, 10, 11, 11, 11]);
    }

    #[test]
    fn bad_files_are_refused() {
        let good = images();
        let short = &good[..good.len() - 1];
        let zipped = gzip(&good);
        let long = [good.as_slice(), &[0]].concat();
        let huge = idx(&[IMAGES_MAGIC, u32::MAX, u32::MAX, u32::MAX], &[]);
        let cases: [(&[u8], &[u8], &str); 11] = [
            (
                &labels(),
                &labels(),
                "images starts with 0x00000801, not 0x00000803: it holds no IDX images",
            ),
            (&good, &good, "labels starts with 0x00000803, not 0x00000801: it holds no IDX labels"),
            (
                short,
                &labels(),
                "images should hold 6 bytes after its header but is truncated after 5",
            ),
            (&zipped[..zipped.len() - 12], &labels(), "images should hold"),
            (&long, &labels(), "images should hold 6 bytes after its header but has more"),
            (&good[..7], &labels(), "ends inside its header"),
            (&[], &labels(), "ends inside its header"),
            (
                &huge,
                &labels(),
                "images announces 4294967295 images of 4294967295x4294967295 pixels: that is more than 1 GiB",
            ),
            (&idx(&[IMAGES_MAGIC, 0, 2, 2], &[]), &labels(), "that is nothing"),
            (&good, &idx(&[LABELS_MAGIC, 2], &[1, 0]), "holds 3 images but"),
            (
                &good,
                &idx(&[LABELS_MAGIC, 3], &[1, 0]),
                "labels should hold 3 bytes after its header but is truncated after 2",
            ),
        ];
        for (images, labels, message) in cases {
            let error = open(images, labels, false, None).unwrap_err().to_string();
            assert!(error.contains(message), "{error}\n{message}");
        }
    }

    #[test]
    fn a_record_with_a_label_out_of_range_is_left_out_and_named() {
        let source = open(&images(), &labels(), true, Some(4)).unwrap();
        assert_eq!((source.len(), source.left_out().records), (2, 1));
        let (left_out, end) = (source.left_out(), "the label 4: with 4 classes labels are 0 to 3");
        assert!(left_out.first().starts_with("record 2 of ") && left_out.first().ends_with(end));
    }
}

//! Small files for this crate's tests.

use std::borrow::Cow;
use std::io::Cursor;

use image::{ImageFormat, RgbImage};

use crate::source::{Encoded, EncodedRecord};
use crate::{Error, Raster, Result, Source};

/// An RGB image as a file of the given format.
pub(crate) fn encode(image: &Raster, format: ImageFormat) -> Vec<u8> {
    let (width, height) = (image.width() as u32, image.height() as u32);
    let image = RgbImage::from_raw(width, height, image.data().to_vec()).unwrap();
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG whose pixels depend on `seed`.
pub(crate) fn png(width: usize, height: usize, seed: u8) -> Vec<u8> {
    let data = (0..width * height * 3).map(|i| (i as u8).wrapping_mul(7) ^ seed).collect();
    encode(&Raster::new(width, height, 3, data).unwrap(), ImageFormat::Png)
}

/// A tar file of (name, content) members.
pub(crate) fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        builder
            .append(&tar_header(name, content.len(), tar::EntryType::Regular), *content)
            .unwrap();
    }
    builder.into_inner().unwrap()
}

/// A tar header whose name is taken as it is: `tar`'s own setters refuse hostile names.
pub(crate) fn tar_header(name: &str, size: usize, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(size as u64);
    header.set_cksum();
    header
}

/// `records` images of 8x8 pixels, each of one grey value and one class; some cannot be read.
pub(crate) struct Colours {
    classes: Vec<String>,
    records: usize,
    corrupt: Vec<usize>,
}

impl Colours {
    pub(crate) fn new(records: usize) -> Self {
        Self::with_corrupt(records, &[])
    }

    pub(crate) fn with_corrupt(records: usize, corrupt: &[usize]) -> Self {
        let classes = (0..records).map(|class| class.to_string()).collect();
        Self { classes, records, corrupt: corrupt.to_vec() }
    }

    /// Equally many images of each of so many classes, sorted by class.
    pub(crate) fn of_classes(records: usize, classes: usize) -> Self {
        Self { records, ..Self::new(classes) }
    }

    fn label(&self, index: usize) -> usize {
        index * self.classes.len() / self.records
    }
}

impl Source for Colours {
    fn len(&self) -> usize {
        self.records
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        let name = format!("colour {index}");
        if self.corrupt.contains(&index) {
            return Err(Error::EmptyImage { record: name });
        }
        let image = Raster::new(8, 8, 3, vec![index as u8; 192])?;
        Ok(EncodedRecord { image: Encoded::Pixels(image), label: self.label(index), name })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        (Cow::Borrowed(&[]), self.label(index))
    }
}

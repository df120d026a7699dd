//! Small files for this crate's tests.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use image::{ImageFormat, RgbImage};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

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

/// A row of a parquet file as the Hub keeps them: bytes of the image, label and caption.
pub(crate) type Row<'a> = (Option<&'a [u8]>, Option<i64>, Option<&'a str>);

/// A parquet file of such rows, so many in a group. Its metadata call the labels by `names`.
pub(crate) fn parquet_of(rows: &[Row<'_>], names: Option<&[&str]>, in_group: usize) -> Vec<u8> {
    let schema = "message rows {
        optional group image { optional binary bytes; optional binary path (UTF8); }
        optional int64 label;
        optional binary text (UTF8);
    }";
    let features = names.map(|names| {
        let label = serde_json::json!({"_type": "ClassLabel", "names": names});
        let features = serde_json::json!({"info": {"features": {"label": label}}});
        vec![KeyValue::new("huggingface".to_owned(), features.to_string())]
    });
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(features)
        .build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for rows in rows.chunks(in_group) {
        let mut group = file.next_row_group().unwrap();
        let images = rows.iter().map(|row| row.0.map(ByteArray::from));
        column::<ByteArrayType>(&mut group, images, 2);
        let path = |place| Some(ByteArray::from(format!("{place}.png").as_str()));
        column::<ByteArrayType>(&mut group, (0..rows.len()).map(path), 2);
        column::<Int64Type>(&mut group, rows.iter().map(|row| row.1), 1);
        column::<ByteArrayType>(&mut group, rows.iter().map(|row| row.2.map(ByteArray::from)), 1);
        group.close().unwrap();
    }
    file.into_inner().unwrap()
}

/// Writes a column of values of which some are not there; the others are at `level`.
fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: impl Iterator<Item = Option<T::T>>,
    level: i16,
) {
    let values: Vec<Option<T::T>> = values.collect();
    let levels: Vec<i16> =
        values.iter().map(|value| if value.is_some() { level } else { level - 1 }).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(&values, Some(&levels), None).unwrap();
    column.close().unwrap();
}

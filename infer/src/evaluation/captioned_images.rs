//! The images of a data set with their captions and attributes, in memory.

use std::path::Path;

use image::RgbImage;
use pixelflow_dataset::Source;
use pixelflow_dataset::source::{WebDatasetConfig, WebDatasetSource};
use pixelflow_host::progress::counting_bar;
use rayon::prelude::*;
use serde_json::{Map, Value};

use super::attributes::attribute_names;
use crate::{Error, Result};

/// Bytes of pixels that are read at most.
const MAX_BYTES: usize = 1 << 33;

/// Images of one size with their captions and attributes.
#[derive(Debug)]
pub struct CaptionedImages {
    size: [usize; 2],
    names: Vec<String>,
    /// `[attributes, records]`.
    values: Vec<Vec<Option<String>>>,
    captions: Vec<Option<String>>,
    /// `[records, height, width, 3]`.
    pixels: Vec<u8>,
    records: Vec<String>,
}

/// One record as it is read.
struct Read {
    pixels: Vec<u8>,
    size: [usize; 2],
    caption: Option<String>,
    values: Vec<Option<String>>,
    name: String,
}

impl CaptionedImages {
    /// Reads a `WebDataset`, or its first `count` records.
    ///
    /// Its attributes are the fields of the first record's `.json` that hold a text or null, except
    /// label and caption; every other record must have them too.
    ///
    /// # Errors
    /// [`Error::Dataset`], and [`Error::Attributes`] for a data set without attributes, a record
    /// that lacks one, and images that differ in size.
    pub fn read(path: &Path, count: Option<usize>) -> Result<Self> {
        let config = WebDatasetConfig { unlabelled: true, ..WebDatasetConfig::new([path]) };
        let source = WebDatasetSource::open(&config)?;
        let unusable = |reason: String| Error::Attributes { path: path.to_owned(), reason };
        let first = source.fields(0)?.unwrap_or_default();
        let names = attribute_names(&first, &[&config.label_field, &config.caption_field]);
        if names.is_empty() {
            return Err(unusable(
                "its records have no attributes; they are expected in the .json beside each image, \
                 as \"species\": \"orc\" or \"cloak\": null"
                    .to_owned(),
            ));
        }
        let records = count.map_or(source.len(), |count| count.min(source.len()));
        let size = {
            let image = source.read(0)?.image;
            [image.height(), image.width()]
        };
        if (size[0] * size[1] * 3).saturating_mul(records) > MAX_BYTES {
            return Err(unusable(format!(
                "{records} images of {}x{} pixels do not fit in memory",
                size[0], size[1]
            )));
        }
        let bar = counting_bar(records as u64, "reading images");
        let read = |index: usize| {
            let record = read_record(&source, index, &names).map_err(|error| match error {
                Problem::Dataset(error) => error.into(),
                Problem::Attribute(reason) => unusable(reason),
            })?;
            if record.size != size {
                return Err(unusable(format!(
                    "{} is {}x{} pixels and the first image {}x{}; a probe needs images of one size",
                    record.name, record.size[0], record.size[1], size[0], size[1]
                )));
            }
            bar.inc(1);
            Ok(record)
        };
        let read: Vec<Read> = (0..records).into_par_iter().map(read).collect::<Result<_>>()?;
        bar.finish_and_clear();
        Ok(Self::together(size, names, read))
    }

    fn together(size: [usize; 2], names: Vec<String>, read: Vec<Read>) -> Self {
        let mut all = Self {
            size,
            values: vec![Vec::with_capacity(read.len()); names.len()],
            captions: Vec::with_capacity(read.len()),
            pixels: Vec::with_capacity(read.len() * size[0] * size[1] * 3),
            records: Vec::with_capacity(read.len()),
            names,
        };
        for record in read {
            all.pixels.extend(record.pixels);
            all.captions.push(record.caption);
            all.records.push(record.name);
            for (values, value) in all.values.iter_mut().zip(record.values) {
                values.push(value);
            }
        }
        all
    }

    /// Height and width of every image in pixels.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Names of the attributes.
    pub fn attributes(&self) -> &[String] {
        &self.names
    }

    /// The values of an attribute, one a record; `None` where there is no such attribute.
    pub fn values(&self, attribute: &str) -> Option<&[Option<String>]> {
        let index = self.names.iter().position(|name| name == attribute)?;
        Some(&self.values[index])
    }

    /// All pixels, `[records, height, width, 3]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// One image.
    ///
    /// # Panics
    /// If there is no such record.
    pub fn image(&self, index: usize) -> RgbImage {
        let [height, width] = self.size;
        let bytes = height * width * 3;
        let pixels = self.pixels[index * bytes..(index + 1) * bytes].to_vec();
        RgbImage::from_raw(width as u32, height as u32, pixels).expect("three bytes a pixel")
    }

    /// The caption of every record.
    ///
    /// # Errors
    /// The name of the first record that has none.
    pub fn captions(&self) -> Result<Vec<&str>, &str> {
        let captions = self.captions.iter().zip(&self.records);
        captions.map(|(caption, record)| caption.as_deref().ok_or(record.as_str())).collect()
    }
}

/// Why a record cannot be used.
enum Problem {
    Dataset(pixelflow_dataset::Error),
    Attribute(String),
}

fn read_record(source: &WebDatasetSource, index: usize, names: &[String]) -> Result<Read, Problem> {
    let record = source.read(index).map_err(Problem::Dataset)?;
    let captions = source.captions(index).map_err(Problem::Dataset)?;
    let fields = source.fields(index).map_err(Problem::Dataset)?;
    let fields = fields.unwrap_or_default();
    let value = |name: &String| value_of(&fields, name, &record.name).map_err(Problem::Attribute);
    Ok(Read {
        values: names.iter().map(value).collect::<Result<_, _>>()?,
        size: [record.image.height(), record.image.width()],
        pixels: record.image.data().to_vec(),
        caption: captions.into_iter().next(),
        name: record.name,
    })
}

/// The value of an attribute: a text, or null for none.
fn value_of(
    fields: &Map<String, Value>,
    name: &str,
    record: &str,
) -> Result<Option<String>, String> {
    match fields.get(name) {
        Some(Value::Null) => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(other) => {
            Err(format!("{record} has the {name} {other}; an attribute is a text or null"))
        }
        None => Err(format!(
            "{record} has no field {name:?}, which the first record has; write null for none"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::measure::testing::{TestRecord, write_tar};

    fn read(records: &[TestRecord], count: Option<usize>) -> Result<CaptionedImages> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar");
        write_tar(&path, records);
        CaptionedImages::read(&path, count)
    }

    fn record(json: &str) -> TestRecord {
        TestRecord {
            image: RgbImage::from_pixel(3, 2, image::Rgb([9, 8, 7])),
            json: json.to_owned(),
        }
    }

    const ORC: &str =
        r#"{"label": 3, "caption": "an orc", "species": "orc", "hair": null, "n": 1}"#;

    #[test]
    fn attributes_are_the_texts_and_nulls_beside_label_and_caption() {
        let elf = r#"{"caption": "an elf", "hair": "black", "species": "elf"}"#;
        let images = read(&[record(ORC), record(elf)], None).unwrap();
        assert_eq!(images.attributes(), ["species", "hair"]);
        assert_eq!((images.size(), images.len()), ([2, 3], 2));
        let hair = images.values("hair").unwrap();
        assert_eq!(hair, [None, Some("black".to_owned())]);
        assert_eq!(images.values("label"), None);
        assert_eq!(images.captions(), Ok(vec!["an orc", "an elf"]));
        assert_eq!(images.image(1).get_pixel(2, 1).0, [9, 8, 7]);
        assert_eq!(read(&[record(ORC), record("{}")], Some(1)).unwrap().len(), 1);
    }

    #[test]
    fn records_that_cannot_be_compared_are_named() {
        let mut large = record(ORC);
        large.image = RgbImage::new(4, 4);
        for (records, reason) in [
            (vec![record(r#"{"label": "a"}"#)], "no attributes; they are"),
            (
                vec![record(ORC), record(r#"{"species": "elf"}"#)],
                "a.tar:000001 has no field \"hair\"",
            ),
            (
                vec![record(ORC), record(r#"{"species": 3, "hair": null}"#)],
                "a.tar:000001 has the species 3; an attribute is a text or null",
            ),
            (vec![record(ORC), large], "a.tar:000001 is 4x4 pixels and the first image 2x3"),
        ] {
            let message = read(&records, None).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        let images = read(&[record(r#"{"hair": null}"#)], None).unwrap();
        assert!(images.captions().unwrap_err().ends_with("a.tar:000000"));
    }
}

//! What becomes of an image's file.

use std::io::Cursor;

use image::{ExtendedColorType, ImageEncoder, ImageFormat, codecs::png::PngEncoder};
use pixelflow_dataset::Raster;
use pixelflow_dataset::source::{Encoded, EncodedRecord};
use pixelflow_dataset::survey::upright;

use super::fitting::Fitting;
use crate::{Error, Result};

/// An image as it goes into a shard.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImageFile {
    /// `png`, `jpg` or `webp`.
    pub extension: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What was done to it.
    pub change: Change,
}

/// What is done to an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// It was turned or mirrored as its metadata say.
    pub turned: bool,
    /// It was scaled or cut.
    pub fitted: bool,
    /// The bucket that it is in, `[height, width]`, where there are buckets.
    pub bucket: Option<[usize; 2]>,
}

/// The file of a record: as it is where nothing has to be done to it, else a PNG of its pixels, turned as its metadata
/// say and brought to size.
///
/// # Errors
/// What decoding and scaling say.
pub(super) fn image_file(record: EncodedRecord, fitting: Option<&Fitting>) -> Result<ImageFile> {
    let name = record.name.clone();
    let file = match &record.image {
        Encoded::File(bytes) => Some(bytes.clone()),
        Encoded::Pixels(_) => None,
    };
    let decoded = record.decode()?.image;
    let (image, turned) = match &file {
        Some(bytes) => upright(bytes, decoded),
        None => (decoded, false),
    };
    let bucket = fitting.and_then(|fitting| fitting.bucket(&image));
    let fitted = fitting.map(|fitting| fitting.fit(&image, &name)).transpose()?.flatten();
    let change = Change { turned, fitted: fitted.is_some(), bucket };
    let pixels = fitted.unwrap_or(image);
    let extension = file.as_deref().and_then(extension);
    match (file, extension) {
        (Some(bytes), Some(extension)) if !change.turned && !change.fitted => {
            Ok(ImageFile { extension, bytes, change })
        }
        _ => Ok(ImageFile { extension: "png", bytes: png(&pixels, &name)?, change }),
    }
}

/// The ending of a file that training reads.
fn extension(bytes: &[u8]) -> Option<&'static str> {
    match image::guess_format(bytes).ok()? {
        ImageFormat::Png => Some("png"),
        ImageFormat::Jpeg => Some("jpg"),
        ImageFormat::WebP => Some("webp"),
        _ => None,
    }
}

fn png(image: &Raster, name: &str) -> Result<Vec<u8>> {
    let colour =
        if image.channels() == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    let mut bytes = Cursor::new(Vec::new());
    PngEncoder::new(&mut bytes)
        .write_image(image.data(), image.width() as u32, image.height() as u32, colour)
        .map_err(|error| Error::Prepare { path: name.into(), reason: error.to_string() })?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use pixelflow_dataset::Buckets;

    use super::*;
    use crate::arguments::PrepareArguments;

    fn fitting(size: Option<usize>, buckets: Option<Buckets>) -> Fitting {
        let (near, not_in, shard_images) = (None, None, 1);
        let [data, out] = ["a", "b"].map(std::path::PathBuf::from);
        let arguments = PrepareArguments { data, out, size, buckets, near, not_in, shard_images };
        Fitting::of(&arguments).unwrap().unwrap()
    }

    fn record(image: Encoded) -> EncodedRecord {
        EncodedRecord { image, label: 0, name: "a".to_owned() }
    }

    #[test]
    fn a_file_stays_as_it_is_unless_something_has_to_be_done() {
        let raster = |side: usize| Raster::new(side, side, 3, vec![9; 3 * side * side]).unwrap();
        let pixels = image_file(record(Encoded::Pixels(raster(8))), None).unwrap();
        assert_eq!((pixels.extension, pixels.change), ("png", Change::default()));
        let square = fitting(Some(8), None);
        let kept = record(Encoded::File(pixels.bytes.clone()));
        assert_eq!(image_file(kept, Some(&square)).unwrap(), pixels);
        let large = image_file(record(Encoded::Pixels(raster(20))), Some(&square)).unwrap();
        assert!(large.change.fitted && !large.change.turned);
        assert_eq!(large.bytes, pixels.bytes);
        // In its bucket it is as it was, and known to be there.
        let sizes = fitting(None, Some(Buckets::new(vec![[4, 8], [8, 8]]).unwrap()));
        let kept = image_file(record(Encoded::File(pixels.bytes.clone())), Some(&sizes)).unwrap();
        assert_eq!((&kept.bytes, kept.change.bucket), (&pixels.bytes, Some([8, 8])));
        assert!(!kept.change.fitted);
    }
}

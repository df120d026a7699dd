//! Image files to pixels.

use std::io::Cursor;
use std::path::Path;

use image::{ImageReader, Limits};

use crate::{Error, Raster, Result};

/// File names that end so (after a dot, in any case) are images.
pub const EXTENSIONS: [&str; 4] = ["png", "jpg", "jpeg", "webp"];
/// The same for people.
pub(crate) const SUPPORTED: &str = "png, jpg, jpeg, webp";

/// Largest image file that is read: 64 MiB.
pub const MAX_IMAGE_BYTES: u64 = 64 << 20;
/// Longest side of an image that is decoded.
pub const MAX_SIDE: u32 = 1 << 15;
/// Most memory that decoding one image may take: 512 MiB.
pub const MAX_DECODED_BYTES: u64 = 512 << 20;

/// Whether a file of this name is an image.
pub fn is_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|given| EXTENSIONS.iter().any(|known| given.eq_ignore_ascii_case(known)))
}

/// Decodes a PNG, JPEG or WebP file to RGB; `record` names it in messages.
///
/// The format is told by the content. Grey becomes RGB, transparency is dropped and an orientation
/// in the metadata is ignored, as in the reference; 16 bits become 8.
///
/// # Errors
/// [`Error::EmptyImage`] for no bytes, [`Error::TooLarge`] above `MAX_IMAGE_BYTES`,
/// [`Error::Undecodable`] for anything the decoder refuses, among it sides longer than
/// `MAX_SIDE` and images that would take more than `MAX_DECODED_BYTES`.
pub fn decode(bytes: &[u8], record: &str) -> Result<Raster> {
    check_size(bytes.len() as u64, record)?;
    let undecodable = |error: image::ImageError| Error::Undecodable {
        record: record.to_owned(),
        reason: error.to_string(),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| undecodable(error.into()))?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let image = reader.decode().map_err(undecodable)?.into_rgb8();
    let (width, height) = image.dimensions();
    Raster::new(width as usize, height as usize, 3, image.into_raw())
}

/// Refuses image files that are empty or too large, before they are read.
pub(crate) fn check_size(bytes: u64, record: &str) -> Result<()> {
    match bytes {
        0 => Err(Error::EmptyImage { record: record.to_owned() }),
        1..=MAX_IMAGE_BYTES => Ok(()),
        _ => Err(Error::TooLarge { record: record.to_owned(), bytes, limit: MAX_IMAGE_BYTES }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{encode, png};

    #[test]
    fn lossless_formats_give_the_pixels_back() {
        let image = Raster::new(3, 2, 3, (0..18).map(|i| i * 14).collect()).unwrap();
        for format in [image::ImageFormat::Png, image::ImageFormat::WebP] {
            assert_eq!(decode(&encode(&image, format), "image").unwrap(), image);
        }
        let jpeg = decode(&encode(&image, image::ImageFormat::Jpeg), "image").unwrap();
        assert_eq!((jpeg.width(), jpeg.height(), jpeg.channels()), (3, 2, 3));
    }

    #[test]
    fn grey_is_repeated_and_transparency_dropped() {
        let grey = image::GrayImage::from_raw(1, 1, vec![77]).unwrap();
        let clear = image::RgbaImage::from_raw(1, 1, vec![1, 2, 3, 0]).unwrap();
        let decoded = |image: image::DynamicImage| {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
            decode(bytes.get_ref(), "image").unwrap().data().to_vec()
        };
        assert_eq!(decoded(grey.into()), [77, 77, 77]);
        assert_eq!(decoded(clear.into()), [1, 2, 3]);
    }

    #[test]
    fn bad_files_are_named() {
        let good = png(4, 4, 9);
        let mut wide = good.clone();
        wide[16..20].copy_from_slice(&0x7fff_ffff_u32.to_be_bytes());
        for (bytes, message) in [
            (vec![], "a.png is empty (0 bytes): copy it again or remove it"),
            (b"no image".to_vec(), "a.png is not a readable image: "),
            (good[..good.len() / 2].to_vec(), "a.png is not a readable image: "),
            (wide, "a.png is not a readable image: "),
        ] {
            let error = decode(&bytes, "a.png").unwrap_err();
            assert!(error.to_string().starts_with(message), "{error}");
            assert!(error.is_corrupt_record());
        }
        assert_eq!(
            check_size(MAX_IMAGE_BYTES + 1, "a.png").unwrap_err().to_string(),
            "a.png has 67108865 bytes, more than the limit of 67108864"
        );
    }

    #[test]
    fn image_names_are_known_by_their_end() {
        for (name, expected) in [
            ("a.png", true),
            ("b/c.JPEG", true),
            ("x.webp", true),
            ("png", false),
            ("a.txt", false),
        ] {
            assert_eq!(is_image(Path::new(name)), expected, "{name}");
        }
    }
}

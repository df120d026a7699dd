//! What of an image training does not see, or would not expect.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageReader, Limits, RgbImage};

use crate::{MAX_PNG_EXTRAS, Raster};

/// What of an image training does not see, or would not expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// It is grey, whatever its file has: all channels are equal.
    pub is_grey: bool,
    /// It has a channel of transparency, which is dropped: what lies under it shows.
    pub is_transparent: bool,
    /// Its metadata say that it is to be turned or mirrored, which is not done.
    pub is_turned: bool,
}

impl Traits {
    /// Those that the header of a file tells; all false where it cannot be read.
    pub(super) fn of_file(bytes: &[u8]) -> Self {
        let (is_transparent, orientation) = header(bytes);
        let is_turned = orientation != Orientation::NoTransforms;
        Self { is_grey: false, is_transparent, is_turned }
    }

    /// The same, with what the pixels tell.
    pub(super) fn with_pixels(self, image: &Raster) -> Self {
        let is_grey = |pixel: &[u8]| pixel.iter().all(|value| *value == pixel[0]);
        Self { is_grey: image.data().chunks_exact(image.channels()).all(is_grey), ..self }
    }
}

/// Whether a file has transparency, and how it is to be turned; neither where its header cannot be read.
fn header(bytes: &[u8]) -> (bool, Orientation) {
    let read = || {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MAX_PNG_EXTRAS + bytes.len() as u64);
        reader.limits(limits);
        let mut decoder = reader.into_decoder().ok()?;
        // A file with damaged metadata is drawn as it is, too.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        Some((decoder.color_type().has_alpha(), orientation))
    };
    let read = crate::decode::catch(read).ok().flatten();
    read.unwrap_or((false, Orientation::NoTransforms))
}

/// The image of a file turned and mirrored as its metadata say, and whether it was.
///
/// # Panics
/// Never: a turned image has as many pixels.
pub fn upright(bytes: &[u8], image: Raster) -> (Raster, bool) {
    let orientation = header(bytes).1;
    if orientation == Orientation::NoTransforms {
        return (image, false);
    }
    let (width, height) = (image.width() as u32, image.height() as u32);
    let (channels, data) = (image.channels(), image.data().to_vec());
    let mut turned: DynamicImage = if channels == 1 {
        GrayImage::from_raw(width, height, data).expect("as many bytes").into()
    } else {
        RgbImage::from_raw(width, height, data).expect("as many bytes").into()
    };
    turned.apply_orientation(orientation);
    let (width, height) = (turned.width() as usize, turned.height() as usize);
    let turned = Raster::new(width, height, channels, turned.into_bytes());
    (turned.expect("as many pixels as before"), true)
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, ImageEncoder, ImageFormat, RgbaImage};

    use super::*;

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    /// A camera's metadata that say: turn me by 90 degrees.
    fn turned_jpeg() -> Vec<u8> {
        // One entry: tag 0x0112, type 3 (16 bits), one value, 6.
        let entry = [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0];
        let exif = [&b"II*\0\x08\0\0\0\x01\0"[..], &entry, &[0; 4]].concat();
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new(&mut bytes);
        encoder.set_exif_metadata(exif).unwrap();
        encoder.write_image(&[9; 12], 2, 2, ExtendedColorType::Rgb8).unwrap();
        bytes
    }

    #[test]
    fn grey_transparent_and_turned_files_are_known() {
        let plain = Traits::default();
        let transparent = png(RgbaImage::new(2, 2));
        assert_eq!(Traits::of_file(&transparent), Traits { is_transparent: true, ..plain });
        assert_eq!(Traits::of_file(&turned_jpeg()), Traits { is_turned: true, ..plain });
        assert_eq!(Traits::of_file(&png(RgbImage::new(2, 2))), plain);
        assert_eq!(Traits::of_file(b"no image"), plain);
        // Turned by 90 degrees to the right, the left of the lower row comes first.
        let image = Raster::new(2, 2, 1, vec![1, 2, 3, 4]).unwrap();
        let (turned, is_turned) = upright(&turned_jpeg(), image.clone());
        assert!(is_turned && turned.data() == [3, 1, 4, 2]);
        assert_eq!(upright(b"no image", image.clone()), (image, false));
        let raster = |values: &[u8]| Raster::new(2, 1, 3, values.to_vec()).unwrap();
        assert!(plain.with_pixels(&raster(&[1, 1, 1, 9, 9, 9])).is_grey);
        assert!(!plain.with_pixels(&raster(&[1, 1, 1, 9, 8, 9])).is_grey);
    }
}

//! Pictures and masks of users, in whatever form their files have them.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageReader};
use pixelflow::pipeline::{Mask, Picture};
use pixelflow_host::output::note;

use crate::error::read_error;
use crate::{Error, Result};

/// Bytes of a file that are read: one more than decoding takes, so that it can say that there are more.
const MOST_BYTES: u64 = (64 << 20) + 1;

/// A picture of any depth, as RGB of 8 bits; its transparency is left out, and that is said.
///
/// # Errors
/// [`Error::Read`], [`Error::Dataset`] for what is no sound PNG, JPEG or WebP.
pub(crate) fn read_picture_file(argument: &'static str, path: &Path) -> Result<Picture> {
    let image = read_image(argument, path)?;
    if has_transparency(&image) {
        let file = path.display();
        note(format_args!("note: {argument} {file}: its transparency is left out, as in training"));
    }
    Ok(Picture::new(size(&image), image.into_rgb8().into_raw()))
}

/// A mask of any colours: what is light is drawn anew, or what is transparent if anything is.
///
/// # Errors
/// As [`read_picture_file`].
pub(crate) fn read_mask_file(argument: &'static str, path: &Path) -> Result<Mask> {
    let image = read_image(argument, path)?;
    let size = size(&image);
    if !has_transparency(&image) {
        return Ok(Mask::new(size, image.into_luma8().into_raw()));
    }
    let file = path.display();
    note(format_args!("note: {argument} {file}: what is transparent is drawn anew"));
    let clear = image.into_luma_alpha8().pixels().map(|pixel| 255 - pixel.0[1]).collect::<Vec<_>>();
    Ok(Mask::new(size, clear))
}

fn size(image: &DynamicImage) -> [usize; 2] {
    [image.height() as usize, image.width() as usize]
}

fn has_transparency(image: &DynamicImage) -> bool {
    image.color().has_alpha() && image.pixels().any(|(_, _, pixel)| pixel.0[3] < u8::MAX)
}

fn read_image(argument: &'static str, path: &Path) -> Result<DynamicImage> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read_error(path))?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(read_error(path))?;
    // Files of strangers: the data set's decoder refuses all that is too large, cut off or of another format.
    pixelflow_dataset::decode(&bytes, &path.display().to_string())?;
    let decoded = || {
        let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format()?;
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut image = DynamicImage::from_decoder(decoder)?;
        image.apply_orientation(orientation);
        Ok::<_, image::ImageError>((image, orientation))
    };
    let (image, orientation) = decoded().map_err(|error| Error::Argument {
        argument,
        value: path.display().to_string(),
        reason: format!("it cannot be read: {error}"),
    })?;
    if orientation != Orientation::NoTransforms {
        let file = path.display();
        note(format_args!("note: {argument} {file} is turned as its EXIF orientation says"));
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma, LumaA, Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    fn written(
        image: impl Into<DynamicImage>,
        name: &str,
    ) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        image.into().save(&path).unwrap();
        (folder, path)
    }

    #[test]
    fn masks_are_grey_rgb_or_transparency() {
        let level = |x: u32| [0, 90, 255][x as usize];
        let grey = GrayImage::from_fn(3, 2, |x, _| Luma([level(x)]));
        let rgb = RgbImage::from_fn(3, 2, |x, _| Rgb([level(x); 3]));
        let clear = RgbaImage::from_fn(3, 2, |x, _| Rgba([7, 7, 7, 255 - level(x)]));
        let grey_alpha = image::GrayAlphaImage::from_fn(3, 2, |x, _| LumaA([level(x), u8::MAX]));
        let images: [DynamicImage; 4] = [grey.into(), rgb.into(), clear.into(), grey_alpha.into()];
        for image in images {
            let case = image.color();
            let (_folder, path) = written(image, "mask.png");
            let mask = read_mask_file("--mask", &path).unwrap();
            assert_eq!(mask, Mask::new([2, 3], vec![0, 90, 255, 0, 90, 255]), "{case:?}");
        }
    }

    #[test]
    fn pictures_are_turned_as_their_camera_says_and_lose_their_transparency() {
        let colours = |x, y| [x as u8 * 90, y as u8 * 200, 5];
        let clear = RgbaImage::from_fn(3, 2, |x, y| {
            let [r, g, b] = colours(x, y);
            Rgba([r, g, b, 40])
        });
        let (_folder, path) = written(clear, "clear.png");
        let expected: Vec<u8> = (0..6).flat_map(|i| colours(i % 3, i / 3)).collect();
        assert_eq!(read_picture_file("--image", &path).unwrap(), Picture::new([2, 3], expected));

        // An APP1 segment that says 6: turned by a quarter to the right.
        let (_folder, path) = written(RgbImage::new(16, 8), "camera.jpg");
        let mut bytes = std::fs::read(&path).unwrap();
        let exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        bytes.splice(2..2, exif.iter().copied());
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read_picture_file("--image", &path).unwrap().size, [16, 8]);
    }
}

//! Pictures and masks of users, in whatever form their files have them.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView, ImageDecoder, ImageReader, Limits};
use pixelflow::pipeline::{Mask, Picture};
use pixelflow_dataset::MAX_PNG_EXTRAS;
use pixelflow_host::output::note;

use crate::Result;
use crate::error::read_error;

/// Bytes of a file that are read: one more than decoding takes, so that it can say that there are more.
const MOST_BYTES: u64 = (64 << 20) + 1;

/// A picture of any depth, as RGB of 8 bits; its transparency is left out, and that is said.
///
/// # Errors
/// [`Read`](crate::Error::Read), [`Dataset`](crate::Error::Dataset) for what is no sound PNG, JPEG or WebP.
pub(crate) fn read_picture_file(argument: &'static str, path: &Path) -> Result<Picture> {
    let (picture, notes) = read_file(path)?.picture();
    say(argument, path, &notes);
    Ok(picture)
}

/// A mask of any colours: what is light is drawn anew, or what is transparent if anything is.
///
/// # Errors
/// As [`read_picture_file`].
pub(crate) fn read_mask_file(argument: &'static str, path: &Path) -> Result<Mask> {
    let (mask, notes) = read_file(path)?.mask();
    say(argument, path, &notes);
    Ok(mask)
}

fn read_file(path: &Path) -> Result<PictureFile> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read_error(path))?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(read_error(path))?;
    Ok(PictureFile::decoded(&bytes, &path.display().to_string())?)
}

fn say(argument: &str, path: &Path, notes: &[&str]) {
    for words in notes {
        note(format_args!("note: {argument} {}{words}", path.display()));
    }
}

/// A picture or mask whose file is decoded.
#[derive(Clone, Debug)]
pub(crate) struct PictureFile {
    image: DynamicImage,
    is_turned: bool,
}

impl PictureFile {
    /// That of a file's bytes, turned as they say; `name` is what messages call it.
    ///
    /// # Errors
    /// What [`pixelflow_dataset::decode`] says of what is no sound PNG, JPEG or WebP.
    pub(crate) fn decoded(bytes: &[u8], name: &str) -> pixelflow_dataset::Result<Self> {
        // Files of strangers: the data set's decoder refuses all that is too large, cut off or of another format.
        pixelflow_dataset::decode(bytes, name)?;
        let decoded = || {
            let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(MAX_PNG_EXTRAS + bytes.len() as u64);
            reader.limits(limits);
            let mut decoder = reader.into_decoder()?;
            let orientation = decoder.orientation()?;
            let mut image = DynamicImage::from_decoder(decoder)?;
            image.apply_orientation(orientation);
            let is_turned = orientation != Orientation::NoTransforms;
            Ok::<_, image::ImageError>(Self { image, is_turned })
        };
        decoded().map_err(|error| pixelflow_dataset::Error::Undecodable {
            record: name.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Whether anything of it is transparent.
    pub(crate) fn has_transparency(&self) -> bool {
        let image = &self.image;
        image.color().has_alpha() && image.pixels().any(|(_, _, pixel)| pixel.0[3] < u8::MAX)
    }

    /// The picture, as [`read_picture_file`] gives it, and what its user should know: words to stand behind its
    /// name.
    pub(crate) fn picture(self) -> (Picture, Vec<&'static str>) {
        let clear = self.has_transparency();
        let clear = clear.then_some(": its transparency is left out, as in training");
        let notes = self.turned().into_iter().chain(clear).collect();
        (Picture::new(self.size(), self.image.into_rgb8().into_raw()), notes)
    }

    /// The mask, as [`read_mask_file`] gives it, and what its user should know.
    pub(crate) fn mask(self) -> (Mask, Vec<&'static str>) {
        let (size, mut notes) = (self.size(), Vec::from_iter(self.turned()));
        if !self.has_transparency() {
            return (Mask::new(size, self.image.into_luma8().into_raw()), notes);
        }
        notes.push(": what is transparent is drawn anew");
        let pixels = self.image.into_luma_alpha8();
        (Mask::new(size, pixels.pixels().map(|pixel| 255 - pixel.0[1]).collect::<Vec<_>>()), notes)
    }

    fn size(&self) -> [usize; 2] {
        [self.image.height() as usize, self.image.width() as usize]
    }

    fn turned(&self) -> Option<&'static str> {
        self.is_turned.then_some(" is turned as its EXIF orientation says")
    }
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

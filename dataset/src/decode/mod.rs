//! Image files to pixels.

mod jpeg;
mod opened;
mod panics;

use std::borrow::Cow;
use std::path::Path;

pub(crate) use opened::Opened;
pub(crate) use panics::{catch, message as panic_message};

use crate::{Error, Raster, Result};

/// File names that end so (after a dot, in any case) are images.
pub const EXTENSIONS: [&str; 6] = ["png", "jpg", "jpeg", "jpe", "jfif", "webp"];
/// The same for people.
pub(crate) const SUPPORTED: &str = "png, jpg, jpeg, jpe, jfif, webp";
/// Images too, but of formats that are not read.
const UNSUPPORTED: [&str; 14] = [
    "avif", "bmp", "gif", "heic", "heif", "jp2", "jxl", "pgm", "pnm", "ppm", "psd", "svg", "tif",
    "tiff",
];

/// What is wrong with them.
pub(crate) const CONVERT: &str = "is of a format that is not read; convert it to PNG, JPEG or WebP";

/// Largest image file that is read: 64 MiB.
pub const MAX_IMAGE_BYTES: u64 = 64 << 20;
/// Longest side of an image that is decoded.
pub const MAX_SIDE: u32 = 1 << 15;
/// Most memory that a PNG's profiles, texts and rows may take beyond the file's own length: 8 MiB.
pub const MAX_PNG_EXTRAS: u64 = 8 << 20;
/// Most memory that decoding one image may take, and all that are decoded at once: 512 MiB.
pub const MAX_DECODED_BYTES: u64 = 512 << 20;

/// Whether a file of this name is an image that can be read.
pub fn is_image(path: &Path) -> bool {
    ends_in(path, &EXTENSIONS)
}

/// Whether a file of this name is an image of a format that is not read.
pub(crate) fn is_unsupported_image(path: &Path) -> bool {
    ends_in(path, &UNSUPPORTED)
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|given| endings.iter().any(|known| given.eq_ignore_ascii_case(known)))
}

/// Decodes a PNG, JPEG or WebP file to RGB; `record` names it in messages.
///
/// The format is told by the content. Grey becomes RGB, transparency is dropped and an orientation
/// in the metadata is ignored, as in the reference; 16 bits become 8. A file that was cut off is
/// refused, whatever its decoder makes of the rest.
///
/// # Errors
/// [`Error::EmptyImage`] for no bytes, [`Error::TooLarge`] above `MAX_IMAGE_BYTES`,
/// [`Error::TooMuchMemory`] above `MAX_DECODED_BYTES` with the decoder's own buffers,
/// [`Error::Undecodable`] for anything the decoder refuses or panics at, and sides longer than
/// `MAX_SIDE`.
pub fn decode(bytes: &[u8], record: &str) -> Result<Raster> {
    Opened::new(bytes, record)?.decode().map(Cow::into_owned)
}

/// Height and width of an image file in pixels, read from its header: little memory is taken.
///
/// # Errors
/// As [`decode`].
pub fn image_size(bytes: &[u8], record: &str) -> Result<[usize; 2]> {
    Ok(Opened::new(bytes, record)?.size())
}

/// Refuses image files that are empty or too large, before they are read.
pub(crate) fn check_size(bytes: u64, record: &str) -> Result<()> {
    match bytes {
        0 => Err(Error::EmptyImage { record: record.to_owned() }),
        1..=MAX_IMAGE_BYTES => Ok(()),
        _ => Err(Error::TooLarge { record: record.to_owned(), bytes, limit: MAX_IMAGE_BYTES }),
    }
}

/// Refuses what takes more memory than there is for all images together.
pub(crate) fn check_memory(bytes: u64, [height, width]: [usize; 2], record: &str) -> Result<()> {
    if bytes <= MAX_DECODED_BYTES {
        return Ok(());
    }
    Err(Error::TooMuchMemory { record: record.to_owned(), width, height, mebibytes: bytes >> 20 })
}

#[cfg(test)]
mod tests;

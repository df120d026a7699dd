//! Pictures as PNG files.

use std::io;
use std::path::Path;

use image::{ImageError, ImageFormat, RgbImage};
use pixelflow::durable;

use crate::Result;
use crate::error::write_error;

/// Writes a picture.
///
/// # Errors
/// [`crate::Error::Write`]; what was there before is as it was.
pub fn write_png(path: &Path, picture: &RgbImage) -> Result<()> {
    let png = |error: ImageError| match error {
        ImageError::IoError(error) => error,
        other => io::Error::other(other),
    };
    durable::write(path, |file| picture.write_to(file, ImageFormat::Png).map_err(png))
        .map_err(write_error(path))
}

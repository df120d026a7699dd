//! An 8-bit image in memory.

use crate::{Error, Result};

/// Pixels row by row, the channels of a pixel side by side: `[height, width, channels]`.
///
/// Never empty; one channel (grey) or three (RGB).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<u8>,
}

impl Raster {
    /// An image from its bytes.
    ///
    /// # Errors
    /// [`Error::InvalidRaster`] when a side is 0, there are not one or three channels, or `data`
    /// has another length than `width * height * channels`.
    pub fn new(width: usize, height: usize, channels: usize, data: Vec<u8>) -> Result<Self> {
        let expected = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        let sides_fit = width > 0 && height > 0 && matches!(channels, 1 | 3);
        if sides_fit && expected == Some(data.len()) {
            Ok(Self { width, height, channels, data })
        } else {
            Err(Error::InvalidRaster { width, height, channels, bytes: data.len() })
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Values a pixel: 1 (grey) or 3 (RGB).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The bytes, `[height, width, channels]`.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The rows, top to bottom, each `[width, channels]`.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.data.chunks_exact(self.width * self.channels)
    }

    /// The rectangle of `width` x `height` pixels whose upper left corner is (`left`, `top`).
    ///
    /// # Panics
    /// If it is empty or sticks out.
    #[must_use]
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        assert!(
            width > 0 && height > 0 && left + width <= self.width && top + height <= self.height,
            "{width}x{height} at ({left}, {top}) is not inside {}x{}",
            self.width,
            self.height
        );
        let columns = left * self.channels..(left + width) * self.channels;
        let mut data = Vec::with_capacity(width * height * self.channels);
        for row in self.rows().skip(top).take(height) {
            data.extend_from_slice(&row[columns.clone()]);
        }
        Self { width, height, channels: self.channels, data }
    }

    /// The mirror image, left and right exchanged.
    #[must_use]
    pub fn flip_horizontal(&self) -> Self {
        let mut data = Vec::with_capacity(self.data.len());
        for row in self.rows() {
            for pixel in row.rchunks_exact(self.channels) {
                data.extend_from_slice(pixel);
            }
        }
        Self { data, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2 rows of 3 RGB pixels; the bytes count up.
    fn counting() -> Raster {
        Raster::new(3, 2, 3, (0..18).collect()).unwrap()
    }

    #[test]
    fn crop_takes_the_rectangle() {
        assert_eq!(counting().crop(1, 1, 2, 1).data(), [12, 13, 14, 15, 16, 17]);
        assert_eq!(counting().crop(0, 0, 3, 2), counting());
    }

    #[test]
    fn flipping_keeps_channels_in_order_and_undoes_itself() {
        let flipped = counting().flip_horizontal();
        assert_eq!(flipped.data()[..9], [6, 7, 8, 3, 4, 5, 0, 1, 2]);
        assert_eq!(flipped.flip_horizontal(), counting());
    }

    #[test]
    fn impossible_images_are_refused() {
        for (width, height, channels, bytes) in
            [(0, 2, 3, 0), (2, 0, 3, 0), (1, 1, 2, 2), (2, 2, 3, 11), (usize::MAX, 2, 3, 8)]
        {
            let error = Raster::new(width, height, channels, vec![0; bytes]).unwrap_err();
            assert!(matches!(error, Error::InvalidRaster { .. }), "{error}");
        }
        let message = Raster::new(0, 2, 3, vec![]).unwrap_err().to_string();
        assert_eq!(message, "0 bytes do not make an image of 0x2 pixels with 3 channels");
    }
}

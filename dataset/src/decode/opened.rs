//! An image file whose header has been read: its size, and the memory that its pixels will take.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::{png::PngDecoder, webp::WebPDecoder};
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, Limits};

use super::jpeg::Jpeg;
use super::{MAX_PNG_EXTRAS, MAX_SIDE, SUPPORTED, check_memory, check_size, panics};
use crate::{Error, Raster, Result};

/// An image file whose header has been read.
pub(crate) struct Opened<'a> {
    record: &'a str,
    decoder: Decoder<'a>,
    /// Height and width in pixels.
    size: [usize; 2],
    memory: u64,
}

enum Decoder<'a> {
    /// Nothing is to be decoded.
    None(&'a Raster),
    Jpeg(Jpeg<'a>),
    Other(Box<dyn ImageDecoder + 'a>),
}

impl<'a> Opened<'a> {
    /// Reads the header; of a JPEG also where it ends. Little memory is taken.
    ///
    /// # Errors
    /// As [`decode`](super::decode()).
    pub(crate) fn new(bytes: &'a [u8], record: &'a str) -> Result<Self> {
        check_size(bytes.len() as u64, record)?;
        let undecodable = |reason| Error::Undecodable { record: record.to_owned(), reason };
        let opened = panics::catch(|| open(bytes)).and_then(|opened| opened);
        let (decoder, size, memory) = opened.map_err(undecodable)?;
        if size.iter().any(|&side| side == 0 || side > MAX_SIDE as usize) {
            let [height, width] = size;
            let reason = format!("{width}x{height} pixels; sides are 1 to {MAX_SIDE}");
            return Err(undecodable(reason));
        }
        check_memory(memory, size, record)?;
        Ok(Self { record, decoder, size, memory })
    }

    /// An image whose pixels are there already.
    pub(crate) fn decoded(image: &'a Raster, record: &'a str) -> Self {
        let size = [image.height(), image.width()];
        Self { record, decoder: Decoder::None(image), size, memory: 0 }
    }

    /// Height and width in pixels.
    pub(crate) fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Bytes that decoding takes: pixels as they are decoded, the decoder's own buffers, and the
    /// pixels as RGB.
    pub(crate) fn memory(&self) -> u64 {
        self.memory
    }

    /// The pixels.
    ///
    /// # Errors
    /// As [`decode`](super::decode()).
    pub(crate) fn decode(self) -> Result<Cow<'a, Raster>> {
        let pixels = match self.decoder {
            Decoder::None(image) => return Ok(Cow::Borrowed(image)),
            Decoder::Jpeg(jpeg) => panics::catch(|| jpeg.decode()),
            Decoder::Other(decoder) => panics::catch(|| {
                let image = DynamicImage::from_decoder(decoder).map_err(|e| e.to_string())?;
                Ok(image.into_rgb8().into_raw())
            }),
        };
        let [height, width] = self.size;
        match pixels.and_then(|pixels| pixels) {
            Ok(pixels) => Raster::new(width, height, 3, pixels).map(Cow::Owned),
            Err(reason) => Err(Error::Undecodable { record: self.record.to_owned(), reason }),
        }
    }
}

/// Decoder, size and memory of an image file.
fn open(bytes: &[u8]) -> std::result::Result<(Decoder<'_>, [usize; 2], u64), String> {
    let text = |error: image::ImageError| error.to_string();
    let length = bytes.len() as u64;
    let (decoder, memory_a_pixel, more): (Box<dyn ImageDecoder + '_>, u64, u64) =
        match image::guess_format(bytes).map_err(text)? {
            ImageFormat::Jpeg => {
                let jpeg = Jpeg::open(bytes)?;
                let (size, memory) = (jpeg.size(), jpeg.memory());
                return Ok((Decoder::Jpeg(jpeg), size, memory));
            }
            ImageFormat::Png => {
                let mut limits = Limits::no_limits();
                limits.max_alloc = Some(MAX_PNG_EXTRAS + length);
                let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(text)?;
                (Box::new(decoder), 0, MAX_PNG_EXTRAS + length)
            }
            ImageFormat::WebP => {
                let announced = bytes.get(4..8).map_or(0, |length| {
                    u64::from(u32::from_le_bytes([length[0], length[1], length[2], length[3]]))
                });
                if announced + 8 > length {
                    return Err(format!("it is cut off: {} of {} bytes", length, announced + 8));
                }
                let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(text)?;
                // Planes, transparency and, of an animation, the canvas.
                let own = if decoder.has_animation() { 16 } else { 7 };
                (Box::new(decoder), own, 0)
            }
            other => return Err(format!("it is {other:?}; supported are {SUPPORTED}")),
        };
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let rgb = if decoder.color_type() == ColorType::Rgb8 { 0 } else { 3 };
    let memory =
        decoder.total_bytes().saturating_add(pixels.saturating_mul(memory_a_pixel.max(rgb)));
    let size = [height as usize, width as usize];
    Ok((Decoder::Other(decoder), size, memory.saturating_add(more)))
}

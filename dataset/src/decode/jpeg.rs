//! JPEG files, refused when they were cut off.
//!
//! Decoders fill up with grey what is missing, as browsers do. Here a file must have its end mark, and
//! its data must suffice for every block.

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

type Result<T> = std::result::Result<T, String>;

/// What is put between the last block and the end mark: bits that are no code, so that a decoder
/// which needs more than there is fails. A whole image ends before them.
const NO_CODE: [u8; 16] = [0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0];
const END_MARK: [u8; 2] = [0xff, 0xd9];

/// A JPEG file whose markers have been read.
pub(super) struct Jpeg<'a> {
    /// Everything before the end mark.
    bytes: &'a [u8],
    frame: Frame,
    /// Whether there is nothing between the headers, as some cameras leave.
    is_tidy: bool,
    scans: u64,
}

/// What a start-of-frame marker says.
#[derive(Default)]
struct Frame {
    is_sequential: bool,
    height: usize,
    width: usize,
    /// Sampling factors of every component, horizontally and vertically.
    sampling: Vec<[u64; 2]>,
}

impl<'a> Jpeg<'a> {
    /// Reads the markers up to the first end mark; those of previews lie inside of segments.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self> {
        let truncated = || "it is cut off: the end-of-image mark is missing".to_owned();
        let mut found = Self { bytes, frame: Frame::default(), is_tidy: true, scans: 0 };
        let mut at = 2;
        loop {
            let start = at;
            let rest = bytes.get(at..).unwrap_or_default();
            at += rest.iter().position(|&byte| byte == 0xff).ok_or_else(truncated)?;
            at += bytes[at..].iter().position(|&byte| byte != 0xff).ok_or_else(truncated)? + 1;
            let marker = bytes[at - 1];
            match marker {
                0xd9 => break,
                // Data, restarts and what has no length.
                0x00 | 0x01 | 0xd0..=0xd8 => continue,
                _ => {}
            }
            found.is_tidy &= at - start == 2 || found.scans > 0;
            let length = bytes.get(at..at + 2).ok_or_else(truncated)?;
            let end = at + usize::from(u16::from_be_bytes([length[0], length[1]]));
            let segment = bytes.get(at + 2..end).ok_or_else(truncated)?;
            match marker {
                0xda => found.scans += 1,
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    found.frame =
                        Frame::read(marker, segment).ok_or("its frame header is damaged")?;
                }
                _ => {}
            }
            at = end;
        }
        found.bytes = &bytes[..at - 2];
        if found.scans == 0 || found.frame.sampling.is_empty() {
            return Err("it has no image data".to_owned());
        }
        Ok(found)
    }

    /// Height and width in pixels.
    pub(super) fn size(&self) -> [usize; 2] {
        [self.frame.height, self.frame.width]
    }

    /// Bytes that decoding takes: the file once more, pixels, some rows, and of files in several scans
    /// all coefficients.
    pub(super) fn memory(&self) -> u64 {
        let Frame { sampling, height, width, is_sequential } = &self.frame;
        let [height, width] = [*height as u64, *width as u64];
        let most = |side: usize| sampling.iter().map(|factors| factors[side]).max().unwrap_or(1);
        let units = width.div_ceil(8 * most(0)) * height.div_ceil(8 * most(1));
        let blocks: u64 = sampling.iter().map(|[across, down]| across * down).sum();
        let in_parts = !is_sequential || self.scans > 1;
        let coefficients = if in_parts { 2 * 64 * units * blocks } else { 0 };
        let rows = 64 * width * most(1) * sampling.len() as u64;
        let pixels = width * height * if sampling.len() == 1 { 4 } else { 3 };
        self.bytes.len() as u64 + pixels + rows + coefficients
    }

    /// The pixels as RGB.
    pub(super) fn decode(self) -> Result<Vec<u8>> {
        let is_padded = self.frame.is_sequential && self.scans == 1;
        let padding: &[u8] = if is_padded { &NO_CODE } else { &[] };
        let bytes = [self.bytes, padding, &END_MARK].concat();
        let options = DecoderOptions::default()
            .set_strict_mode(self.is_tidy)
            .set_max_width(usize::MAX)
            .set_max_height(usize::MAX);
        let is_grey = self.frame.sampling.len() == 1;
        let colours = if is_grey { ColorSpace::Luma } else { ColorSpace::RGB };
        let options = options.jpeg_set_out_colorspace(colours);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
        let pixels = decoder
            .decode()
            .map_err(|error| format!("its data is damaged or cut off ({error:?})"))?;
        Ok(if is_grey { pixels.into_iter().flat_map(|grey| [grey; 3]).collect() } else { pixels })
    }
}

impl Frame {
    /// Reads a frame header; `None` if it is too short or its sampling cannot be.
    fn read(marker: u8, segment: &[u8]) -> Option<Self> {
        let side = |at: usize| {
            Some(usize::from(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?])))
        };
        let count = usize::from(*segment.get(5)?);
        let components = segment.get(6..6 + 3 * count)?.chunks_exact(3);
        let factors = components.map(|part| [u64::from(part[1] >> 4), u64::from(part[1] & 15)]);
        let sampling: Vec<[u64; 2]> = factors.collect();
        let possible = sampling.as_flattened().iter().all(|factor| (1..=4).contains(factor));
        possible.then_some(Self {
            is_sequential: marker <= 0xc1,
            height: side(1)?,
            width: side(3)?,
            sampling,
        })
    }
}

//! Moving pictures as WebP: a container around lossless pictures, each of which `image` encodes.
//!
//! WebP Container Specification, <https://developers.google.com/speed/webp/docs/riff_container>: `VP8X` says the
//! size and that there is an animation, `ANIM` the background and the repeats, an `ANMF` each frame.

use std::io::{self, Write};

use image::ExtendedColorType;
use image::codecs::webp::WebPEncoder;

use super::animation::Shown;

/// The flag of an animation in `VP8X`.
const ANIMATED: u8 = 0b10;
/// The flag of a frame that replaces what was there.
const REPLACES: u8 = 0b10;
/// Bytes before the chunks of a still picture: `RIFF`, its length, `WEBP`.
const HEAD: usize = 12;

pub(super) fn write_webp(
    frames: impl Iterator<Item = Shown>,
    file: &mut impl Write,
) -> io::Result<()> {
    let mut frames = frames.peekable();
    let Some((first, _)) = frames.peek() else { return Ok(()) };
    let (width, height) = first.dimensions();
    let mut chunks =
        chunk(*b"VP8X", &[&[ANIMATED, 0, 0, 0], &less_one(width)[..], &less_one(height)].concat())?;
    // A transparent background, and no end.
    chunks.extend(chunk(*b"ANIM", &[0; 6])?);
    for (picture, time) in frames {
        let mut still = Vec::new();
        let (width, height) = picture.dimensions();
        WebPEncoder::new_lossless(&mut still)
            .encode(&picture, width, height, ExtendedColorType::Rgb8)
            .map_err(io::Error::other)?;
        let place = [[0; 3]; 2].concat();
        let size = [less_one(width), less_one(height)].concat();
        let [low, high, ..] = time.to_le_bytes();
        let head = [&place[..], &size, &[low, high, 0, REPLACES]].concat();
        chunks.extend(chunk(*b"ANMF", &[&head[..], &still[HEAD..]].concat())?);
    }
    let riff = chunk(*b"RIFF", &[&b"WEBP"[..], &chunks].concat())?;
    file.write_all(&riff)
}

/// A name, a length, the bytes, and one more where they are odd.
fn chunk(name: [u8; 4], bytes: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(bytes.len());
    let length = length.map_err(|_| io::Error::other("a WebP has less than 4 GiB"))?.to_le_bytes();
    let padding = &[0][..bytes.len() % 2];
    Ok([&name[..], &length, bytes, padding].concat())
}

/// A side less one in three bytes.
fn less_one(side: u32) -> [u8; 3] {
    let [a, b, c, _] = (side - 1).to_le_bytes();
    [a, b, c]
}

//! What is decoded, and what is refused.

use std::io::Cursor;

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
        ("x.JPE", true),
        ("x.jfif", true),
        ("png", false),
        ("a.txt", false),
    ] {
        assert_eq!(is_image(Path::new(name)), expected, "{name}");
    }
}

/// The JPEG of a picture, encoded by `write`.
fn jpeg(grey: bool) -> Vec<u8> {
    let pixels = (0..40_u8).flat_map(|y| (0..56_u8).map(move |x| x.wrapping_mul(y)));
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    let colour = if grey { image::ExtendedColorType::L8 } else { image::ExtendedColorType::Rgb8 };
    let pixels: Vec<u8> = pixels.flat_map(|v| vec![v; if grey { 1 } else { 3 }]).collect();
    image::ImageEncoder::write_image(encoder, &pixels, 56, 40, colour).unwrap();
    bytes
}

/// A progressive grey JPEG that the decoder panics at, because of its Adobe marker.
const PANICS: &[u8] = include_bytes!("../../tests/panics.jpg");

/// The same without the marker.
fn progressive() -> Vec<u8> {
    let marker = PANICS.windows(2).position(|bytes| bytes == [0xff, 0xee]).unwrap();
    [&PANICS[..marker], &PANICS[marker + 16..]].concat()
}

#[test]
fn a_jpeg_has_the_pixels_that_its_decoder_gives() {
    for bytes in [jpeg(false), jpeg(true), progressive()] {
        let expected = image::load_from_memory(&bytes).unwrap().into_rgb8();
        assert_eq!(decode(&bytes, "image").unwrap().data(), expected.as_raw());
    }
}

#[test]
fn a_jpeg_that_was_cut_off_anywhere_is_refused() {
    for whole in [jpeg(false), jpeg(true), progressive()] {
        for length in 1..whole.len() {
            let error = decode(&whole[..length], "a.jpg").unwrap_err();
            assert!(error.is_corrupt_record(), "{length}: {error}");
        }
        // Programs that copy a file in part may fill it up.
        let zeros = [&whole[..whole.len() / 2], &vec![0; whole.len() / 2]].concat();
        assert!(decode(&zeros, "a.jpg").is_err());
        // What follows the end mark is no part of it.
        let image = decode(&whole, "a.jpg").unwrap();
        let trailing = [whole.as_slice(), b"more \xff\xd8"].concat();
        assert_eq!(decode(&trailing, "a.jpg").unwrap(), image);
    }
}

#[test]
fn an_end_mark_does_not_make_a_jpeg_whole() {
    for whole in [jpeg(false), jpeg(true)] {
        let data = whole.windows(2).position(|bytes| bytes == [0xff, 0xda]).unwrap() + 16;
        for length in data..whole.len() - 4 {
            // Half an escaped byte would be another marker.
            let cut = whole[..length].strip_suffix(&[0xff]).unwrap_or(&whole[..length]);
            let closed = [cut, &[0xff, 0xd9]].concat();
            assert!(decode(&closed, "a.jpg").is_err(), "{length} of {}", whole.len());
        }
    }
}

#[test]
fn the_end_of_a_preview_is_not_the_end() {
    let (image, preview) = (jpeg(false), jpeg(true));
    let mut segment = vec![0xff, 0xe1];
    segment.extend((preview.len() as u16 + 2).to_be_bytes());
    segment.extend(&preview);
    let with_preview = [&image[..2], &segment, &image[2..]].concat();
    assert_eq!(decode(&with_preview, "a").unwrap(), decode(&image, "a").unwrap());
    assert!(decode(&with_preview[..with_preview.len() - 100], "a").is_err());
}

#[test]
fn a_decoder_that_panics_refuses_its_image() {
    let error = decode(PANICS, "a.jpg").unwrap_err();
    assert!(error.is_corrupt_record(), "{error}");
    let expected = "a.jpg is not a readable image: its decoder failed (";
    assert!(error.to_string().starts_with(expected), "{error}");
}

/// A PNG of one row, whose header says that there are `side` of as many pixels.
fn png_header(side: u32, bits: u8, colour: u8) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend([side.to_be_bytes(), side.to_be_bytes()].concat());
    header.extend([bits, colour, 0, 0, 0]);
    let chunk = |content: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let length = (content.len() as u32 - 4).to_be_bytes();
        [&length, content, &crc.sum().to_be_bytes()].concat()
    };
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(&header), chunk(b"IDATx"), chunk(b"IEND")].concat()
}

#[test]
fn an_image_is_refused_by_its_header_if_it_takes_too_much_memory() {
    // Bytes a pixel: as the decoder gives it, and RGB of it.
    for (bits, colour, a_pixel) in
        [(1, 0, 4), (8, 3, 6), (8, 2, 3), (8, 6, 7), (16, 2, 9), (16, 6, 11)]
    {
        if colour == 3 {
            continue; // Without a palette it is refused anyway.
        }
        let side = (((MAX_DECODED_BYTES - (9 << 20)) / a_pixel) as f64).sqrt() as u32;
        let file = png_header(side, bits, colour);
        let memory = Opened::new(&file, "a.png").unwrap().memory();
        assert!((a_pixel * u64::from(side).pow(2)..MAX_DECODED_BYTES).contains(&memory));
        let message =
            decode(&png_header(side + 400, bits, colour), "a.png").unwrap_err().to_string();
        assert!(
            message.contains(" pixels and takes 5") && message.contains("limit of 512"),
            "{message}"
        );
    }
}

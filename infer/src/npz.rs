//! Images as one array, in the layout that FID tools read.

use std::path::Path;

use image::RgbImage;
use npyz::WriterBuilder;
use pixelflow::durable;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::Result;
use crate::error::write_error;

/// Name of the array.
const ARRAY: &str = "arr_0";

/// Writes images of one size as `arr_0`: uint8, `[images, height, width, 3]`.
///
/// # Errors
/// [`crate::Error::Write`]; what was there before is as it was.
pub fn write_npz(images: &[RgbImage], path: &Path) -> Result<()> {
    let (width, height) = images.first().map_or((0, 0), RgbImage::dimensions);
    let shape = [images.len() as u64, u64::from(height), u64::from(width), 3];
    durable::write(path, |file| {
        let mut archive = ZipWriter::new(file);
        let stored = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        archive.start_file(format!("{ARRAY}.npy"), stored)?;
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut archive).begin_nd()?;
        for image in images {
            array.extend(image.as_raw().iter().copied())?;
        }
        array.finish()?;
        archive.finish()?;
        Ok(())
    })
    .map_err(write_error(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_has_the_name_type_and_order_that_tools_expect() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.npz");
        let image = |first: u8| RgbImage::from_raw(3, 2, (first..first + 18).collect()).unwrap();
        write_npz(&[image(0), image(100)], &path).unwrap();

        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(archive.file_names().collect::<Vec<_>>(), ["arr_0.npy"]);
        let array = npyz::NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
        assert_eq!(array.shape(), [2, 2, 3, 3]);
        assert_eq!(array.order(), npyz::Order::C);
        let values: Vec<u8> = array.into_vec().unwrap();
        assert_eq!(values, (0..18).chain(100..118).collect::<Vec<u8>>());
    }
}

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

/// Writes `count` images of one size as `arr_0`: uint8, `[images, height, width, 3]`; one image at a
/// time is in memory. Gives whether all images came; if not, nothing is written.
///
/// # Errors
/// [`crate::Error::Write`], and what drawing says; what was there before is as it was.
pub fn write_npz(
    images: &mut dyn Iterator<Item = pixelflow::Result<RgbImage>>,
    [count, height, width]: [u64; 3],
    path: &Path,
) -> Result<bool> {
    let shape = [count, height, width, 3];
    let (mut written, mut failed, mut is_short) = (0, None, false);
    let outcome = durable::write(path, |file| {
        let mut archive = ZipWriter::new(file);
        let stored = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        archive.start_file(format!("{ARRAY}.npy"), stored)?;
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape);
        let mut array = options.writer(&mut archive).begin_nd()?;
        for image in images {
            match image {
                Ok(image) => array.extend(image.as_raw().iter().copied())?,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            written += 1;
        }
        is_short = written < count;
        if is_short {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        array.finish()?;
        archive.finish()?;
        Ok(())
    });
    match (failed, outcome) {
        (Some(error), _) => Err(error.into()),
        (None, _) if is_short => Ok(false),
        (None, outcome) => outcome.map(|()| true).map_err(write_error(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_has_the_name_type_and_order_that_tools_expect() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.npz");
        let image = |first: u8| RgbImage::from_raw(3, 2, (first..first + 18).collect()).unwrap();
        let images = || [image(0), image(100)].into_iter().map(Ok);
        assert!(!write_npz(&mut images(), [3, 2, 3], &path).unwrap());
        assert!(!path.exists(), "an array that lacks an image");
        assert!(write_npz(&mut images(), [2, 2, 3], &path).unwrap());

        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(archive.file_names().collect::<Vec<_>>(), ["arr_0.npy"]);
        let array = npyz::NpyFile::new(archive.by_name("arr_0.npy").unwrap()).unwrap();
        assert_eq!(array.shape(), [2, 2, 3, 3]);
        assert_eq!(array.order(), npyz::Order::C);
        let values: Vec<u8> = array.into_vec().unwrap();
        assert_eq!(values, (0..18).chain(100..118).collect::<Vec<u8>>());
    }

    #[test]
    fn what_goes_wrong_is_said_and_not_taken_for_a_stop() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.npz");
        let failed = || Err(pixelflow::Error::NotFinite { stage: 1 });
        // Whoever asks again after an error gets it again, for ever.
        let mut endless = std::iter::repeat_with(failed);
        let message = write_npz(&mut endless, [3, 2, 3], &path).unwrap_err().to_string();
        assert!(message.contains("not finite in stage 1"), "{message}");
        let nowhere = folder.path().join("missing/samples.npz");
        let image = || Ok(RgbImage::new(3, 2));
        let mut images = std::iter::repeat_with(image).take(2);
        let message = write_npz(&mut images, [2, 2, 3], &nowhere).unwrap_err().to_string();
        assert!(message.contains("cannot write"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! Images as one array, in the layout that FID tools read.

use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use image::RgbImage;
use npyz::WriterBuilder;
use pixelflow::durable::{self, DurableFile};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::Result;
use crate::error::write_error;

/// Writes images of one size as `arr_0`: uint8, `[images, height, width, 3]`, and the label of each as
/// `arr_1`: int64; one image at a time is in memory. Gives whether all images came; if not, nothing is
/// written.
///
/// # Errors
/// [`crate::Error::Write`], and what drawing says; what was there before is as it was.
pub fn write_npz(
    images: &mut dyn Iterator<Item = pixelflow::Result<RgbImage>>,
    [height, width]: [u64; 2],
    labels: &[i64],
    path: &Path,
) -> Result<bool> {
    let shape = [labels.len() as u64, height, width, 3];
    let (mut written, mut failed, mut is_short) = (0, None, false);
    let outcome = durable::write(path, |file| {
        let mut archive = ZipWriter::new(FailsOnce { file, has_failed: false });
        let stored = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        archive.start_file("arr_0.npy", stored)?;
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
        is_short = written < labels.len();
        if is_short {
            return Err(io::ErrorKind::Interrupted.into());
        }
        array.finish()?;
        archive.start_file("arr_1.npy", stored)?;
        let options = npyz::WriteOptions::new().default_dtype().shape(&shape[..1]);
        let mut array = options.writer(&mut archive).begin_nd()?;
        array.extend(labels.iter().copied())?;
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

/// A file that fails once: an archive tries to end itself after an error, and would complain on the
/// terminal when that fails, too.
struct FailsOnce<'a> {
    file: &'a mut DurableFile,
    has_failed: bool,
}

impl FailsOnce<'_> {
    fn unless_failed<T>(
        &mut self,
        pretended: T,
        work: impl FnOnce(&mut DurableFile) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.has_failed {
            return Ok(pretended);
        }
        work(self.file).inspect_err(|_| self.has_failed = true)
    }
}

impl Write for FailsOnce<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_failed(bytes.len(), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_failed((), Write::flush)
    }
}

impl Seek for FailsOnce<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.unless_failed(0, |file| file.seek(position))
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
        assert!(!write_npz(&mut images(), [2, 3], &[7, 7, 8], &path).unwrap());
        assert!(!path.exists(), "an array that lacks an image");
        assert!(write_npz(&mut images(), [2, 3], &[7, 8], &path).unwrap());

        let mut archive = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        assert_eq!(archive.file_names().collect::<Vec<_>>(), ["arr_0.npy", "arr_1.npy"]);
        let labels = npyz::NpyFile::new(archive.by_name("arr_1.npy").unwrap()).unwrap();
        assert_eq!(labels.into_vec::<i64>().unwrap(), [7, 8]);
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
        let message = write_npz(&mut endless, [2, 3], &[0; 3], &path).unwrap_err().to_string();
        assert!(message.contains("not finite in stage 1"), "{message}");
        let nowhere = folder.path().join("missing/samples.npz");
        let image = || Ok(RgbImage::new(3, 2));
        let mut images = std::iter::repeat_with(image).take(2);
        let message = write_npz(&mut images, [2, 3], &[0; 2], &nowhere).unwrap_err().to_string();
        assert!(message.contains("cannot write"), "{message}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

//! Looking at every image of a data set, before a training run relies on it.

mod likeness;
mod traits;

use std::ops::ControlFlow;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use self::likeness::{alike, difference_hash};
pub use self::traits::{Traits, upright};
use crate::loader::IMAGES;
use crate::source::Encoded;
use crate::{Raster, Result, Source};

/// Images that are looked at before the next word with the caller.
const AT_ONCE: usize = 256;

/// An image that was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Height and width in pixels.
    pub size: [usize; 2],
    /// What of it training does not see, or would not expect.
    pub traits: Traits,
    /// A hash of size and pixels: equal for copies, whatever they are called and packed in.
    pub pixels: [u8; 16],
    /// Its [difference hash](difference_hash), which is near for what looks alike.
    pub likeness: u64,
}

/// Decodes all images, on all cores, and tells `each` of them in order: its number, and what it is or why it cannot be
/// used. `each` may break off.
///
/// # Errors
/// What is wrong with the data set as a whole.
pub fn survey(
    source: &dyn Source,
    mut each: impl FnMut(usize, Result<Seen>) -> ControlFlow<()>,
) -> Result<()> {
    for first in (0..source.len()).step_by(AT_ONCE) {
        let numbers = first..source.len().min(first + AT_ONCE);
        let seen: Vec<Result<Seen>> =
            numbers.clone().into_par_iter().map(|number| look(source, number)).collect();
        for (number, seen) in numbers.zip(seen) {
            match seen {
                Err(error) if !error.is_corrupt_record() => return Err(error),
                seen => {
                    if each(number, seen).is_break() {
                        return Ok(());
                    }
                }
            }
        }
    }
    Ok(())
}

fn look(source: &dyn Source, number: usize) -> Result<Seen> {
    let record = source.encoded(number)?;
    // What is refused is refused before anything else reads it.
    let opened = record.open()?;
    let traits = match &record.image {
        Encoded::File(bytes) => Traits::of_file(bytes),
        Encoded::Pixels(_) => Traits::default(),
    };
    let (size, _share) = (opened.size(), IMAGES.take(opened.memory()));
    let image = opened.decode()?;
    let (pixels, likeness) = (hash(&image), difference_hash(&image));
    Ok(Seen { size, traits: traits.with_pixels(&image), pixels, likeness })
}

/// The first half of SHA-256 of size and pixels.
fn hash(image: &Raster) -> [u8; 16] {
    let sides = [image.height(), image.width(), image.channels()].map(|side| side as u64);
    let mut hash = Sha256::new();
    for side in sides {
        hash.update(side.to_le_bytes());
    }
    hash.update(image.data());
    let whole: [u8; 32] = hash.finalize().into();
    std::array::from_fn(|i| whole[i])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use image::{DynamicImage, ImageFormat, RgbImage};

    use super::*;
    use crate::source::{FolderConfig, SourceConfig};

    /// A folder of two classes, with the files that a test gives.
    fn source(files: &[(&str, Vec<u8>)]) -> (tempfile::TempDir, std::sync::Arc<dyn Source>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let source = SourceConfig::Folder(FolderConfig::new(folder.path())).open().unwrap();
        (folder, source)
    }

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn copies_have_one_hash_and_what_cannot_be_used_is_told() {
        let picture =
            |shift| RgbImage::from_fn(5, 3, |x, y| image::Rgb([(x + shift) as u8, y as u8, 7]));
        let png = encoded(picture(0), ImageFormat::Png);
        let (_folder, source) = source(&[
            ("a/0.png", png.clone()),
            ("a/1.webp", encoded(picture(0), ImageFormat::WebP)),
            ("b/2.png", encoded(picture(1), ImageFormat::Png)),
            ("b/3.png", png[..png.len() / 2].to_vec()),
        ]);
        let mut all = Vec::new();
        survey(source.as_ref(), |number, seen| {
            assert_eq!(number, all.len());
            all.push(seen);
            ControlFlow::Continue(())
        })
        .unwrap();
        let [one, copy, other] = [0, 1, 2].map(|i| *all[i].as_ref().unwrap());
        assert_eq!((one.size, one), ([3, 5], copy));
        assert_ne!(one.pixels, other.pixels);
        assert!(all[3].as_ref().unwrap_err().to_string().contains("3.png"));
        let mut looked_at = 0;
        survey(source.as_ref(), |_, _| {
            looked_at += 1;
            ControlFlow::Break(())
        })
        .unwrap();
        assert_eq!(looked_at, 1);
    }
}

//! Images from wherever they lie: a folder, a tar, an `.npz`, a data set.
//!
//! Whatever they are, they come as RGB in bytes, by one rule: grey is in all three channels, transparency is
//! dropped, 16 bits become 8; as when they are trained on. What lies beside them is counted and named.

mod flat_folder;
mod npz_images;
mod of_source;

use std::path::Path;

use pixelflow_dataset::Raster;
use pixelflow_dataset::source::{FolderConfig, LeftOut, SourceConfig, WebDatasetConfig, is_tar};
use sha2::{Digest, Sha256};

use self::flat_folder::FlatFolder;
use self::npz_images::NpzImages;
pub use self::of_source::of_source;
use crate::{Error, Result};

/// Images with random access.
pub trait Images: Send + Sync {
    /// Number of images.
    fn len(&self) -> usize;

    /// Whether there are none; what [`open`] gives always has some.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decodes image `index`.
    ///
    /// # Errors
    /// What is wrong with it.
    ///
    /// # Panics
    /// If there is no such image.
    fn read(&self, index: usize) -> Result<Raster>;

    /// Image `index` as it is stored, for hashing.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    fn bytes(&self, index: usize) -> Result<Vec<u8>>;

    /// What image `index` is called in messages.
    fn name(&self, index: usize) -> String;

    /// The class of image `index`, where images have classes.
    fn label(&self, index: usize) -> Option<usize> {
        let _ = index;
        None
    }

    /// Number of classes; 0 where images have none.
    fn classes(&self) -> usize {
        0
    }

    /// Names of the classes in the order of their labels, where they have names.
    fn class_names(&self) -> &[String] {
        &[]
    }

    /// What lies beside the images.
    fn left_out(&self) -> LeftOut {
        LeftOut::default()
    }
}

/// Opens a folder of images, a folder of class folders, a folder of tar files, a tar, or an `.npz` with
/// `arr_0`.
///
/// # Errors
/// [`Error::NoImages`] for anything else, [`Error::Npz`], [`Error::Dataset`].
pub fn open(path: &Path) -> Result<Box<dyn Images>> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz")) {
        return Ok(Box::new(NpzImages::open(path)?));
    }
    if path.is_dir() {
        if let Some(flat) = FlatFolder::open(path)? {
            return Ok(Box::new(flat));
        }
        if !flat_folder::has_tar(path)? {
            let folder = SourceConfig::Folder(FolderConfig::new(path)).open();
            return folder.map(of_source).map_err(|error| no_images(path, error.to_string()));
        }
    } else if !is_tar(path) {
        let reason =
            if path.exists() { "it is a file of another kind" } else { "it does not exist" };
        return Err(no_images(path, reason.to_owned()));
    }
    // Labels are wanted, but images without them are as good.
    let labelled = SourceConfig::WebDataset(WebDatasetConfig::new([path])).open();
    if let Ok(source) = labelled
        && source.left_out().records == 0
    {
        return Ok(of_source(source));
    }
    let unlabelled = WebDatasetConfig { unlabelled: true, ..WebDatasetConfig::new([path]) };
    Ok(of_source::without_labels(SourceConfig::WebDataset(unlabelled).open()?))
}

fn no_images(path: &Path, reason: String) -> Error {
    Error::NoImages { path: path.to_owned(), reason }
}

/// The first 16 hex digits of a hash of all images as they are stored, in their order.
///
/// # Errors
/// As [`Images::bytes`].
pub fn data_hash(images: &dyn Images) -> Result<String> {
    let mut hash = Sha256::new();
    for index in 0..images.len() {
        let bytes = images.bytes(index)?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    let digest = hash.finalize();
    Ok(format!("{:016x}", u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]))))
}

#[cfg(test)]
mod tests;

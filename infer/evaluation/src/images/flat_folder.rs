//! A folder of image files without classes, as samples are written.

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow_dataset::source::{LeftOut, is_tar};
use pixelflow_dataset::{Raster, decode, is_image};

use super::Images;
use crate::Result;
use crate::error::read_error;

/// The images of a folder, sorted by name.
pub(super) struct FlatFolder {
    files: Vec<PathBuf>,
    left_out: LeftOut,
}

impl FlatFolder {
    /// Lists the images; none if there is not one directly in the folder.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>> {
        let (mut files, mut left_out) = (Vec::new(), LeftOut::default());
        for path in entries(folder)? {
            let hidden =
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if is_image(&path) && path.is_file() && !hidden {
                files.push(path);
            } else {
                left_out.record(format_args!("{} is no image in this folder", path.display()));
            }
        }
        files.sort();
        Ok((!files.is_empty()).then_some(Self { files, left_out }))
    }
}

/// Whether a folder has tar files in it.
pub(super) fn has_tar(folder: &Path) -> Result<bool> {
    Ok(entries(folder)?.iter().any(|path| path.is_file() && is_tar(path)))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(read_error(folder))?;
    entries.map(|entry| Ok(entry.map_err(read_error(folder))?.path())).collect()
}

impl Images for FlatFolder {
    fn len(&self) -> usize {
        self.files.len()
    }

    fn read(&self, index: usize) -> Result<Raster> {
        Ok(decode(&self.bytes(index)?, &self.name(index))?)
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        let path = &self.files[index];
        fs::read(path).map_err(read_error(path))
    }

    fn name(&self, index: usize) -> String {
        self.files[index].display().to_string()
    }

    fn left_out(&self) -> LeftOut {
        self.left_out.clone()
    }
}

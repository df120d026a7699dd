//! The images of an `.npz`, as samplers write them for evaluators: `arr_0`, and labels in `arr_1`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use pixelflow_dataset::Raster;

use super::Images;
use crate::error::read_error;
use crate::statistics::NpzFile;
use crate::{Error, Result};

/// Classes that images may have, at most, as models may.
const MOST_CLASSES: usize = 1_000_000;

/// Images in one array, `[images, height, width, 3]`; only labels are in memory.
pub(super) struct NpzImages {
    path: PathBuf,
    file: Mutex<File>,
    /// First byte of the first image.
    start: u64,
    images: usize,
    size: [usize; 2],
    labels: Option<Vec<usize>>,
    classes: usize,
}

impl NpzImages {
    /// Finds the array.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut npz = NpzFile::open(path)?;
        if !npz.has("arr_0") {
            let found = npz.names().join(", ");
            return Err(npz.problem(format!("images are in `arr_0`, and it has {found}")));
        }
        let place = npz.place_of_bytes("arr_0")?;
        let &[images, height, width, 3] = place.shape.as_slice() else {
            let reason = format!("`arr_0` is {:?}, images are [n, height, width, 3]", place.shape);
            return Err(npz.problem(reason));
        };
        if images == 0 || height == 0 || width == 0 {
            return Err(npz.problem(format!("`arr_0` is {:?}: it has no images", place.shape)));
        }
        let labels = labels(&mut npz, images as usize)?;
        let classes = labels.iter().flatten().max().map_or(0, |most| most + 1);
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(File::open(path).map_err(read_error(path))?),
            start: place.start,
            images: images as usize,
            size: [height as usize, width as usize],
            labels,
            classes,
        })
    }
}

/// Labels, where every image has one.
fn labels(npz: &mut NpzFile, images: usize) -> Result<Option<Vec<usize>>> {
    if !npz.has("arr_1") {
        return Ok(None);
    }
    let labels = npz.integers::<i64>("arr_1", "int64")?;
    let labels: Option<Vec<usize>> = labels.into_iter().map(|l| usize::try_from(l).ok()).collect();
    let is_class = |labels: &[usize]| labels.iter().all(|label| *label < MOST_CLASSES);
    match labels {
        Some(labels) if labels.len() == images && is_class(&labels) => Ok(Some(labels)),
        _ => Err(npz.problem(format!(
            "`arr_1` does not hold {images} labels from 0 to {}",
            MOST_CLASSES - 1
        ))),
    }
}

impl Images for NpzImages {
    fn len(&self) -> usize {
        self.images
    }

    fn read(&self, index: usize) -> Result<Raster> {
        let [height, width] = self.size;
        Ok(Raster::new(width, height, 3, self.bytes(index)?)?)
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        assert!(index < self.images, "image {index} of {}", self.images);
        let mut bytes = vec![0; 3 * self.size[0] * self.size[1]];
        let place = self.start + index as u64 * bytes.len() as u64;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(place)).and_then(|_| file.read_exact(&mut bytes));
        read.map_err(|source| Error::Read { path: self.path.clone(), source })?;
        Ok(bytes)
    }

    fn name(&self, index: usize) -> String {
        format!("image {index} of {}", self.path.display())
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.as_ref().map(|labels| labels[index])
    }

    fn classes(&self) -> usize {
        self.classes
    }
}

//! Reading states of captions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pixelflow::weights::TensorFile;

use super::{StatesIndex, file_name, tensor_name};
use crate::{Error, Result};

/// An opened folder of states; clones share it.
#[derive(Clone, Debug)]
pub struct StatesFolder {
    /// What it is of.
    pub index: StatesIndex,
    folder: PathBuf,
    files: Arc<Vec<TensorFile>>,
}

impl StatesFolder {
    /// Opens a folder and checks that it is whole.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::States`] if files are missing or damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let index = StatesIndex::read(folder)?;
        let mut files = Vec::with_capacity(index.files());
        for file in 0..index.files() {
            let missing = || format!("{} is missing", file_name(file));
            let found = index.open_file(folder, file).and_then(|file| file.ok_or_else(missing));
            files.push(found.map_err(|reason| Error::States {
                path: folder.to_owned(),
                reason: format!(
                    "{reason}; run `train encode-text` again, it makes what is not whole"
                ),
            })?);
        }
        Ok(Self { index, folder: folder.to_owned(), files: Arc::new(files) })
    }

    /// The states `[tokens, width]` of a record's caption, and their number; of the empty text for
    /// `None`.
    ///
    /// # Errors
    /// [`Error::States`] if they are not there, and what reading says.
    pub fn read(&self, record: Option<usize>) -> Result<(Vec<f32>, usize)> {
        let name = tensor_name(record);
        let file = &self.files[self.index.file_of(record.unwrap_or(0))];
        let shape = file.tensors().get(&name).map(|info| info.shape.as_slice());
        match shape {
            Some(&[tokens, width]) if width == self.index.width && tokens > 0 => {
                Ok((file.read(&name)?, tokens))
            }
            other => Err(Error::States {
                path: self.folder.clone(),
                reason: format!("tensor {name} has the shape {other:?}"),
            }),
        }
    }
}

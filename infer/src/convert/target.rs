//! Where converted weights go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pixelflow::weights::{DESCRIPTION_FILE, WEIGHTS_FILE};

use crate::error::write_error;
use crate::made_folders::MadeFolders;
use crate::{Error, Result};

/// Endings of formats that are read and not written.
const FOREIGN: [&str; 5] = ["pt", "pth", "bin", "ckpt", "gguf"];

/// A folder, and what the files in it begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertTarget {
    /// The folder.
    pub folder: PathBuf,
    /// The name of the weights without `.safetensors`.
    pub stem: String,
}

impl ConvertTarget {
    /// What OUTPUT means: `FILE.safetensors`, or a folder for `model.safetensors`.
    ///
    /// # Errors
    /// [`Error::Argument`] for the ending of another format.
    pub fn choose(output: &Path) -> Result<Self> {
        let refused = |reason: &str| Error::Argument {
            argument: "OUTPUT",
            value: output.display().to_string(),
            reason: reason.to_owned(),
        };
        let ending = output.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_lowercase);
        match ending.as_deref() {
            Some(ending) if FOREIGN.contains(&ending) => Err(refused(
                "only safetensors are written; give FILE.safetensors or a folder, and see \
                 `infer convert --help` for how PyTorch loads them",
            )),
            Some("safetensors") => {
                let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
                let stem = output.file_stem().and_then(|stem| stem.to_str());
                Ok(Self {
                    folder: folder.unwrap_or(Path::new(".")).to_owned(),
                    stem: stem.ok_or_else(|| refused("its name is no text"))?.to_owned(),
                })
            }
            _ => Ok(Self {
                folder: output.to_owned(),
                stem: WEIGHTS_FILE.trim_end_matches(".safetensors").to_owned(),
            }),
        }
    }

    /// Where the index of several files goes.
    pub fn index(&self) -> PathBuf {
        self.folder.join(format!("{}.safetensors.index.json", self.stem))
    }

    /// Where the model's description goes.
    pub fn description(&self) -> PathBuf {
        self.folder.join(DESCRIPTION_FILE)
    }

    /// Makes the folder, which goes again if it stays empty, and checks that it can be written to and that nothing would be replaced.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn prepare(&self) -> Result<MadeFolders> {
        let made = MadeFolders::make(&self.folder).map_err(write_error(&self.folder))?;
        tempfile::tempfile_in(&self.folder).map_err(write_error(&self.folder))?;
        let there = self.weights_there().map_err(write_error(&self.folder))?;
        there.map_or(Ok(made), |path| Err(exists(&path)))
    }

    /// A file that is in the place of what would be written.
    fn weights_there(&self) -> io::Result<Option<PathBuf>> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let rest = name.strip_prefix(&self.stem);
            let is_weights = rest.is_some_and(|rest| {
                let shard = rest.starts_with('-')
                    && rest.contains("-of-")
                    && rest.ends_with(".safetensors");
                rest == ".safetensors" || rest == ".safetensors.index.json" || shard
            });
            if is_weights {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

/// The error for a file that will not be replaced.
pub(super) fn exists(path: &Path) -> Error {
    Error::Write {
        path: path.to_owned(),
        reason: "it exists already; remove it, or choose another OUTPUT".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_is_written() {
        let choose = |path: &str| ConvertTarget::choose(Path::new(path)).unwrap();
        let target = |folder: &str, stem: &str| ConvertTarget {
            folder: folder.into(),
            stem: stem.to_owned(),
        };
        assert_eq!(choose("a/half.safetensors"), target("a", "half"));
        assert_eq!(choose("half.safetensors"), target(".", "half"));
        assert_eq!(choose("a/run-0.2"), target("a/run-0.2", "model"));
        for foreign in ["a.pt", "a.PTH", "pytorch_model.bin"] {
            let message = ConvertTarget::choose(Path::new(foreign)).unwrap_err().to_string();
            assert!(message.contains("only safetensors are written"), "{message}");
        }
    }
}

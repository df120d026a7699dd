//! What kind of data set lies at a path.

use std::fs;
use std::path::{Path, PathBuf};

use pixelflow_dataset::SourceConfig;
use pixelflow_dataset::source::{FolderConfig, IdxConfig, WebDatasetConfig, has_parquet, is_tar};

use crate::error::read_error;
use crate::{Error, Result};

/// Whether parquet files are at `path`, which [`detect`] takes for no data set: they are read in order, and training
/// reads in any order.
pub fn is_parquet(path: &Path) -> bool {
    let is_tar_there =
        |entry: std::io::Result<fs::DirEntry>| entry.is_ok_and(|e| is_tar(&e.path()));
    let has_tar = path.read_dir().is_ok_and(|mut entries| entries.any(is_tar_there));
    has_parquet(path) && !has_tar
}

/// The data set at `path`: a tar file, a folder of tar files, an MNIST-like folder, or a folder
/// with one folder a class.
///
/// # Errors
/// [`Error::Read`], or [`Error::NotADataSet`] saying what is there instead.
pub fn detect(path: &Path) -> Result<SourceConfig> {
    let kind = fs::metadata(path).map_err(read_error(path))?;
    if is_parquet(path) {
        let reason = "parquet files are read in order only; make tar files of them with train prepare IN OUT";
        return Err(no_data(path, reason));
    }
    if !kind.is_dir() {
        let name = path.to_string_lossy().to_ascii_lowercase();
        let is_packed =
            [".gz", ".tgz", ".zst", ".xz", ".bz2"].iter().any(|end| name.ends_with(end));
        return if is_tar(path) {
            Ok(SourceConfig::WebDataset(WebDatasetConfig::new([path.to_owned()])))
        } else if is_packed {
            Err(no_data(path, "it is compressed; unpack it to a .tar first"))
        } else {
            Err(no_data(path, "it is a file that does not end in .tar"))
        };
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(read_error(path))?;
    entries.sort();
    if entries.iter().any(|entry| is_tar(entry)) {
        // The whole folder, so that what lies beside the tar files is seen.
        return Ok(SourceConfig::WebDataset(WebDatasetConfig::new([path.to_owned()])));
    }
    if let Some(idx) = idx(path) {
        return Ok(SourceConfig::Idx(idx));
    }
    if entries.iter().any(|entry| entry.is_dir()) {
        return Ok(SourceConfig::Folder(FolderConfig::new(path)));
    }
    let reason = "the folder has neither tar files nor folders";
    let first = entries.first().and_then(|entry| entry.file_name());
    Err(match first {
        Some(name) => no_data(path, &format!("{reason} (but {})", name.display())),
        None => no_data(path, reason),
    })
}

/// The training files of an MNIST-like folder, compressed or not.
fn idx(folder: &Path) -> Option<IdxConfig> {
    let find = |name: &str| {
        let names = [format!("{name}.gz"), name.to_owned()];
        names.map(|name| folder.join(name)).into_iter().find(|path| path.is_file())
    };
    Some(IdxConfig::new(find("train-images-idx3-ubyte")?, find("train-labels-idx1-ubyte")?))
}

fn no_data(path: &Path, reason: &str) -> Error {
    Error::NotADataSet { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_recognised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let message = detect(path).unwrap_err().to_string();
        assert!(message.contains("neither tar files nor folders; give a .tar file"), "{message}");

        fs::create_dir(path.join("cat")).unwrap();
        assert_eq!(detect(path).unwrap(), SourceConfig::Folder(FolderConfig::new(path)));

        for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"] {
            fs::write(path.join(name), "").unwrap();
        }
        assert!(matches!(detect(path).unwrap(), SourceConfig::Idx(_)));

        let (a, b) = (path.join("a.tar"), path.join("b.tar"));
        fs::write(&b, "").unwrap();
        fs::write(&a, "").unwrap();
        let both = WebDatasetConfig::new([path]);
        assert_eq!(detect(path).unwrap(), SourceConfig::WebDataset(both));
        assert!(matches!(detect(&a).unwrap(), SourceConfig::WebDataset(_)));
        // What lies beside tar files is left out, whatever it is.
        fs::write(path.join("c.parquet"), "").unwrap();
        assert!(matches!(detect(path).unwrap(), SourceConfig::WebDataset(_)));
    }

    #[test]
    fn of_parquet_files_the_way_to_tar_files_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("train-0.parquet");
        fs::write(&file, "").unwrap();
        for path in [folder.path(), &file] {
            let message = detect(path).unwrap_err().to_string();
            assert!(is_parquet(path) && message.contains("train prepare IN OUT"), "{message}");
        }
    }

    #[test]
    fn what_is_no_data_set_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("images.zip");
        fs::write(&file, "").unwrap();
        let message = detect(&file).unwrap_err().to_string();
        assert!(message.contains("it is a file that does not end in .tar"), "{message}");
        let missing = detect(&folder.path().join("nothing")).unwrap_err().to_string();
        assert!(missing.contains("cannot read") && missing.contains("nothing"), "{missing}");
    }
}

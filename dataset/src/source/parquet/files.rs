//! Which files a parquet data set is made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::text::shown_path;
use crate::source::{LeftOut, io_error};
use crate::{Error, Result, decode};

/// What the Hub calls the parts of a data set; a file's name begins with it.
const SPLITS: [&str; 7] = ["train", "training", "test", "validation", "valid", "val", "dev"];

/// Whether a path is a parquet file by its name; hidden ones are what other systems leave behind.
pub fn is_parquet(path: &Path) -> bool {
    let ending = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    ending && !hidden && path.is_file()
}

/// The file at a path, or the files in a folder, in order of name.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parquet`] for a folder with images to train on and others to test with.
pub(super) fn files(path: &Path, left_out: &mut LeftOut) -> Result<Vec<PathBuf>> {
    if !fs::metadata(path).map_err(io_error(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(io_error(path))?;
    let files = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = files.collect::<std::io::Result<_>>().map_err(io_error(path))?;
    files.sort_unstable();
    let (files, beside): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_parquet(file));
    for file in &beside {
        let name = shown_path(file);
        if file.is_symlink() && !file.exists() {
            left_out.record(format_args!("{name} is a link that leads nowhere"));
        } else if decode::is_image(file) || decode::is_unsupported_image(file) {
            left_out.record(format_args!("{name} lies beside parquet files, not in one"));
        } else {
            let is_folder = file.is_dir();
            let reason =
                if is_folder { "is a folder beside parquet files" } else { "is no parquet file" };
            left_out.file(name, reason);
        }
    }
    let splits: BTreeSet<&str> = files.iter().filter_map(|file| split(file)).collect();
    if splits.len() > 1 {
        let splits: Vec<&str> = splits.into_iter().collect();
        let reason = format!(
            "it has files of several parts of a data set ({}); put each part into a folder of its own, or give \
             one file",
            splits.join(", ")
        );
        return Err(Error::Parquet { path: path.to_owned(), reason });
    }
    Ok(files)
}

/// The part of a data set that a file is of, by its name: `train-00000-of-00002.parquet`.
fn split(file: &Path) -> Option<&'static str> {
    let name = file.file_stem()?.to_str()?;
    let first = name.split(['-', '_', '.']).next()?;
    SPLITS.into_iter().find(|split| first.eq_ignore_ascii_case(split))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    #[test]
    fn files_come_in_order_and_what_is_beside_them_is_named() {
        let folder =
            folder(&["train-1.parquet", "train-0.PARQUET", ".x.parquet", "a.png", "README.md"]);
        let mut left_out = LeftOut::default();
        let found = files(folder.path(), &mut left_out).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, ["train-0.PARQUET", "train-1.parquet"]);
        assert_eq!((left_out.records, left_out.files), (1, 2));
        assert!(left_out.first().contains("a.png lies beside parquet files"));
    }

    #[test]
    fn parts_of_a_data_set_are_not_mixed() {
        let mixed =
            folder(&["test-00000-of-00001.parquet", "train-00000-of-00001.parquet", "0.parquet"]);
        let error = files(mixed.path(), &mut LeftOut::default()).unwrap_err().to_string();
        assert!(error.contains("(test, train); put each part into a folder"), "{error}");
        let one = folder(&["cats.parquet", "dogs.parquet", "trains.parquet"]);
        assert_eq!(files(one.path(), &mut LeftOut::default()).unwrap().len(), 3);
    }
}

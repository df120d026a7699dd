//! A folder for each class, as `ImageNet` is laid out: `FOLDER/CLASS/IMAGE.jpg`.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{BEGINNING, Record, Source, io_error, labels};
use crate::{Error, Result, decode};

/// A folder-per-class data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// Folder of the class folders.
    pub path: PathBuf,
    /// Names of the class folders in the order of their labels. Default: all of them, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

impl FolderConfig {
    /// All class folders in `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), classes: None }
    }
}

/// An opened folder-per-class data set.
///
/// Classes and, inside a class, files are sorted by name. Hidden files and folders are ignored, and
/// so is what has no image's name.
#[derive(Debug)]
pub struct FolderSource {
    folder: PathBuf,
    classes: Vec<String>,
    /// Label and file name of every image.
    images: Vec<(usize, OsString)>,
}

impl FolderSource {
    /// Lists the images.
    ///
    /// # Errors
    /// [`Error::Io`] when a folder cannot be listed, [`Error::NoClassFolders`],
    /// [`Error::EmptyClassFolder`], and [`Error::InvalidLabel`] for a folder that is not among the
    /// configured classes.
    pub fn open(config: &FolderConfig) -> Result<Self> {
        let folder = config.path.clone();
        let folders = class_folders(&folder)?;
        let classes = match &config.classes {
            Some(classes) => labels::checked(classes)?.to_vec(),
            None => folders.clone(),
        };
        let images = folders.par_iter().map(|name| {
            let path = folder.join(name);
            let label = classes.iter().position(|class| class == name);
            let label = label.ok_or_else(|| labels::unknown(name, path.display().to_string()))?;
            let files = image_files(&path)?;
            Ok(files.into_iter().map(|file| (label, file)).collect::<Vec<_>>())
        });
        let images: Vec<_> = images.collect::<Result<_>>()?;
        Ok(Self { folder, classes, images: images.concat() })
    }
}

impl Source for FolderSource {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn read(&self, index: usize) -> Result<Record> {
        let (label, ref file) = self.images[index];
        let path = self.folder.join(&self.classes[label]).join(file);
        let name = path.display().to_string();
        decode::check_size(fs::metadata(&path).map_err(io_error(&path))?.len(), &name)?;
        let bytes = fs::read(&path).map_err(io_error(&path))?;
        Ok(Record { image: decode::decode(&bytes, &name)?, label, caption: None, name })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        let (label, file) = &self.images[index];
        (file.as_encoded_bytes().into(), *label)
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        let (label, ref file) = self.images[index];
        let path = self.folder.join(&self.classes[label]).join(file);
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(io_error(&path))?;
        file.take(BEGINNING as u64).read_to_end(&mut bytes).map_err(io_error(&path))?;
        Ok(bytes)
    }
}

/// Names of the folders in `folder`, sorted.
fn class_folders(folder: &Path) -> Result<Vec<String>> {
    let names = visible_entries(folder)?.into_iter().filter(|name| folder.join(name).is_dir());
    let utf8 = |name: OsString| {
        name.into_string().map_err(|name| Error::InvalidText {
            record: folder.join(name).display().to_string(),
            reason: "the name of a class folder must be UTF-8".to_owned(),
        })
    };
    let names: Vec<String> = names.map(utf8).collect::<Result<_>>()?;
    if names.is_empty() {
        return Err(Error::NoClassFolders { folder: folder.to_owned() });
    }
    Ok(names)
}

/// Names of the images in a class folder, sorted.
fn image_files(folder: &Path) -> Result<Vec<OsString>> {
    let mut names = visible_entries(folder)?;
    names.retain(|name| decode::is_image(Path::new(name)));
    if names.is_empty() {
        return Err(Error::EmptyClassFolder { folder: folder.to_owned() });
    }
    Ok(names)
}

/// Names of everything in `folder` that is not hidden, sorted.
fn visible_entries(folder: &Path) -> Result<Vec<OsString>> {
    let entries = fs::read_dir(folder).map_err(io_error(folder))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names: Vec<OsString> =
        names.collect::<std::io::Result<_>>().map_err(io_error(folder))?;
    names.retain(|name| !name.as_encoded_bytes().starts_with(b"."));
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::png;

    /// A folder with the given files.
    fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn classes_and_files_are_sorted() {
        let root = folder(&[
            ("cat/2.png", png(3, 2, 2)),
            ("cat/10.PNG", png(3, 2, 10)),
            ("ant/x.png", png(5, 4, 0)),
            ("cat/notes.txt", b"no image".to_vec()),
            (".cache/y.png", png(1, 1, 0)),
            ("readme.md", b"no class".to_vec()),
        ]);
        let source = FolderSource::open(&FolderConfig::new(root.path())).unwrap();
        assert_eq!(source.classes(), ["ant", "cat"]);
        let records: Vec<Record> = (0..source.len()).map(|i| source.read(i).unwrap()).collect();
        let labels: Vec<usize> = records.iter().map(|record| record.label).collect();
        assert_eq!(labels, [0, 1, 1]);
        assert_eq!((records[0].image.width(), records[0].image.height()), (5, 4));
        assert!(records[1].name.ends_with("10.PNG"), "{}", records[1].name);
    }

    #[test]
    fn the_classes_of_training_keep_their_labels_in_validation() {
        let root = folder(&[("cat/1.png", png(1, 1, 0))]);
        let open = |classes: &[&str]| {
            let classes = Some(classes.iter().map(|&class| class.to_owned()).collect());
            FolderSource::open(&FolderConfig { classes, ..FolderConfig::new(root.path()) })
        };
        assert_eq!(open(&["ant", "bee", "cat"]).unwrap().read(0).unwrap().label, 2);
        let error = open(&["ant"]).unwrap_err().to_string();
        assert!(error.ends_with("has the label \"cat\": it is not among the configured classes"));
    }

    #[test]
    fn wrong_layouts_are_refused() {
        let open = |files: &[(&str, Vec<u8>)]| {
            let root = folder(files);
            FolderSource::open(&FolderConfig::new(root.path())).unwrap_err().to_string()
        };
        let layout =
            "has no class folders: a folder data set is laid out as FOLDER/CLASS/IMAGE.png";
        assert!(open(&[]).ends_with(layout));
        assert!(open(&[("1.png", png(1, 1, 0))]).ends_with(layout));
        let empty = open(&[("cat/1.png", png(1, 1, 0)), ("dog/1.gif", vec![])]);
        let message = "dog holds no images (supported are png, jpg, jpeg, webp); fill or remove it";
        assert!(empty.ends_with(message), "{empty}");
    }

    #[test]
    fn a_zero_byte_image_is_named() {
        let root = folder(&[("cat/1.png", vec![])]);
        let source = FolderSource::open(&FolderConfig::new(root.path())).unwrap();
        let error = source.read(0).unwrap_err();
        assert!(error.is_corrupt_record());
        assert!(
            error.to_string().ends_with("1.png is empty (0 bytes): copy it again or remove it")
        );
    }
}

//! A folder for each class, as `ImageNet` is laid out: `FOLDER/CLASS/IMAGE.jpg`.

use std::borrow::Cow;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::text::shown_path;
use super::{BEGINNING, Encoded, EncodedRecord, LeftOut, Source, io_error, labels, record_error};
use crate::{Error, Result, decode};

/// A folder-per-class data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// Folder of the class folders.
    pub path: PathBuf,
    /// Names of the class folders in the order of their labels. Default: all that hold images, sorted;
    /// numbers as numbers.
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
/// Classes and, inside a class, files are sorted by name. Folders in class folders belong to the class.
/// Hidden files, links to folders and what has no image's name are left out.
#[derive(Debug)]
pub struct FolderSource {
    folder: PathBuf,
    classes: Vec<String>,
    /// Label and path of every image; the path begins with the class folder.
    images: Vec<(usize, PathBuf)>,
    left_out: LeftOut,
}

impl FolderSource {
    /// Lists the images.
    ///
    /// # Errors
    /// [`Error::Io`] when a folder cannot be listed, [`Error::InvalidText`] for a class folder whose
    /// name is not UTF-8, [`Error::NoClassFolders`] and [`Error::NoRecords`].
    pub fn open(config: &FolderConfig) -> Result<Self> {
        let folder = config.path.clone();
        let mut left_out = LeftOut::default();
        let mut names = class_folders(&folder, &mut left_out)?;
        labels::sort_classes(&mut names);
        let listed: Vec<(Vec<PathBuf>, LeftOut)> = names
            .par_iter()
            .map(|name| {
                let (mut images, mut left_out) = (Vec::new(), LeftOut::default());
                list(&folder, Path::new(name), &mut images, &mut left_out)?;
                Ok((images, left_out))
            })
            .collect::<Result<_>>()?;
        let used = names.iter().zip(&listed).filter(|(_, (images, _))| !images.is_empty());
        let classes = match &config.classes {
            Some(classes) => labels::checked(classes)?.to_vec(),
            None => used.map(|(name, _)| name.clone()).collect(),
        };
        let mut images = Vec::new();
        for (name, (files, beside)) in names.iter().zip(listed) {
            left_out.add(beside);
            let path = shown_path(&folder.join(name));
            if files.is_empty() {
                left_out.record(format_args!("{path} is a class folder without images"));
            }
            match classes.iter().position(|class| class == name) {
                Some(label) => images.extend(files.into_iter().map(|file| (label, file))),
                None => files.iter().for_each(|file| {
                    left_out.record(labels::unknown(name, shown_path(&folder.join(file))));
                }),
            }
        }
        if images.is_empty() {
            return Err(Error::NoRecords { place: shown_path(&folder), left_out });
        }
        Ok(Self { folder, classes, images, left_out })
    }
}

impl FolderSource {
    /// Path and shown name of an image that is a file of sensible size: pipes would be waited for.
    fn file(&self, index: usize) -> Result<(PathBuf, String)> {
        let path = self.folder.join(&self.images[index].1);
        let name = shown_path(&path);
        let file = fs::metadata(&path).map_err(record_error(&path, &name))?;
        if !file.is_file() {
            return Err(Error::Unreadable { record: name, reason: "it is no file".to_owned() });
        }
        decode::check_size(file.len(), &name)?;
        Ok((path, name))
    }
}

impl Source for FolderSource {
    fn len(&self) -> usize {
        self.images.len()
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn left_out(&self) -> LeftOut {
        self.left_out.clone()
    }

    fn encoded(&self, index: usize) -> Result<EncodedRecord> {
        let (path, name) = self.file(index)?;
        let image = Encoded::File(fs::read(&path).map_err(record_error(&path, &name))?);
        Ok(EncodedRecord { image, label: self.images[index].0, name })
    }

    fn identity(&self, index: usize) -> (Cow<'_, [u8]>, usize) {
        let (label, file) = &self.images[index];
        (file.as_os_str().as_encoded_bytes().into(), *label)
    }

    fn beginning(&self, index: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let (path, name) = self.file(index)?;
        fs::File::open(&path)
            .and_then(|file| file.take(BEGINNING as u64).read_to_end(&mut bytes))
            .map_err(record_error(&path, &name))?;
        Ok(bytes)
    }
}

/// Names of the folders in `folder`.
fn class_folders(folder: &Path, left_out: &mut LeftOut) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in entries(folder)? {
        let (path, name) = (entry.path(), entry.file_name());
        if is_hidden(&path) || !path.is_dir() {
            leave_out(&path, left_out, "lies beside the class folders; move it into one");
            continue;
        }
        names.push(name.into_string().map_err(|_| Error::InvalidText {
            record: shown_path(&path),
            reason: "the name of a class folder must be UTF-8".to_owned(),
        })?);
    }
    if names.is_empty() {
        return Err(Error::NoClassFolders { folder: folder.to_owned() });
    }
    Ok(names)
}

/// Lists the images in `root/inside`, and what else is there.
fn list(
    root: &Path,
    inside: &Path,
    images: &mut Vec<PathBuf>,
    left_out: &mut LeftOut,
) -> Result<()> {
    let folder = root.join(inside);
    for entry in entries(&folder)? {
        let (path, inside) = (entry.path(), inside.join(entry.file_name()));
        // Of the entry itself: links to folders might lead around in a circle.
        let kind = entry.file_type().map_err(io_error(&path))?;
        if is_hidden(&path) {
            leave_out(&path, left_out, "");
        } else if kind.is_dir() {
            list(root, &inside, images, left_out)?;
        } else if decode::is_image(&path) {
            images.push(inside);
        } else if path.is_dir() {
            left_out.record(format_args!("{} is a link to a folder", shown_path(&path)));
        } else {
            leave_out(&path, left_out, "");
        }
    }
    Ok(())
}

/// Counts a file that is no image of a class; `misplaced` says what is wrong with an image.
fn leave_out(path: &Path, left_out: &mut LeftOut, misplaced: &str) {
    let name = shown_path(path);
    if is_hidden(path) {
        left_out.file(name, "is hidden");
    } else if path.is_symlink() && !path.exists() {
        left_out.record(format_args!("{name} is a link that leads nowhere"));
    } else if decode::is_image(path) {
        left_out.record(format_args!("{name} {misplaced}"));
    } else if decode::is_unsupported_image(path) {
        left_out.record(format_args!("{name} {}", decode::CONVERT));
    } else {
        left_out.file(name, "has no image's name");
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Everything in `folder`, sorted by name.
fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect);
    let mut entries: Vec<fs::DirEntry> = entries.map_err(io_error(folder))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries)
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
    fn classes_and_files_are_sorted_and_the_rest_is_counted() {
        let root = folder(&[
            ("cat/2.png", png(3, 2, 2)),
            ("cat/10.PNG", png(3, 2, 10)),
            ("cat/more/1.jfif", png(3, 2, 1)),
            ("ant/x.png", png(5, 4, 0)),
            ("cat/notes.txt", b"no image".to_vec()),
            ("cat/x.heic", vec![]),
            ("dog/1.gif", vec![]),
            (".cache/y.png", png(1, 1, 0)),
            ("readme.md", b"no class".to_vec()),
        ]);
        let source = FolderSource::open(&FolderConfig::new(root.path())).unwrap();
        assert_eq!(source.classes(), ["ant", "cat"]);
        let records: Vec<_> = (0..source.len()).map(|i| source.read(i).unwrap()).collect();
        let labels: Vec<usize> = records.iter().map(|record| record.label).collect();
        assert_eq!(labels, [0, 1, 1, 1]);
        assert_eq!((records[0].image.width(), records[0].image.height()), (5, 4));
        for (record, end) in records[1..].iter().zip(["10.PNG", "2.png", "more/1.jfif"]) {
            assert!(record.name.ends_with(end), "{}", record.name);
        }
        let left_out = source.left_out();
        assert_eq!((left_out.files, left_out.records), (3, 3));
        assert!(left_out.first().contains("cat/x.heic is of a format that is not read"));
    }

    #[test]
    fn numbers_are_sorted_as_numbers() {
        let files = ["10/a.png", "9/a.png", "007/a.png"].map(|name| (name, png(1, 1, 0)));
        let root = folder(&files);
        let source = FolderSource::open(&FolderConfig::new(root.path())).unwrap();
        assert_eq!(source.classes(), ["007", "9", "10"]);
        assert!(source.read(2).unwrap().name.ends_with("10/a.png"));
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
        let empty = open(&[("dog/1.txt", vec![])]);
        assert!(
            empty.contains("first: ") && empty.contains("dog is a class folder without images")
        );
    }

    #[test]
    fn what_cannot_be_read_is_one_record_s_fault() {
        let root = folder(&[("cat/1.png", vec![]), ("cat/2.png", vec![1])]);
        let source = FolderSource::open(&FolderConfig::new(root.path())).unwrap();
        fs::remove_file(root.path().join("cat/2.png")).unwrap();
        for (index, message) in
            [(0, "1.png is empty (0 bytes): copy it again or remove it"), (1, "No such file")]
        {
            let error = source.read(index).unwrap_err();
            assert!(error.is_corrupt_record() && error.to_string().contains(message), "{error}");
        }
    }
}

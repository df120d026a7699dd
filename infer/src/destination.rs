//! Where drawn images go.

use std::io;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};
use pixelflow::durable;

use crate::error::write_error;
use crate::made_folders::MadeFolders;
use crate::npz::write_npz;
use crate::picture::{lay_out, read_recipe, write_new_picture, write_picture};
use crate::recipe::{Recipe, RecipeRow};
use crate::{Error, Result};

/// Folder of pictures whose place is not given.
const SAMPLES: &str = "samples";

/// Endings of files of other kinds, besides those of pictures: a folder is seldom called so.
const OTHER_KINDS: [&str; 12] =
    ["npy", "jxl", "svg", "pdf", "heic", "mp4", "zip", "tar", "json", "txt", "pt", "safetensors"];

/// Where drawn images go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A picture with all images in a grid.
    Grid(PathBuf),
    /// The same, in the first of `samples/grid-1.png`, `samples/grid-2.png`, … that does not exist
    /// when it is written.
    NextGrid,
    /// A folder with a file for each image.
    Files(PathBuf),
    /// An array.
    Npz(PathBuf),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// How many images: fewer than the recipe has if no more came.
    pub images: u64,
    /// Where they are.
    pub path: PathBuf,
}

impl Destination {
    /// What `--out` means: `.npz` an array, `.png` a grid, anything else a folder.
    ///
    /// # Errors
    /// [`Error::Argument`] for the ending of a file of another kind.
    pub fn choose(out: Option<&Path>) -> Result<Self> {
        let Some(path) = out else {
            return Ok(Self::NextGrid);
        };
        let is_folder = path.to_string_lossy().ends_with(std::path::is_separator);
        let ending = path.extension().filter(|_| !is_folder);
        let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("npz") => Ok(Self::Npz(path.to_owned())),
            Some("png") => Ok(Self::Grid(path.to_owned())),
            Some(other) if is_of_other_kind(other) && !path.is_dir() => Err(Error::Argument {
                argument: "--out",
                value: path.display().to_string(),
                reason: format!(
                    ".{other} cannot be written; give FILE.png for a grid, FILE.npz for an \
                     array, or a folder for single files"
                ),
            }),
            _ => Ok(Self::Files(path.to_owned())),
        }
    }

    /// Makes its folder, which goes again if it stays empty, and checks that it can be written to,
    /// before anything is computed.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn prepare(&self) -> Result<MadeFolders> {
        let folder = match self {
            Self::Files(folder) => folder.as_path(),
            Self::NextGrid => Path::new(SAMPLES),
            Self::Grid(path) | Self::Npz(path) => return check_file(path),
        };
        let made = MadeFolders::make(folder).map_err(write_error(folder))?;
        tempfile::tempfile_in(folder).map_err(write_error(folder))?;
        Ok(made)
    }

    /// Checks that no single file would replace another picture, before anything is computed.
    ///
    /// # Errors
    /// [`Error::OtherSettings`] or [`Error::FileInUse`] for the first that would, [`Error::Write`].
    pub fn check_free(&self, recipe: &Recipe) -> Result<()> {
        let Self::Files(folder) = self else {
            return Ok(());
        };
        singles(recipe, folder).try_for_each(|(single, path)| match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(write_error(&path)(error)),
            Ok(_) => check_same(&single, &path),
        })
    }

    /// Writes the images of a recipe as they come; single files are there one by one. If fewer come
    /// than the recipe has, a grid has those that did, and an array is not written.
    ///
    /// # Errors
    /// [`Error::Write`], and what drawing says.
    pub fn write(
        &self,
        recipe: &Recipe,
        images: &mut dyn Iterator<Item = pixelflow::Result<RgbImage>>,
    ) -> Result<Written> {
        let written = |images, path: &Path| Ok(Written { images, path: path.to_owned() });
        match self {
            Self::Npz(path) => {
                let labels: Vec<i64> = places(recipe).map(|place| place as i64).collect();
                let count = labels.len() as u64;
                let size = [recipe.height as u64, recipe.width as u64];
                let is_whole = write_npz(images, size, &labels, path)?;
                written(if is_whole { count } else { 0 }, path)
            }
            Self::Grid(path) => {
                let images: Vec<RgbImage> = images.collect::<pixelflow::Result<_>>()?;
                let count = images.len() as u64;
                // What was stopped replaces nothing.
                if count == 0 || (count < recipe.images() && path.symlink_metadata().is_ok()) {
                    return written(0, path);
                }
                let recipe = recipe.clone().first_images(count);
                write_picture(&lay_out(&recipe, &images), &recipe, path)?;
                written(count, path)
            }
            Self::NextGrid => {
                let images: Vec<RgbImage> = images.collect::<pixelflow::Result<_>>()?;
                let count = images.len() as u64;
                if count == 0 {
                    return written(0, Path::new(SAMPLES));
                }
                let recipe = recipe.clone().first_images(count);
                written(count, &write_next(&lay_out(&recipe, &images), &recipe)?)
            }
            Self::Files(folder) => {
                let mut count = 0;
                for ((single, path), image) in singles(recipe, folder).zip(images) {
                    let image = image?;
                    // Somebody may have written the same file meanwhile.
                    if !write_new_picture(&image, &single, &path)? {
                        check_same(&single, &path)?;
                        write_picture(&image, &single, &path)?;
                    }
                    count += 1;
                }
                written(count, folder)
            }
        }
    }
}

/// As [`check_file`], of a file that must end in `.png`.
///
/// # Errors
/// [`Error::Argument`], [`Error::Write`].
pub(crate) fn check_png(argument: &'static str, path: &Path) -> Result<MadeFolders> {
    if ImageFormat::from_path(path).ok() != Some(ImageFormat::Png) {
        return Err(Error::Argument {
            argument,
            value: path.display().to_string(),
            reason: "the picture is a PNG; give FILE.png".to_owned(),
        });
    }
    check_file(path)
}

/// Makes the folder of a file, which goes again if it stays empty, and checks that it can be written to.
///
/// # Errors
/// [`Error::Write`].
pub(crate) fn check_file(path: &Path) -> Result<MadeFolders> {
    // What leads elsewhere has its folder there.
    let made = MadeFolders::make(durable::folder_of(path)).map_err(write_error(path))?;
    durable::check_writable(path).map_err(write_error(path))?;
    Ok(made)
}

/// Whether two paths lead to one file, which need not be there yet.
pub(crate) fn is_same(first: &Path, second: &Path) -> bool {
    let place = |path: &Path| {
        let folder = durable::folder_of(path).canonicalize().ok()?;
        Some(path.canonicalize().unwrap_or(folder.join(path.file_name()?)))
    };
    let first = place(first);
    first.is_some() && first == place(second)
}

fn is_of_other_kind(ending: &str) -> bool {
    OTHER_KINDS.contains(&ending) || ImageFormat::from_extension(ending).is_some()
}

/// Writes a picture under the first name that is free: who draws beside us takes another.
fn write_next(picture: &RgbImage, recipe: &Recipe) -> Result<PathBuf> {
    let mut number = 1_u64;
    loop {
        let path = Path::new(SAMPLES).join(format!("grid-{number}.png"));
        let is_free = path.symlink_metadata().is_err();
        if is_free && write_new_picture(picture, recipe, &path)? {
            return Ok(path);
        }
        number += 1;
    }
}

/// Checks that what is at a path is the picture of this recipe.
fn check_same(recipe: &Recipe, path: &Path) -> Result<()> {
    let before = read_recipe(path)
        .map_err(|error| Error::FileInUse { path: path.to_owned(), reason: error.to_string() })?;
    let differences = before.differences(recipe);
    if differences.is_empty() {
        return Ok(());
    }
    let differences = differences.join(", ");
    Err(Error::OtherSettings { path: path.to_owned(), differences })
}

/// The recipe and the file of each image.
fn singles(recipe: &Recipe, folder: &Path) -> impl Iterator<Item = (Recipe, PathBuf)> {
    recipe.singles().zip(places(recipe)).map(move |(single, place)| {
        let RecipeRow { label, first, .. } = &single.rows[0];
        let path = folder.join(file_name(place, label, single.seed, *first));
        (single, path)
    })
}

/// What tells the subject of each image from others: a class's number, a prompt's place in the list.
fn places(recipe: &Recipe) -> impl Iterator<Item = usize> {
    let rows = recipe.rows.iter().enumerate();
    rows.flat_map(|(number, row)| {
        let place = row.prompt.as_ref().map_or(row.class, |_| number);
        std::iter::repeat_n(place, row.count as usize)
    })
}

/// Bytes of a label that a file's name has at most: with all else, 143 are not reached, which is what
/// the least of common file systems takes.
const NAME_BYTES: usize = 60;

/// `004-deep-elf-seed0-00003.png`: the number of the class or prompt, since names may be alike, and
/// the beginning of its name, in which letters that file systems dislike become `-`.
fn file_name(class: usize, label: &str, seed: u64, number: u64) -> String {
    let safe = |letter: char| {
        if letter.is_alphanumeric() { letter } else { '-' }
    };
    let mut name = String::from("-");
    for letter in label.chars().map(safe) {
        if name.len() + letter.len_utf8() > NAME_BYTES {
            break;
        }
        name.push(letter);
    }
    if label == class.to_string() {
        name.clear();
    }
    format!("{class:03}{name}-seed{seed}-{number:05}.png")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_is_written() {
        let choose = |path: &str| Destination::choose(Some(Path::new(path))).unwrap();
        assert_eq!(choose("a/b.PNG"), Destination::Grid("a/b.PNG".into()));
        assert_eq!(choose("b.npz"), Destination::Npz("b.npz".into()));
        assert_eq!(choose("folder/"), Destination::Files("folder/".into()));
        assert_eq!(choose("run-0.2"), Destination::Files("run-0.2".into()));
        assert_eq!(choose("a.png/"), Destination::Files("a.png/".into()));
        for other in ["a.jpg", "a.JPEG", "a.tiff", "a.npy", "a.svg"] {
            let message = Destination::choose(Some(Path::new(other))).unwrap_err().to_string();
            assert!(message.contains("cannot be written; give FILE.png"), "{message}");
        }
    }

    #[test]
    fn names_of_files_are_harmless() {
        assert_eq!(file_name(4, "../deep elf", 2, 3), "004----deep-elf-seed2-00003.png");
        assert_eq!(file_name(4, "4", 2, 3), "004-seed2-00003.png");
        assert_ne!(file_name(134, "crane", 0, 0), file_name(517, "crane", 0, 0));
        for label in ["\u{10400}", "猫", "é", "a"] {
            let name = file_name(usize::MAX, &label.repeat(300), u64::MAX, u64::MAX);
            assert!(name.len() <= 143 && name.contains(label), "{name}");
        }
    }
}

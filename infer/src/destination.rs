//! Where drawn images go.

use std::fs;
use std::path::{Path, PathBuf};

use image::{ImageFormat, RgbImage};

use crate::error::write_error;
use crate::npz::write_npz;
use crate::picture::{lay_out, write_picture};
use crate::recipe::Recipe;
use crate::{Error, Result};

/// Folder of pictures whose place is not given.
const SAMPLES: &str = "samples";

/// Where drawn images go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A picture with all images in a grid.
    Grid(PathBuf),
    /// A folder with a file for each image.
    Files(PathBuf),
    /// An array.
    Npz(PathBuf),
}

impl Destination {
    /// What `--out` means: `.npz` an array, `.png` a grid, anything else a folder; without it the
    /// first of `samples/grid-1.png`, `samples/grid-2.png`, … that does not exist.
    ///
    /// # Errors
    /// [`Error::Argument`] for the ending of a file of another kind.
    pub fn choose(out: Option<&Path>) -> Result<Self> {
        let Some(path) = out else {
            let name = |number: u32| Path::new(SAMPLES).join(format!("grid-{number}.png"));
            let free = (1..u32::MAX).map(name).find(|path| !path.exists());
            return Ok(Self::Grid(free.unwrap_or_else(|| name(0))));
        };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("npz") => Ok(Self::Npz(path.to_owned())),
            Some("png") => Ok(Self::Grid(path.to_owned())),
            Some(other) if other == "npy" || ImageFormat::from_extension(other).is_some() => {
                Err(Error::Argument {
                    argument: "--out",
                    value: path.display().to_string(),
                    reason: format!(
                        ".{other} cannot be written; give FILE.png for a grid, FILE.npz for an \
                         array, or a folder for single files"
                    ),
                })
            }
            _ => Ok(Self::Files(path.to_owned())),
        }
    }

    /// Makes its folder and checks that it can be written to, before anything is computed.
    ///
    /// # Errors
    /// [`crate::Error::Write`].
    pub fn prepare(&self) -> Result<()> {
        if let Self::Grid(path) | Self::Npz(path) = self
            && path.is_dir()
        {
            return Err(Error::Write {
                path: path.clone(),
                reason: "it is a folder; choose another --out".to_owned(),
            });
        }
        let folder = match self {
            Self::Files(folder) => folder.as_path(),
            Self::Grid(path) | Self::Npz(path) => path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        };
        fs::create_dir_all(folder).map_err(write_error(folder))?;
        tempfile::tempfile_in(folder).map_err(write_error(folder))?;
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Grid(path) | Self::Files(path) | Self::Npz(path) => path,
        }
    }

    /// Writes the images of a recipe as they come; single files are there one by one. Gives how many
    /// were written: fewer than the recipe has if no more came, then a grid of those that did, but no
    /// array.
    ///
    /// # Errors
    /// [`crate::Error::Write`], and what drawing says.
    pub fn write(
        &self,
        recipe: &Recipe,
        images: &mut dyn Iterator<Item = pixelflow::Result<RgbImage>>,
    ) -> Result<u64> {
        match self {
            Self::Npz(path) => {
                let count = recipe.rows.iter().map(|row| row.count).sum();
                let shape = [count, recipe.height as u64, recipe.width as u64];
                Ok(if write_npz(images, shape, path)? { count } else { 0 })
            }
            Self::Grid(path) => {
                let images: Vec<RgbImage> = images.collect::<pixelflow::Result<_>>()?;
                let count = images.len() as u64;
                let is_whole = count == recipe.rows.iter().map(|row| row.count).sum::<u64>();
                // What was stopped replaces nothing.
                if count == 0 || (!is_whole && path.exists()) {
                    return Ok(0);
                }
                let recipe = recipe.clone().first_images(count);
                write_picture(&lay_out(&recipe, &images), &recipe, path)?;
                Ok(count)
            }
            Self::Files(folder) => {
                let counts = recipe.rows.iter().map(|row| row.count as usize);
                let rows =
                    counts.enumerate().flat_map(|(row, count)| std::iter::repeat_n(row, count));
                let mut written = 0;
                for ((single, row), image) in recipe.singles().zip(rows).zip(images) {
                    let shown = &single.rows[0];
                    // Classes are told by their number, prompts by their place in the list.
                    let place = shown.prompt.as_ref().map_or(shown.class, |_| row);
                    let name = file_name(place, &shown.label, recipe.seed, shown.first);
                    write_picture(&image?, &single, &folder.join(name))?;
                    written += 1;
                }
                Ok(written)
            }
        }
    }
}

/// Letters of a label that a file's name has at most: file systems have limits.
const NAME_LETTERS: usize = 60;

/// `004-deep-elf-seed0-00003.png`: the number of the class or prompt, since names may be alike, and
/// the beginning of its name, in which letters that file systems dislike become `-`.
fn file_name(class: usize, label: &str, seed: u64, number: u64) -> String {
    let safe = |letter: char| {
        if letter.is_alphanumeric() { letter } else { '-' }
    };
    let name: String = label.chars().take(NAME_LETTERS).map(safe).collect();
    let name = if label == class.to_string() { String::new() } else { format!("-{name}") };
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
    }

    #[test]
    fn names_of_files_are_harmless() {
        assert_eq!(file_name(4, "../deep elf", 2, 3), "004----deep-elf-seed2-00003.png");
        assert_eq!(file_name(4, "4", 2, 3), "004-seed2-00003.png");
        assert_ne!(file_name(134, "crane", 0, 0), file_name(517, "crane", 0, 0));
    }
}

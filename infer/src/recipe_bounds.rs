//! What a recipe may ask for at most, checked before anything is read or drawn.

use crate::recipe::{Arrangement, Recipe, RecipeRow};

/// Images that are asked for at once, at most.
pub(crate) const MAX_IMAGES: u64 = 1 << 24;

/// Bytes of the prompts of all images that are asked for at once, at most.
pub(crate) const MAX_PROMPTS: u64 = 1 << 28;

/// Pixels of a picture, at most.
pub const MAX_PIXELS: u64 = 1 << 30;
/// How many times the images of a grid are enlarged at most.
pub const MAX_SCALE: u32 = 64;

impl Recipe {
    /// Checks that a picture can show the images, and what [`check_amount`](Self::check_amount) does.
    ///
    /// # Errors
    /// Why not, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let images = self.images();
        if images == 0 || (self.layout == Arrangement::Single && images != 1) {
            return Err(format!("it would show {images} images"));
        }
        let [height, width] = self.picture_size();
        if height.saturating_mul(width) > MAX_PIXELS {
            return Err(format!(
                "the picture would have {height}x{width} pixels, more than {MAX_PIXELS}"
            ));
        }
        match self.layout {
            Arrangement::Grid { scale, .. } if !(1..=MAX_SCALE).contains(&scale) => {
                Err(format!("its scale is {scale}, it must be 1 to {MAX_SCALE}"))
            }
            _ => self.check_amount(),
        }
    }

    /// Checks the number of images, their numbers, and the size of all prompts.
    ///
    /// # Errors
    /// Why not, in words.
    pub(crate) fn check_amount(&self) -> Result<(), String> {
        let images = self.images();
        if images > MAX_IMAGES {
            return Err(format!("{images} images are more than the {MAX_IMAGES} of one call"));
        }
        let last = |row: &RecipeRow| row.first.saturating_add(row.count);
        let most = self.noise.numbers();
        if let Some(row) = self.rows.iter().find(|row| last(row) > most) {
            return Err(format!(
                "{} images from number {} on are more than the {most} that a seed has",
                row.count, row.first
            ));
        }
        let letters = |row: &RecipeRow| {
            let texts = [&row.prompt, &row.negative];
            let bytes: usize = texts.into_iter().flatten().map(String::len).sum();
            row.count.saturating_mul(bytes as u64)
        };
        if self.rows.iter().map(letters).fold(0, u64::saturating_add) > MAX_PROMPTS {
            return Err(format!("the prompts would take more than {MAX_PROMPTS} bytes"));
        }
        Ok(())
    }
}

//! PNG files that carry their recipe.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use image::RgbImage;
use pixelflow::durable;

use crate::error::{read_error, write_error};
use crate::grid::{GridRow, labelled_grid};
use crate::recipe::{Layout, MAX_PIXELS, Recipe};
use crate::{Error, Result};

/// Keyword of the text chunk.
const KEYWORD: &str = "pixelflow";
/// Longest recipe that is read, in bytes; one of a thousand classes has a tenth of a million.
const MAX_TEXT: usize = 1 << 24;

/// The images of a recipe laid out as it says.
///
/// # Panics
/// If there are fewer images than the recipe has.
pub fn lay_out(recipe: &Recipe, images: &[RgbImage]) -> RgbImage {
    match recipe.layout {
        Layout::Single => images[0].clone(),
        Layout::Grid { scale, numbered } => {
            let mut rest = images;
            let row = |row: &crate::recipe::RecipeRow| {
                let (images, others) = rest.split_at(row.count as usize);
                rest = others;
                GridRow { label: row.label.clone(), images: images.to_vec() }
            };
            let rows: Vec<GridRow> = recipe.rows.iter().map(row).collect();
            let first = recipe.rows.first().map(|row| row.first);
            labelled_grid(&rows, scale, first.filter(|_| numbered))
        }
    }
}

/// Writes a picture with its recipe; the file appears at once.
///
/// # Errors
/// [`Error::Write`]; what was there before is as it was.
///
/// # Panics
/// Never: a recipe always has a form in JSON.
pub fn write_picture(picture: &RgbImage, recipe: &Recipe, path: &Path) -> Result<()> {
    let text = serde_json::to_string(recipe).expect("a recipe has a form in JSON");
    durable::write(path, |file| {
        let mut encoder = png::Encoder::new(file, picture.width(), picture.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder
            .add_itxt_chunk(KEYWORD.to_owned(), text)
            .and_then(|()| encoder.write_header())
            .and_then(|mut writer| {
                writer.write_image_data(picture.as_raw())?;
                writer.finish()
            });
        written.map_err(|error| match error {
            png::EncodingError::IoError(error) => error,
            other => io::Error::other(other),
        })
    })
    .map_err(write_error(path))
}

/// Reads a picture and its recipe.
///
/// # Errors
/// [`Error::Read`], or [`Error::NoRecipe`] if it is no PNG or was not drawn by this program.
pub fn read_picture(path: &Path) -> Result<(RgbImage, Recipe)> {
    let none = |reason: String| Error::NoRecipe { path: path.to_owned(), reason };
    let file = File::open(path).map_err(read_error(path))?;
    let damaged = |error: png::DecodingError| none(format!("it is no sound PNG: {error}"));
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(none(format!("{width}x{height} pixels are too many")));
    }
    if reader.output_color_type() != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err(none("its pixels are not 8-bit RGB; was it edited?".to_owned()));
    }
    let size = reader.output_buffer_size().unwrap_or(0);
    let mut pixels = vec![0; size];
    reader.next_frame(&mut pixels).map_err(damaged)?;
    reader.finish().map_err(damaged)?;

    let chunks = &reader.info().utf8_text;
    let chunk = chunks.iter().find(|chunk| chunk.keyword == KEYWORD);
    let chunk = chunk.ok_or_else(|| {
        none(format!("it has no `{KEYWORD}` text; was it edited, or drawn by something else?"))
    })?;
    let mut chunk = chunk.clone();
    chunk.decompress_text_with_limit(MAX_TEXT).map_err(damaged)?;
    let text = chunk.get_text().map_err(damaged)?;
    let recipe: Recipe = serde_json::from_str(&text)
        .map_err(|error| none(format!("its `{KEYWORD}` text cannot be read: {error}")))?;
    recipe
        .check()
        .map_err(|reason| none(format!("its `{KEYWORD}` text cannot be used: {reason}")))?;
    let [wanted_height, wanted_width] = recipe.picture_size();
    if [wanted_height, wanted_width] != [u64::from(height), u64::from(width)] {
        return Err(none(format!(
            "its `{KEYWORD}` text is of a picture of {wanted_height}x{wanted_width} pixels, it has \
             {height}x{width}; was it edited?"
        )));
    }
    let picture = RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| none("its pixels are missing".to_owned()))?;
    Ok((picture, recipe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::RecipeRow;
    use pixelflow::NumberFormat;

    fn recipe() -> Recipe {
        Recipe {
            version: "1".to_owned(),
            model: "größe".to_owned(),
            weights: pixelflow::weights::WeightSet::Model,
            model_hash: "00ff".to_owned(),
            sampler: pixelflow::sampler::SamplerConfig { rtol: 0.1 + 0.2, ..Default::default() },
            device: "cpu".to_owned(),
            dtype: NumberFormat::F32,
            text_encoder: None,
            height: 2,
            width: 2,
            noise: pixelflow::pipeline::NoiseRule::SeedAndNumber,
            seed: u64::MAX,
            layout: Layout::Grid { scale: 2, numbered: true },
            rows: vec![RecipeRow {
                label: "a".to_owned(),
                class: 3,
                prompt: None,
                negative: None,
                first: 1,
                count: 2,
            }],
        }
    }

    #[test]
    fn a_picture_comes_back_with_its_recipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let images = [RgbImage::new(2, 2), RgbImage::from_pixel(2, 2, image::Rgb([9, 8, 7]))];
        let picture = lay_out(&recipe(), &images);
        write_picture(&picture, &recipe(), &path).unwrap();
        assert_eq!(read_picture(&path).unwrap(), (picture.clone(), recipe()));
        // Other programs read it too.
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn pictures_without_a_recipe_say_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let message = || read_picture(&path).unwrap_err().to_string();
        assert!(message().starts_with("cannot read "));
        std::fs::write(&path, "").unwrap();
        assert!(message().contains("it is no sound PNG"), "{}", message());
        RgbImage::new(2, 2).save(&path).unwrap();
        assert!(message().contains("has no recipe: it has no `pixelflow` text"), "{}", message());
    }

    #[test]
    fn other_pixels_and_endless_text_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let message = || read_picture(&path).unwrap_err().to_string();
        image::RgbaImage::new(2, 2).save(&path).unwrap();
        assert!(message().contains("not 8-bit RGB"), "{}", message());

        let mut bomb =
            png::text_metadata::ITXtChunk::new(KEYWORD, " ".repeat(MAX_TEXT + 1).as_str());
        bomb.compressed = true;
        bomb.compress_text().unwrap();
        let mut encoder = png::Encoder::new(File::create(&path).unwrap(), 1, 1);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_text_chunk(&bomb).unwrap();
        writer.write_image_data(&[0; 3]).unwrap();
        writer.finish().unwrap();
        assert!(message().contains("it is no sound PNG"), "{}", message());
    }
}

//! PNG files that carry their recipe.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use image::RgbImage;
use pixelflow::durable::DurableFile;
use pixelflow::stand_in::stand_in;

use crate::error::{read_error, write_error};
use crate::grid::{GridRow, labelled_grid};
use crate::parameters_text::parameters_text;
use crate::recipe::{Arrangement, Recipe};
use crate::recipe_bounds::MAX_PIXELS;
use crate::{Error, Result};

/// Keyword of the text chunk.
const KEYWORD: &str = "pixelflow";
/// Keyword of what other programs show.
const PARAMETERS: &str = "parameters";
/// Longest recipe that is read, in bytes; one of a thousand classes has a tenth of a million.
const MAX_TEXT: usize = 1 << 24;

/// The images of a recipe laid out as it says.
///
/// # Panics
/// If there are fewer images than the recipe has.
pub fn lay_out(recipe: &Recipe, images: &[RgbImage]) -> RgbImage {
    match recipe.layout {
        Arrangement::Single => images[0].clone(),
        Arrangement::Grid { scale, numbered, .. } => {
            let mut rest = images;
            let row = |row: &crate::recipe::RecipeRow| {
                let (images, others) = rest.split_at(row.count as usize);
                rest = others;
                GridRow { label: recipe.label(row).into_owned(), images: images.to_vec() }
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
    encoded(picture, recipe, path).and_then(DurableFile::finish).map_err(write_error(path))
}

/// As [`write_picture`], unless there is such a file already; gives whether it was written.
pub(crate) fn write_new_picture(picture: &RgbImage, recipe: &Recipe, path: &Path) -> Result<bool> {
    match encoded(picture, recipe, path).and_then(DurableFile::finish_new) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        written => written.map(|()| true).map_err(write_error(path)),
    }
}

fn encoded(picture: &RgbImage, recipe: &Recipe, path: &Path) -> io::Result<DurableFile> {
    let mut file = DurableFile::create(path)?;
    encode(picture, Some(recipe), &mut file)?;
    Ok(file)
}

/// The bytes of a PNG file of a picture, with its recipe if it has one.
///
/// # Panics
/// Never: memory takes all bytes.
pub(crate) fn png_of(picture: &RgbImage, recipe: Option<&Recipe>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(picture, recipe, &mut bytes).expect("memory takes all bytes");
    bytes
}

fn encode(picture: &RgbImage, recipe: Option<&Recipe>, to: impl Write) -> io::Result<()> {
    let mut encoder = png::Encoder::new(to, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let said = recipe.map_or(Ok(()), |recipe| say(&mut encoder, recipe));
    let written = said.and_then(|()| encoder.write_header()).and_then(|mut writer| {
        writer.write_image_data(picture.as_raw())?;
        writer.finish()
    });
    written.map_err(|error| match error {
        png::EncodingError::IoError(error) => error,
        other => io::Error::other(other),
    })
}

/// Writes a recipe, and what other programs show of it.
fn say(
    encoder: &mut png::Encoder<'_, impl Write>,
    recipe: &Recipe,
) -> Result<(), png::EncodingError> {
    let text = serde_json::to_string(recipe).expect("a recipe has a form in JSON");
    let shown = parameters_text(recipe);
    // As Pillow writes it: what Latin-1 has no letters for is UTF-8.
    let parameters = PARAMETERS.to_owned();
    if shown.chars().all(|letter| letter <= '\u{ff}') {
        encoder.add_text_chunk(parameters, shown)?;
    } else {
        encoder.add_itxt_chunk(parameters, shown)?;
    }
    encoder.add_itxt_chunk(KEYWORD.to_owned(), text)
}

/// Reads a picture and its recipe.
///
/// # Errors
/// [`Error::Read`], or [`Error::NoRecipe`] if it is no PNG or was not drawn by this program.
pub fn read_picture(path: &Path) -> Result<(RgbImage, Recipe)> {
    let (recipe, mut reader) = open(path)?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
    reader.next_frame(&mut pixels).map_err(|error| damaged(path, &error))?;
    reader.finish().map_err(|error| damaged(path, &error))?;
    let (width, height) = (reader.info().width, reader.info().height);
    let picture = RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| no_recipe(path, "its pixels are missing"))?;
    Ok((picture, recipe))
}

/// Reads the recipe of a picture alone.
///
/// # Errors
/// As [`read_picture`].
pub(crate) fn read_recipe(path: &Path) -> Result<Recipe> {
    Ok(open(path)?.0)
}

/// A picture whose pixels are not read before its recipe says that they are as many as they should be.
fn open(path: &Path) -> Result<(Recipe, Reader)> {
    let mut reader = begin(path)?;
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(no_recipe(path, format!("{width}x{height} pixels are too many")));
    }
    if reader.output_color_type() != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err(no_recipe(path, "its pixels are not 8-bit RGB; was it edited?"));
    }
    let mut chunk = chunk(&reader);
    if chunk.is_none() {
        // Other programs may have moved it behind the pixels.
        reader.finish().map_err(|error| damaged(path, &error))?;
        chunk = self::chunk(&reader);
        reader = begin(path)?;
    }
    let mut chunk = chunk.ok_or_else(|| {
        let reason = "text; was it edited, or drawn by something else?";
        no_recipe(path, format!("it has no `{KEYWORD}` {reason}"))
    })?;
    let unfit =
        |what, reason: String| no_recipe(path, format!("its `{KEYWORD}` text {what}: {reason}"));
    chunk.decompress_text_with_limit(MAX_TEXT).map_err(|error| damaged(path, &error))?;
    let text = chunk.get_text().map_err(|error| damaged(path, &error))?;
    let recipe: Recipe =
        serde_json::from_str(&text).map_err(|error| unfit("cannot be read", error.to_string()))?;
    recipe.check().map_err(|reason| unfit("cannot be used", reason))?;
    let wanted = recipe.picture_size();
    if wanted != [u64::from(height), u64::from(width)] {
        let [wanted_height, wanted_width] = wanted;
        return Err(no_recipe(
            path,
            format!(
                "its `{KEYWORD}` text is of a picture of {wanted_height}x{wanted_width} pixels, it \
                 has {height}x{width}; was it edited?"
            ),
        ));
    }
    Ok((recipe, reader))
}

type Reader = png::Reader<BufReader<File>>;

fn begin(path: &Path) -> Result<Reader> {
    let file = File::open(path).map_err(read_error(path))?;
    let mut file = BufReader::new(file);
    if let Some(what) = stand_in(file.fill_buf().map_err(read_error(path))?) {
        return Err(no_recipe(path, what));
    }
    png::Decoder::new(file).read_info().map_err(|error| damaged(path, &error))
}

fn chunk(reader: &Reader) -> Option<png::text_metadata::ITXtChunk> {
    reader.info().utf8_text.iter().find(|chunk| chunk.keyword == KEYWORD).cloned()
}

fn damaged(path: &Path, error: &png::DecodingError) -> Error {
    no_recipe(path, format!("it is no sound PNG: {error}"))
}

fn no_recipe(path: &Path, reason: impl Into<String>) -> Error {
    Error::NoRecipe { path: path.to_owned(), reason: reason.into() }
}

#[cfg(test)]
pub(crate) mod testing {
    use pixelflow::NumberFormat;

    use crate::recipe::{Arrangement, Recipe, RecipeRow};

    /// A recipe of two images of 2 x 3 pixels.
    pub(crate) fn recipe() -> Recipe {
        Recipe {
            version: "1".to_owned(),
            model: "größe".to_owned(),
            weights: pixelflow::weights::WeightSet::Model,
            model_hash: "00ff".to_owned(),
            adapters: vec![],
            guide: None,
            sampler: pixelflow::sampler::SamplerConfig { rtol: 0.1 + 0.2, ..Default::default() },
            device: "cpu".to_owned(),
            dtype: NumberFormat::F32,
            text_encoder: None,
            height: 2,
            width: 3,
            noise: pixelflow::pipeline::NoiseRule::SeedAndNumber,
            edit: None,
            seed: u64::MAX,
            layout: Arrangement::Grid { scale: 2, numbered: true, any_script: true },
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
}

#[cfg(test)]
mod tests {
    use super::testing::recipe;
    use super::*;

    #[test]
    fn a_picture_comes_back_with_its_recipe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let images = [RgbImage::new(3, 2), RgbImage::from_pixel(3, 2, image::Rgb([9, 8, 7]))];
        let picture = lay_out(&recipe(), &images);
        write_picture(&picture, &recipe(), &path).unwrap();
        assert_eq!(read_picture(&path).unwrap(), (picture.clone(), recipe()));
        // Other programs read it too.
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
        let info = begin(&path).unwrap().info().clone();
        let shown = &info.uncompressed_latin1_text[0];
        assert_eq!((&shown.keyword[..], &shown.text), ("parameters", &parameters_text(&recipe())));
        let mut cat = recipe();
        cat.rows[0].label = "猫".to_owned();
        write_picture(&lay_out(&cat, &images), &cat, &path).unwrap();
        let info = begin(&path).unwrap().info().clone();
        assert_eq!(info.utf8_text[0].get_text().unwrap(), parameters_text(&cat));
        write_picture(&picture, &recipe(), &path).unwrap();
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

//! `infer replay`: draws a picture again and compares.

use std::path::Path;

use image::RgbImage;
use pixelflow::weights::TextEncoderFiles;
use pixelflow_host::device::select;

use super::sample::draw_on;
use super::{model, texts};
use crate::arguments::ReplayArguments;
use crate::destination::Destination;
use crate::hub::{Fetching, HubName};
use crate::model_source::ModelSource;
use crate::picture::{lay_out, read_picture, write_picture};
use crate::prompts::text_encoder_files;
use crate::recipe::{DEMO, Recipe, TEXT_DEMO};
use crate::{Error, Result};

/// Images drawn at once.
const BATCH: usize = 32;

/// How two pictures differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// In nothing.
    Equal,
    /// In some pixels, by at most so many levels of 255.
    Differ {
        /// Number of pixels.
        pixels: usize,
        /// Largest difference of a channel.
        most: u8,
    },
    /// In their size.
    OtherSize,
}

/// Draws a picture again from the recipe inside it.
///
/// # Errors
/// [`Error::NoRecipe`], [`Error::ModelMoved`], [`Error::OtherModel`] if the weights are not those
/// of the recipe, and what drawing says.
pub fn replay(arguments: &ReplayArguments) -> Result<Comparison> {
    let (picture, recipe) = read_picture(&arguments.picture)?;
    let source = source(arguments, &recipe)?;
    let found = source.hash()?;
    if found != recipe.model_hash {
        return Err(Error::OtherModel {
            picture: arguments.picture.clone(),
            expected: recipe.model_hash,
            model: source.weights()?.to_owned(),
            found,
        });
    }
    let description = &source.description;
    let cascade = description.cascade.build()?;
    cascade.check_size(recipe.height, recipe.width, description.model.patch_size)?;
    let sampler = recipe.sampler.clone().check(cascade)?;
    let files = text_encoder(arguments, &recipe, &source)?;
    let device = select(&arguments.device)?;
    if let Some(out) = &arguments.out {
        Destination::Grid(out.clone()).prepare()?;
    }
    let texts = texts::encode(device, &recipe, files.as_ref())?;
    let drawn = draw_on(device, &source, &recipe, texts.as_ref(), &sampler, BATCH)?;
    let again = lay_out(&recipe, &drawn.images);
    if let Some(out) = &arguments.out {
        write_picture(&again, &recipe, out)?;
    }
    Ok(compare(&picture, &again))
}

/// The model that the user or else the recipe names.
fn source(arguments: &ReplayArguments, recipe: &Recipe) -> Result<ModelSource> {
    if let Some(path) = &arguments.model {
        return model(Some(path), recipe.weights);
    }
    match recipe.model.as_str() {
        DEMO => return model(None, recipe.weights),
        TEXT_DEMO => return ModelSource::text_demo(),
        _ => {}
    }
    let path = Path::new(&recipe.model);
    let moved = || Error::ModelMoved { picture: arguments.picture.clone(), model: path.to_owned() };
    if HubName::is_meant(path) {
        // A picture that somebody sends fetches nothing; only its user does, with --model.
        return ModelSource::find_fetched(path, recipe.weights.into()).map_err(|_| moved());
    }
    if !path.exists() {
        return Err(moved());
    }
    model(Some(path), recipe.weights)
}

/// The text encoder of the recipe, if it has one.
fn text_encoder(
    arguments: &ReplayArguments,
    recipe: &Recipe,
    source: &ModelSource,
) -> Result<Option<TextEncoderFiles>> {
    let Some(encoder) = &recipe.text_encoder else {
        return Ok(None);
    };
    let files = text_encoder_files(source, encoder.folder.as_deref(), Fetching::Never)?;
    let found = files.hash()?;
    if found == encoder.hash {
        Ok(Some(files))
    } else {
        Err(Error::OtherModel {
            picture: arguments.picture.clone(),
            expected: encoder.hash.clone(),
            model: files.folder().to_owned(),
            found,
        })
    }
}

fn compare(before: &RgbImage, after: &RgbImage) -> Comparison {
    if before.dimensions() != after.dimensions() {
        return Comparison::OtherSize;
    }
    let difference = |(before, after): (&image::Rgb<u8>, &image::Rgb<u8>)| {
        let channels = before.0.iter().zip(after.0);
        channels.map(|(before, after)| before.abs_diff(after)).max().unwrap_or(0)
    };
    let differences: Vec<u8> =
        before.pixels().zip(after.pixels()).map(difference).filter(|d| *d > 0).collect();
    match differences.iter().max() {
        None => Comparison::Equal,
        Some(most) => Comparison::Differ { pixels: differences.len(), most: *most },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_compared_pixel_by_pixel() {
        let before = RgbImage::new(3, 2);
        let mut after = before.clone();
        assert_eq!(compare(&before, &after), Comparison::Equal);
        after.put_pixel(1, 1, image::Rgb([0, 3, 1]));
        after.put_pixel(2, 0, image::Rgb([0, 0, 2]));
        assert_eq!(compare(&before, &after), Comparison::Differ { pixels: 2, most: 3 });
        assert_eq!(compare(&before, &RgbImage::new(2, 3)), Comparison::OtherSize);
    }
}

//! `infer replay`: draws a picture again and compares.

use std::path::Path;

use image::RgbImage;
use pixelflow::excerpt::excerpt;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{AdapterProvenance, NoiseRule, Request};
use pixelflow::weights::Adapter;
use pixelflow_host::device::{Device, OnBackend, select};
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::one_line;

use super::recorded_edit::recorded_edit;
use super::recorded_model::RecordedModel;
use crate::arguments::{LoraArgument, ReplayArguments};
use crate::destination::{check_png, is_same};
use crate::draw::Watched;
use crate::drawing_memory::{DrawingMemory, free_memory, gigabytes};
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup};
use crate::foreign_path::refuse_foreign;
use crate::hub::{Fetching, HubName};
use crate::made_folders::MadeFolders;
use crate::model_source::ModelSource;
use crate::picture::{lay_out, read_picture, write_picture};
use crate::progress::DrawProgress;
use crate::recipe::Recipe;
use crate::{Error, Result};

/// Images drawn at once, at most.
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
/// A recipe may say anything; no more is computed than the picture has pixels.
///
/// # Errors
/// [`Error::NoRecipe`] (also if the picture is of another size than its recipe), [`Error::ModelMoved`],
/// [`Error::OtherModel`] if the weights are not those of the recipe, [`Error::Argument`] if not even one
/// image fits into memory, and what drawing says.
pub fn replay(arguments: &ReplayArguments) -> Result<Comparison> {
    let (picture, recipe) = read_picture(&arguments.picture)?;
    let mut _made = MadeFolders::default();
    if let Some(out) = &arguments.out {
        _made = check_png("--out", out)?;
        let read = [Some(&arguments.picture), arguments.image.as_ref(), arguments.mask.as_ref()];
        if read.into_iter().flatten().any(|path| is_same(out, path)) {
            return Err(Error::Argument {
                argument: "--out",
                value: out.display().to_string(),
                reason: "it is a picture that is read; give another file".to_owned(),
            });
        }
    }
    let edit = recorded_edit(arguments, recipe.edit.as_ref())?;
    let recorded = RecordedModel {
        file: &arguments.picture,
        name: &recipe.model,
        weights: recipe.weights,
        hash: &recipe.model_hash,
        argument: "--model",
        adapters: &arguments.adapters,
    };
    check_adapters(arguments, &recipe)?;
    let source = recorded.find(arguments.model.as_deref())?;
    let guide = recorded.find_guide(recipe.guide.as_ref(), arguments.guide_model.as_deref())?;
    let mut request = Request { edit, ..recipe.request(BATCH) };
    let unfit = |error: pixelflow::Error| Error::Argument {
        argument: "PICTURE",
        value: arguments.picture.display().to_string(),
        reason: error.to_string(),
    };
    request.check(&source.description).map_err(unfit)?;
    if let Some(guide) = &guide {
        source.description.check_guide(&guide.description).map_err(unfit)?;
    }
    let text_encoder = text_encoder(arguments, &recipe, &source)?;
    let device = select(&arguments.device)?;
    request.batch = fitting_batch(arguments, &recipe, (&source, guide.as_ref()), device)?;
    let setup = DrawingSetup { source, guide, device, format: recipe.dtype, text_encoder };
    let images = device.run(DrawAgain { setup, request })?;
    let again = lay_out(&recipe, &images);
    if let Some(out) = &arguments.out {
        write_picture(&again, &recipe, out)?;
    }
    Ok(compare(&picture, &again))
}

/// Refuses other adapters than those that a picture was drawn with.
fn check_adapters(arguments: &ReplayArguments, recipe: &Recipe) -> Result<()> {
    let mut named = Vec::new();
    for LoraArgument { path, scale } in &arguments.adapters {
        let adapter = Adapter::open(path)?;
        named.push((adapter.name(), adapter.hash().to_owned(), *scale));
    }
    let is_it = |(recorded, (_, hash, scale)): (&AdapterProvenance, &(String, String, f64))| {
        recorded.hash == *hash && recorded.scale == *scale
    };
    if recipe.adapters.len() == named.len() && recipe.adapters.iter().zip(&named).all(is_it) {
        return Ok(());
    }
    let listed = |all: Vec<String>| if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    let said = |name: &str, hash: &str, scale: f64| {
        format!("{} (sha256 {}) x {scale}", one_line(excerpt(name)), one_line(excerpt(hash)))
    };
    let recorded =
        recipe.adapters.iter().map(|adapter| said(&adapter.name, &adapter.hash, adapter.scale));
    let given = named.iter().map(|(name, hash, scale)| said(name, hash, *scale));
    let (recorded, given) = (listed(recorded.collect()), listed(given.collect()));
    Err(Error::Argument {
        argument: "PICTURE",
        value: arguments.picture.display().to_string(),
        reason: format!(
            "it was drawn with these adapters: {recorded}; given are: {given}. Say --lora PATH:SCALE for each of its \
             own, in their order"
        ),
    })
}

/// Drawing all images of a picture, on whatever backend the user has chosen.
struct DrawAgain {
    setup: DrawingSetup,
    request: Request,
}

impl OnBackend for DrawAgain {
    type Output = Result<Vec<RgbImage>>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self { setup, request } = self;
        let stages = setup.source.description.cascade.stages;
        let drawing = setup.pipeline::<B>(&device)?.draw(&request)?;
        let batches = request.images.len().div_ceil(request.batch);
        let mut progress = DrawProgress::new(batches, stages);
        let images = Watched::new(drawing, &mut progress, Interrupt::default());
        let images = images.collect::<pixelflow::Result<_>>();
        progress.finish();
        Ok(images?)
    }
}

/// As many images at once as fit into memory: the picture may have been drawn one by one, or elsewhere.
fn fitting_batch(
    arguments: &ReplayArguments,
    recipe: &Recipe,
    (source, guide): (&ModelSource, Option<&ModelSource>),
    device: Device,
) -> Result<usize> {
    let Some(free) = free_memory(device) else {
        return Ok(BATCH);
    };
    let size = [recipe.height, recipe.width];
    let memory = DrawingMemory::of(source, guide, size, recipe.dtype, device)?;
    let most = recipe.images().min(BATCH as u64) as usize;
    memory.fitting(most, free).ok_or_else(|| Error::Argument {
        argument: "PICTURE",
        value: arguments.picture.display().to_string(),
        reason: format!(
            "one image of {}x{} needs {} in memory, but {} are free; take a machine that has as much, \
             or another --device",
            recipe.height,
            recipe.width,
            gigabytes(memory.bytes(1).peak()),
            gigabytes(free)
        ),
    })
}

/// The text encoder of the recipe, if it has one.
fn text_encoder(
    arguments: &ReplayArguments,
    recipe: &Recipe,
    source: &ModelSource,
) -> Result<Option<TextEncoderSetup>> {
    let Some(wanted) = &recipe.text_encoder else {
        if !source.description.is_text() {
            return Ok(None);
        }
        let reason = "its `pixelflow` text says no text encoder, and the model draws from text; was it \
                      edited? Draw its prompts anew, `infer sample --prompt TEXT`";
        return Err(Error::NoRecipe { path: arguments.picture.clone(), reason: reason.to_owned() });
    };
    let of_recipe = wanted.folder.as_deref().filter(|_| arguments.text_encoder.is_none());
    if let Some(path) = of_recipe.filter(|path| !HubName::is_meant(path.as_ref())) {
        refuse_foreign(path, &arguments.picture, "--text-encoder")?;
    }
    let named = arguments.text_encoder.as_deref().or(of_recipe);
    let Some(setup) = TextEncoderSetup::of(source, named, wanted.dtype, Fetching::Never)? else {
        return Ok(None);
    };
    let found = match recipe.noise {
        NoiseRule::SubjectToo => setup.files.sampled_hash()?,
        NoiseRule::SeedAndNumber => setup.files.hash()?.to_owned(),
    };
    if found == wanted.hash {
        Ok(Some(setup))
    } else {
        Err(Error::OtherTextEncoder {
            picture: arguments.picture.clone(),
            expected: wanted.hash.clone(),
            encoder: setup.files.folder().unwrap_or(Path::new("memory")).to_owned(),
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

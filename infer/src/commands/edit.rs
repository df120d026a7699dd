//! `infer edit`: draws a picture anew, as a whole or in part.

use std::path::Path;

use pixelflow::excerpt::excerpt;
use pixelflow_host::output::note;

use super::recorded_edit::{IMAGE, MASK};
use super::sample::{Sampled, draw, prompts, source};
use crate::arguments::EditArguments;
use crate::destination::is_same;
use crate::edit_settings::EditSettings;
use crate::model_source::ModelSource;
use crate::picture::read_recipe;
use crate::picture_file::{read_mask_file, read_picture_file};
use crate::recipe::{Arrangement, Recipe, RecipeRow};
use crate::{Error, Result};

/// Draws edits of a picture; gives what was done.
///
/// # Errors
/// [`Error::NothingToEdit`], what reading the picture and the mask says, and what [`sample`](super::sample())
/// does.
pub fn edit(arguments: &EditArguments) -> Result<Sampled> {
    let EditArguments { image, mask, strength, from_stage, resample, sample } = arguments;
    let image = image.as_deref().ok_or(Error::NothingToEdit)?;
    let written = [
        ("--out", &sample.out),
        ("--strip", &sample.view.strip),
        ("--animation", &sample.view.animation),
    ];
    for (argument, path) in written {
        let is_read = |path: &Path| {
            is_same(path, image) || mask.as_deref().is_some_and(|mask| is_same(path, mask))
        };
        if let Some(path) = path.as_deref().filter(|path| is_read(path)) {
            return Err(Error::Argument {
                argument,
                value: path.display().to_string(),
                reason: "it is a picture that is read; give another file".to_owned(),
            });
        }
    }
    let picture = read_picture_file(IMAGE, image)?;
    let recipe = read_recipe(image).ok();
    if recipe.as_ref().is_some_and(|recipe| recipe.layout != Arrangement::Single) {
        note(format_args!(
            "note: {} is a grid with labels, as its recipe says; `infer sample --out FOLDER/` writes \
             images by themselves",
            image.display()
        ));
    }
    let mask = mask.as_deref().map(|path| read_mask_file(MASK, path)).transpose()?;
    let resample = Some(*resample);
    let settings = EditSettings { strength: *strength, from_stage: *from_stage, resample };
    let edit = settings.edit(picture, mask);
    let (mut sample, mut prompts) = (sample.clone(), prompts(sample)?);
    let recorded = if sample.classes.is_empty() && prompts.is_empty() {
        recipe.and_then(recorded)
    } else {
        None
    };
    if let Some(Recorded { row: RecipeRow { prompt: Some(prompt), negative, .. }, .. }) = &recorded
    {
        said(image, prompt, "--prompt");
        prompts.push(prompt.clone());
        if let (Some(negative), true) = (negative, sample.text.negative.is_empty()) {
            sample.text.negative.clone_from(negative);
        }
    }
    let source = source(&sample, &prompts)?;
    if !source.description.is_text() && prompts.is_empty() && sample.classes.is_empty() {
        sample.classes.push(class(recorded, &source, image)?);
    }
    draw(&sample, source, prompts, Some(edit))
}

/// What a picture says that it shows.
struct Recorded {
    model_hash: String,
    row: RecipeRow,
}

/// What a picture of our own shows; of a grid no single thing is.
fn recorded(recipe: Recipe) -> Option<Recorded> {
    if recipe.layout != Arrangement::Single {
        return None;
    }
    let row = recipe.rows.into_iter().next()?;
    Some(Recorded { model_hash: recipe.model_hash, row })
}

/// The class that a picture of this model is of.
fn class(recorded: Option<Recorded>, source: &ModelSource, image: &Path) -> Result<String> {
    let is_of_model = |hash: &str| Ok::<_, Error>(source.files()?.hash()? == hash);
    if let Some(Recorded { model_hash, row }) = recorded
        && is_of_model(&model_hash)?
    {
        said(image, &source.description.class_name(row.class), "--class");
        return Ok(row.class.to_string());
    }
    Err(Error::Argument {
        argument: IMAGE,
        value: image.display().to_string(),
        reason: "it has no recipe of this model that tells its class; say with --class what it shall show"
            .to_owned(),
    })
}

fn said(image: &Path, subject: &str, argument: &str) {
    note(format_args!(
        "note: {} shows {}, as its recipe says; {argument} makes something else of it",
        image.display(),
        excerpt(subject)
    ));
}

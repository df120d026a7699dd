//! `infer sample`: draws images.

use std::time::{Duration, Instant};

use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{Sampler, SamplerConfig};
use pixelflow_host::device::{Device, OnBackend, refuse_unsupported, select};

use super::dry_run::dry_run;
use super::{model, texts};
use crate::arguments::{SampleArguments, SamplerArguments};
use crate::classes::chosen_classes;
use crate::destination::Destination;
use crate::draw::{Drawn, Subjects};
use crate::hub::Fetching;
use crate::model_source::ModelSource;
use crate::progress::DrawProgress;
use crate::prompts::{EncodedTexts, read_prompts, text_encoder_files};
use crate::recipe::{DEMO, Layout, Recipe, RecipeEncoder, RecipeRow, TEXT_DEMO};
use crate::{Error, Result};

/// Images of a grid are enlarged to about this many pixels a side.
const SHOWN_SIDE: usize = 96;
/// Letters of a prompt that stand beside its images, at most.
const LABEL_LETTERS: usize = 200;

/// Draws the images; returns a line that says what was done.
///
/// # Errors
/// Everything that can be wrong with the arguments, the model, or the place to write to; all but
/// the weights are checked before anything is computed.
pub fn sample(arguments: &SampleArguments) -> Result<String> {
    let prompts = prompts(arguments)?;
    let source = match &arguments.model.model {
        // Whoever has a prompt means the model that draws from text.
        None if !prompts.is_empty() => ModelSource::text_demo()?,
        path => model(path.as_deref(), arguments.model.weights)?,
    };
    let description = &source.description;
    let [height, width] = arguments.size.unwrap_or([description.resolution; 2]);
    let cascade = description.cascade.build()?;
    cascade.check_size(height, width, description.model.patch_size)?;
    let config = sampler_config(&arguments.sampler, &source);
    let sampler = config.clone().check(cascade)?;
    let rows = rows(arguments, &source, prompts)?;
    let device = select(&arguments.device)?;
    if arguments.dry_run {
        return dry_run(arguments, &source, [height, width], &rows, device);
    }
    let destination = Destination::choose(arguments.out.as_deref())?;
    destination.prepare()?;
    // From here on a repository's files are fetched, all but the descriptions.
    let files = source
        .is_text()
        .then(|| {
            let named = arguments.text.text_encoder.as_deref();
            text_encoder_files(&source, named, Fetching::Allowed)
        })
        .transpose()?;

    let scale = arguments.scale.unwrap_or_else(|| SHOWN_SIDE.div_ceil(height.max(width)) as u32);
    let recipe = Recipe {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: match arguments.model.model {
            None if source.is_text() => TEXT_DEMO.to_owned(),
            None => DEMO.to_owned(),
            Some(_) => source.name(),
        },
        weights: arguments.model.weights,
        model_hash: source.hash()?,
        text_encoder: files
            .as_ref()
            .map(|files| {
                Ok::<_, Error>(RecipeEncoder {
                    folder: arguments.text.text_encoder.clone(),
                    hash: files.hash()?,
                    dtype: arguments.text.dtype(arguments.dtype),
                })
            })
            .transpose()?,
        sampler: config,
        device: device.to_string(),
        dtype: arguments.dtype,
        height,
        width,
        seed: arguments.seed,
        layout: Layout::Grid { scale },
        rows,
    };
    if matches!(destination, Destination::Grid(_)) {
        recipe.check().map_err(|reason| Error::Argument {
            argument: "--count",
            value: arguments.count.to_string(),
            reason: format!("{reason}; draw fewer, or write single files with --out FOLDER"),
        })?;
    }
    let started = Instant::now();
    let texts = texts::encode(device, &recipe, files.as_ref())?;
    let batch = arguments.batch as usize;
    let drawn = draw_on(device, &source, &recipe, texts.as_ref(), &sampler, batch)?;
    let elapsed = started.elapsed();
    destination.write(&recipe, &drawn.images)?;
    Ok(summary(&drawn, elapsed, device, &destination))
}

/// The prompts that the user gave, in words or in a file.
fn prompts(arguments: &SampleArguments) -> Result<Vec<String>> {
    match &arguments.prompt_file {
        Some(path) => read_prompts(path),
        None => Ok(arguments.prompts.clone()),
    }
}

/// A row of images for each class or prompt.
fn rows(
    arguments: &SampleArguments,
    source: &ModelSource,
    prompts: Vec<String>,
) -> Result<Vec<RecipeRow>> {
    let wrong = |argument, value: &str, reason: &str| {
        Err(Error::Argument { argument, value: value.to_owned(), reason: reason.to_owned() })
    };
    let row = |label: String, class, prompt| RecipeRow {
        label,
        class,
        prompt,
        negative: None,
        first: 0,
        count: u64::from(arguments.count),
    };
    if !source.is_text() {
        if let Some(prompt) = prompts.first() {
            let reason = "this model draws classes; choose them with --class, or take a text model";
            return wrong("--prompt", prompt, reason);
        }
        if !arguments.text.negative.is_empty() {
            let reason = "this model draws classes, which have no negatives";
            return wrong("--negative", &arguments.text.negative, reason);
        }
        let classes = chosen_classes(&arguments.classes, source)?.into_iter();
        return Ok(classes.map(|class| row(source.class_name(class), class, None)).collect());
    }
    if let Some(class) = arguments.classes.first() {
        let reason = "this model draws from text; say with --prompt what it shall draw";
        return wrong("--class", class, reason);
    }
    if prompts.is_empty() {
        let reason = "this model draws from text: write --prompt TEXT or --prompts FILE";
        return wrong("--model", &source.name(), reason);
    }
    let negative = Some(&arguments.text.negative).filter(|text| !text.is_empty());
    let of_prompt = |prompt: String| RecipeRow {
        negative: negative.cloned(),
        ..row(label(&prompt), 0, Some(prompt))
    };
    Ok(prompts.into_iter().map(of_prompt).collect())
}

/// What is written beside the images of a prompt: its beginning, if it is long.
fn label(prompt: &str) -> String {
    if prompt.chars().count() <= LABEL_LETTERS {
        return prompt.to_owned();
    }
    let beginning: String = prompt.chars().take(LABEL_LETTERS).collect();
    format!("{} ...", beginning.trim_end())
}

/// Loads the model on a device and draws all images of a recipe.
pub(super) fn draw_on(
    device: Device,
    source: &ModelSource,
    recipe: &Recipe,
    texts: Option<&EncodedTexts>,
    sampler: &Sampler,
    batch: usize,
) -> Result<Drawn> {
    device.run(DrawRecipe { source, recipe, texts, sampler, batch })
}

struct DrawRecipe<'a> {
    source: &'a ModelSource,
    recipe: &'a Recipe,
    texts: Option<&'a EncodedTexts>,
    sampler: &'a Sampler,
    batch: usize,
}

impl OnBackend for DrawRecipe<'_> {
    type Output = Result<Drawn>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Result<Drawn> {
        let Self { source, recipe, texts, sampler, batch } = self;
        refuse_unsupported::<B>("--dtype", recipe.dtype.dtype(), &device)?;
        let model = source.load_as::<B>(recipe.dtype, &device)?;
        let batches = recipe.requests().len().div_ceil(batch);
        let mut progress = DrawProgress::new(batches, source.description.cascade.stages);
        let subjects = match texts {
            None => Subjects::Classes,
            Some(texts) => recipe.subjects(texts, &device),
        };
        let drawn = recipe.draw(&model, &subjects, sampler, batch, &device, &mut progress);
        progress.finish();
        Ok(drawn?)
    }
}

/// The model's sampler with what the user wants otherwise.
pub(super) fn sampler_config(arguments: &SamplerArguments, source: &ModelSource) -> SamplerConfig {
    let model = source.sampler();
    SamplerConfig {
        solver: arguments.solver.map_or(model.solver, Into::into),
        reference: arguments.reference || model.reference,
        steps: arguments.steps.clone().unwrap_or(model.steps),
        shift: arguments.shift.unwrap_or(model.shift),
        guidance: arguments
            .guidance
            .map_or(model.guidance, |guidance| guidance.of_model(source.is_text())),
        rtol: arguments.rtol.unwrap_or(model.rtol),
        atol: arguments.atol.unwrap_or(model.atol),
    }
}

/// `64 images in 12.3 s on cpu, 24 evaluations each: samples/grid-1.png`.
fn summary(drawn: &Drawn, elapsed: Duration, device: Device, destination: &Destination) -> String {
    let (least, most) = (drawn.evaluations.iter().min(), drawn.evaluations.iter().max());
    let evaluations = match (least, most) {
        (Some(least), Some(most)) if least == most => format!("{most} evaluations each"),
        (Some(least), Some(most)) => format!("{least} to {most} evaluations each"),
        _ => "no evaluations".to_owned(),
    };
    let (images, seconds) = (drawn.images.len(), elapsed.as_secs_f64());
    let path = destination.path().display();
    format!("{images} images in {seconds:.1} s on {device}, {evaluations}: {path}")
}

//! `infer sample`: draws images.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use pixelflow::NumberFormat;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{Edit, Request};
use pixelflow_host::device::{Device, OnBackend, select};
use pixelflow_host::interrupt::Interrupt;

use super::dry_run::dry_run;
use super::named_model;
use crate::arguments::{SampleArguments, TextArguments};
use crate::classes::chosen_classes;
use crate::destination::{Destination, Written};
use crate::draw::Watched;
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup, sampler_config, say_unseen};
use crate::frames::Viewed;
use crate::frames::views::Views;
use crate::guide::{find_guide, refuse_idle_guide};
use crate::hub::{Fetching, HubName};
use crate::model_source::ModelSource;
use crate::progress::DrawProgress;
use crate::prompts::file::check_length;
use crate::prompts::read_prompts;
use crate::recipe::{Arrangement, Recipe, RecipeRow};
use crate::{Error, Result};

/// Images of a grid are enlarged to about this many pixels a side.
const SHOWN_SIDE: usize = 96;
/// Letters of a class or prompt that stand beside its images, at most.
const LABEL_LETTERS: usize = 200;

/// Draws the images; gives what was done.
///
/// # Errors
/// Everything that can be wrong with the arguments, the model, or the place to write to; all but
/// the weights are checked before anything is computed.
pub fn sample(arguments: &SampleArguments) -> Result<Sampled> {
    let prompts = prompts(arguments)?;
    let source = source(arguments, &prompts)?;
    draw(arguments, source, prompts, None)
}

/// The model that shall draw.
///
/// # Errors
/// What finding it says.
pub(super) fn source(arguments: &SampleArguments, prompts: &[String]) -> Result<ModelSource> {
    // Whoever has a prompt means the model that draws from text.
    let default = if prompts.is_empty() { ModelSource::demo } else { ModelSource::text_demo };
    named_model(&arguments.model, default)
}

/// Draws images of classes or prompts, edits of a picture or not.
///
/// # Errors
/// As [`sample`].
pub(super) fn draw(
    arguments: &SampleArguments,
    source: ModelSource,
    prompts: Vec<String>,
    edit: Option<Edit>,
) -> Result<Sampled> {
    let destination = Destination::choose(arguments.out.as_deref())?;
    let mut rows = rows(arguments, &source, prompts)?;
    if matches!(destination, Destination::Npz(_)) {
        number_on(&mut rows);
    }
    if let (Some(scale), Destination::Npz(_) | Destination::Files(_)) =
        (arguments.scale, &destination)
    {
        let reason = "only grids are enlarged; leave it out, or give FILE.png with --out";
        return Err(refused("--scale", &scale.to_string(), reason));
    }
    let request = Request {
        size: arguments.size,
        sampler: Some(sampler_config(&arguments.sampler, &source)),
        batch: arguments.batch as usize,
        edit,
        // The rows are of the model's kind: one image stands for all.
        ..rows.first().map_or_else(|| Request::new(vec![]), |row| row.first_request(arguments.seed))
    };
    let checked = request.check(&source.description)?;
    let (size, guide) = (checked.size(), find_guide(&arguments.guide, &source, &checked)?);
    refuse_idle_guide(&arguments.guide, [checked.sampler().config()].into_iter())?;
    let device = select(&arguments.device)?;
    if arguments.dry_run {
        let models = (&source, guide.as_ref());
        return dry_run(arguments, models, size, &rows, device).map(Sampled::Planned);
    }
    let views = Views::check(&arguments.view, arguments.out.as_deref())?;
    let _made = destination.prepare()?;
    // From here on a repository's files are fetched, all but the descriptions.
    let (named, format) = (&arguments.text.text_encoder, arguments.text.dtype(arguments.dtype));
    let text_encoder = TextEncoderSetup::of(&source, named.as_deref(), format, Fetching::Allowed)?;
    let scale = arguments.scale.unwrap_or_else(|| SHOWN_SIDE.div_ceil(size[0].max(size[1])) as u32);
    let job = Sample {
        setup: DrawingSetup { source, guide, device, format: arguments.dtype, text_encoder },
        request,
        layout: Arrangement::Grid { scale, numbered: true, any_script: true },
        rows,
        arguments,
        destination,
        views,
    };
    device.run(job)
}

/// What became of a request.
#[derive(Debug)]
pub enum Sampled {
    /// It was only asked what it needs.
    Planned(String),
    /// It was drawn.
    Drawn(Summary),
}

/// What was drawn.
#[derive(Debug)]
pub struct Summary {
    images: u64,
    /// How many were asked for.
    of: u64,
    seconds: f64,
    device: Device,
    /// The fewest and the most network evaluations of an image.
    evaluations: Option<[usize; 2]>,
    path: PathBuf,
}

impl Summary {
    /// Whether all images that were asked for are there.
    pub fn is_whole(&self) -> bool {
        self.images == self.of
    }
}

/// `64 images in 12.3 s on cpu, 24 evaluations each: samples/grid-1.png`.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, of, seconds, device, .. } = self;
        let evaluations = match self.evaluations {
            Some([least, most]) if least == most => format!("{most} evaluations each"),
            Some([least, most]) => format!("{least} to {most} evaluations each"),
            None => "no evaluations".to_owned(),
        };
        let count = if images == of { images.to_string() } else { format!("{images} of {of}") };
        write!(f, "{count} images in {seconds:.1} s on {device}, {evaluations}")?;
        match images {
            0 => f.write_str(": nothing is written"),
            _ => write!(f, ": {}", self.path.display()),
        }
    }
}

/// The prompts that the user gave, in words or in a file.
///
/// # Errors
/// [`Error::Argument`], [`Error::Prompts`].
pub(super) fn prompts(arguments: &SampleArguments) -> Result<Vec<String>> {
    if let Some(path) = &arguments.prompt_file {
        return read_prompts(path);
    }
    for prompt in &arguments.prompts {
        check_length(prompt).map_err(|reason| refused("--prompt", prompt, &reason))?;
    }
    Ok(arguments.prompts.clone())
}

/// A row of images for each class or prompt.
fn rows(
    arguments: &SampleArguments,
    source: &ModelSource,
    prompts: Vec<String>,
) -> Result<Vec<RecipeRow>> {
    let row = |label: String, class, prompt| RecipeRow {
        label,
        class,
        prompt,
        negative: None,
        first: 0,
        count: u64::from(arguments.count),
    };
    if !source.description.is_text() {
        if let Some(prompt) = prompts.first() {
            let reason = "this model draws classes; choose them with --class, or take a text model";
            return Err(refused("--prompt", prompt, reason));
        }
        let TextArguments { negative, text_encoder, text_dtype } = &arguments.text;
        let dtype = text_dtype.map(NumberFormat::name);
        for (argument, value) in [
            ("--negative", Some(negative.as_str()).filter(|text| !text.is_empty())),
            ("--text-encoder", text_encoder.as_deref()),
            ("--text-dtype", dtype),
        ] {
            if let Some(value) = value {
                let reason = "this model draws classes and reads no texts; leave it out";
                return Err(refused(argument, value, reason));
            }
        }
        let classes = chosen_classes(&arguments.classes, &source.description)?.into_iter();
        let name = |class| source.description.class_name(class);
        return Ok(classes.map(|class| row(label(&name(class)), class, None)).collect());
    }
    if let Some(class) = arguments.classes.first() {
        let reason = "this model draws from text; say with --prompt what it shall draw";
        return Err(refused("--class", class, reason));
    }
    if prompts.is_empty() {
        let reason = "this model draws from text: write --prompt TEXT or --prompts FILE";
        return Err(refused("--model", &source.name(), reason));
    }
    let negative = Some(&arguments.text.negative).filter(|text| !text.is_empty());
    let of_prompt = |prompt: String| RecipeRow {
        negative: negative.cloned(),
        ..row(label(&prompt), 0, Some(prompt))
    };
    Ok(prompts.into_iter().map(of_prompt).collect())
}

fn refused(argument: &'static str, value: &str, reason: &str) -> Error {
    Error::Argument { argument, value: value.to_owned(), reason: reason.to_owned() }
}

/// What is written beside the images of a class or prompt: its beginning, if it is long.
pub(crate) fn label(prompt: &str) -> String {
    if prompt.chars().count() <= LABEL_LETTERS {
        return prompt.to_owned();
    }
    let beginning: String = prompt.chars().take(LABEL_LETTERS).collect();
    format!("{} ...", beginning.trim_end())
}

/// Numbers the images of all rows in one sequence: images of an array, which statistics are made of,
/// share no noise.
fn number_on(rows: &mut [RecipeRow]) {
    let mut next = 0;
    for row in rows {
        row.first = next;
        next += row.count;
    }
}

/// Drawing, on whatever backend the user has chosen.
struct Sample<'a> {
    setup: DrawingSetup,
    /// Everything but the images.
    request: Request,
    layout: Arrangement,
    rows: Vec<RecipeRow>,
    arguments: &'a SampleArguments,
    destination: Destination,
    views: Views<'a>,
}

impl OnBackend for Sample<'_> {
    type Output = Result<Sampled>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let Self { setup, request, layout, rows, arguments, destination, views } = self;
        let (named, batch) = (setup.device, request.batch);
        let stages = setup.source.description.cascade.stages;
        let mut pipeline = setup.pipeline::<B>(&device)?;
        let provenance = pipeline.provenance(&request)?;
        let mut recipe = Recipe::new(provenance, named.to_string(), arguments.seed, layout, rows);
        if let (Some(encoder), Some(name)) =
            (&mut recipe.text_encoder, &arguments.text.text_encoder)
        {
            // The name of a repository tells nothing of its user's disk.
            encoder.folder = Some(name.clone()).filter(|name| HubName::is_meant(name.as_ref()));
        }
        let (checked, advice) = match destination {
            Destination::Grid(_) | Destination::NextGrid => {
                (recipe.check(), "draw fewer, or write single files with --out FOLDER")
            }
            Destination::Files(_) | Destination::Npz(_) => (recipe.check_amount(), "draw fewer"),
        };
        checked.map_err(|reason| {
            refused("--count", &arguments.count.to_string(), &format!("{reason}; {advice}"))
        })?;
        destination.check_free(&recipe)?;
        let started = Instant::now();
        let request = Request { edit: request.edit, ..recipe.request(batch) };
        let of = request.images.len();
        let mut progress = DrawProgress::new(of.div_ceil(batch), stages);
        let viewers = views.viewers(&recipe, batch, stages)?;
        let drawing = pipeline.draw(&request)?;
        say_unseen(&pipeline.unseen()?);
        // Until here Ctrl-C ends the program at once: nothing is drawn yet.
        let interrupt = Interrupt::listen("stopping after this step")?;
        let mut viewed = Viewed::new(&mut progress, viewers);
        let mut images = Watched::new(drawing, &mut viewed, interrupt);
        let written = destination.write(&recipe, &mut images);
        let evaluations = images.evaluations();
        drop(images);
        let seen = viewed.finish();
        let Written { images, path } = written?;
        seen?;
        Ok(Sampled::Drawn(Summary {
            images,
            of: of as u64,
            seconds: started.elapsed().as_secs_f64(),
            device: named,
            evaluations,
            path,
        }))
    }
}

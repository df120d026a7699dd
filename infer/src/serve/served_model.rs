//! The model that a server draws with, and which requests it can draw.

use std::path::Path;

use pixelflow::NumberFormat;
use pixelflow::excerpt::excerpt;
use pixelflow::pipeline::{
    Begin, Field, ImageRequest, MAX_PROMPT, Problem, Provenance, Request, Subject,
};
use pixelflow::sampler::{SamplerConfig, SolverKind};
use pixelflow_host::device::Device;
use serde_json::{Value, json};

use super::asked::{Asked, ClassAsked};
use super::edit_asked::{IMAGE, MASK};
use super::job::{Job, Origin};
use super::refusal::{Answer, Refusal};
use super::settings::{MAX_BODY, Settings, max_picture_body};
use crate::Result;
use crate::classes::class_named;
use crate::commands::label;
use crate::drawing_memory::{DrawingMemory, gigabytes};
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup};
use crate::hub::{Fetching, HubName};
use crate::model_source::ModelSource;
use crate::recipe::{Arrangement, Recipe, RecipeRow};

/// The model that a server draws with.
#[derive(Clone, Debug)]
pub(crate) struct ServedModel {
    /// The model.
    pub(crate) source: ModelSource,
    /// What it is guided away from.
    pub(crate) guide: Option<ModelSource>,
    /// How it draws unless a request says otherwise.
    pub(crate) sampler: SamplerConfig,
    /// Where it is computed.
    pub(crate) device: Device,
    /// The format it is computed in.
    pub(crate) format: NumberFormat,
    /// The text encoder that the user names.
    pub(crate) text_encoder: Option<String>,
    /// The format of its weights.
    pub(crate) text_format: NumberFormat,
    /// Bytes that were free before the model was loaded, where somebody says.
    pub(crate) free: Option<u64>,
    /// Images at once, at most.
    pub(crate) batch: usize,
    /// Pixels of an image, at most.
    pub(crate) max_pixels: u64,
    /// Steps a stage, at most.
    pub(crate) max_steps: usize,
}

impl ServedModel {
    /// All that its pipeline needs.
    ///
    /// # Errors
    /// What opening the text encoder says.
    pub(super) fn setup(&self) -> Result<DrawingSetup> {
        let named = self.text_encoder.as_deref();
        let (source, format) = (&self.source, self.text_format);
        Ok(DrawingSetup {
            text_encoder: TextEncoderSetup::of(source, named, format, Fetching::Allowed)?,
            source: source.clone(),
            guide: self.guide.clone(),
            device: self.device,
            format: self.format,
        })
    }

    /// How many images of a size are drawn at once.
    ///
    /// # Errors
    /// Why not even one can be.
    pub(crate) fn most_at_once(&self, size: [usize; 2]) -> std::result::Result<usize, String> {
        let [height, width] = size;
        let pixels = height as u64 * width as u64;
        if pixels > self.max_pixels {
            return Err(format!(
                "{height}x{width} are {pixels} pixels, this server draws {} at most",
                self.max_pixels
            ));
        }
        let Some(free) = self.free else {
            return Ok(self.batch);
        };
        let (source, guide) = (&self.source, self.guide.as_ref());
        let memory = DrawingMemory::of(source, guide, size, self.format, self.device);
        let memory = memory.map_err(|error| error.to_string())?;
        memory.fitting(self.batch, free).ok_or_else(|| {
            format!(
                "one image of {height}x{width} needs {} in memory, and {} are there; take a smaller size",
                gigabytes(memory.bytes(1).peak()),
                gigabytes(free)
            )
        })
    }

    /// Refuses a sampler of more steps than this server makes.
    ///
    /// # Errors
    /// How many those are.
    pub(crate) fn refuse_too_many_steps(
        &self,
        sampler: &SamplerConfig,
    ) -> std::result::Result<(), String> {
        let most = self.max_steps;
        match sampler.steps.iter().find(|steps| **steps > most) {
            None => Ok(()),
            Some(steps) => {
                Err(format!("steps contains {steps}, this server makes {most} a stage at most"))
            }
        }
    }

    /// The job that is asked for, if it can be drawn.
    ///
    /// # Errors
    /// 422 with the first field that is wrong.
    pub(super) fn job(&self, asked: Asked, settings: &Settings, origin: Origin) -> Answer<Job> {
        let (count, most) = (asked.count.unwrap_or(1), settings.max_count());
        if !(1..=most).contains(&count) {
            return Err(Refusal::unfit(
                "count",
                format!("count is {count}, it must be 1 to {most}"),
            ));
        }
        let (seed, number) = (asked.seed.unwrap_or(0), asked.number.unwrap_or(0));
        let last = settings.last_number();
        if number > last {
            let reason = format!("number is {number}, it must be 0 to {last}");
            return Err(Refusal::unfit("number", reason));
        }
        let (subject, label) = self.subject(asked.class, asked.prompt, asked.negative)?;
        let is_text = self.source.description.is_text();
        let sampler = asked.sampler.unwrap_or_default().on(&self.sampler, is_text);
        self.refuse_too_many_steps(&sampler)
            .map_err(|reason| Refusal::unfit("sampler.steps", reason))?;
        let edit = asked.edit.map(|edit| edit.edit(self.max_pixels)).transpose()?;
        let (edit, notes) = edit.map_or((None, vec![]), |(edit, notes)| (Some(edit), notes));
        let request = Request::new(vec![ImageRequest { subject, seed, number }]).count(count);
        let request = Request { size: asked.size, sampler: Some(sampler), edit, ..request };
        let checked = request.check(&self.source.description);
        let checked = checked.map_err(|error| refused(error, &request))?;
        let at_once =
            self.most_at_once(checked.size()).map_err(|reason| Refusal::unfit("size", reason))?;
        let request = Request { size: Some(checked.size()), ..request };
        let job = Job::new(request, label, asked.previews.unwrap_or(true), origin, at_once);
        for words in notes {
            job.note(words);
        }
        Ok(job)
    }

    /// What the images show, and what they are called.
    fn subject(
        &self,
        class: Option<ClassAsked>,
        prompt: Option<String>,
        negative: Option<String>,
    ) -> Answer<(Subject, String)> {
        let description = &self.source.description;
        let negative = negative.unwrap_or_default();
        if description.is_text() {
            if class.is_some() {
                let reason = "this model draws from text, not from classes; send a prompt";
                return Err(Refusal::unfit("class", reason));
            }
            let missing = || Refusal::unfit("prompt", "say with prompt what the model shall draw");
            let prompt = prompt.ok_or_else(missing)?;
            if self.guide.is_some() && !negative.is_empty() {
                let reason =
                    "this server's guide takes the place of the negative prompt; leave it out";
                return Err(Refusal::unfit("negative", reason));
            }
            let called = label(&prompt);
            return Ok((Subject::Prompt { prompt, negative }, called));
        }
        if prompt.is_some() || !negative.is_empty() {
            let field = if prompt.is_some() { "prompt" } else { "negative" };
            let reason = "this model draws classes and reads no texts; send a class";
            return Err(Refusal::unfit(field, reason));
        }
        let class = match class {
            None => {
                let reason =
                    "say with class what the model shall draw; GET /api/models has the names";
                return Err(Refusal::unfit("class", reason));
            }
            Some(ClassAsked::Number(class)) => class,
            Some(ClassAsked::Name(name)) => class_named(&name, description).map_err(|reason| {
                Refusal::unfit("class", format!("{}: {reason}", excerpt(&name)))
            })?,
        };
        Ok((Subject::Class(class), label(&description.class_name(class))))
    }

    /// The recipe of an image of a job, as `infer sample` writes it.
    pub(super) fn recipe(&self, job: &Job, index: usize, provenance: &Provenance) -> Recipe {
        let ImageRequest { subject, seed, number } = &job.request.images[index];
        let (class, prompt, negative) = match subject {
            Subject::Class(class) => (*class, None, None),
            Subject::Prompt { prompt, negative } => {
                (0, Some(prompt.clone()), Some(negative.clone()).filter(|text| !text.is_empty()))
            }
        };
        let row = RecipeRow {
            label: job.label.clone(),
            class,
            prompt,
            negative,
            first: *number,
            count: 1,
        };
        let device = self.device.to_string();
        let mut recipe =
            Recipe::new(provenance.clone(), device, *seed, Arrangement::Single, vec![row]);
        if let Some(encoder) = &mut recipe.text_encoder {
            // The name of a repository tells nothing of its owner's disk.
            let is_of_hub = |name: &String| HubName::is_meant(Path::new(name));
            encoder.folder = self.text_encoder.clone().filter(is_of_hub);
        }
        recipe
    }

    /// What the API says of it.
    pub(super) fn json(&self, settings: &Settings) -> Value {
        let description = &self.source.description;
        let classes = (0..description.model.num_classes).map(|class| description.class_name(class));
        let multiple = description.model.patch_size << (description.cascade.stages - 1);
        json!({
            "name": self.source.short_name(),
            "kind": if description.is_text() { "text" } else { "class" },
            "classes": if description.is_text() { vec![] } else { classes.collect::<Vec<_>>() },
            "max_tokens": description.text.as_ref().map(|text| text.max_tokens),
            "size": [description.resolution, description.resolution],
            "size_multiple": multiple,
            "stages": description.cascade.stages,
            "sampler": self.sampler,
            "solvers": SolverKind::ALL,
            "guide": self.guide.as_ref().map(ModelSource::short_name),
            "device": self.device.to_string(),
            "dtype": self.format.name(),
            "version": env!("CARGO_PKG_VERSION"),
            "limits": {
                "count": settings.max_count(),
                "pixels": self.max_pixels,
                "steps": self.max_steps,
                "queue": settings.queue,
                "keep": settings.keep,
                "batch": self.batch,
                "prompt_bytes": MAX_PROMPT,
                "body_bytes": MAX_BODY,
                "picture_body_bytes": max_picture_body(self.max_pixels)
            }
        })
    }
}

/// What is wrong with a request, with the field that it is about.
fn refused(error: pixelflow::Error, request: &Request) -> Refusal {
    let message = error.to_string();
    let pixelflow::Error::Request(problems) = error else {
        return Refusal::unfit("", message);
    };
    let field = problems.0.first().map_or("", |Problem { field, .. }| match field {
        Field::Images => "count",
        Field::Class => "class",
        Field::Prompt => "prompt",
        Field::Number => "number",
        // An edit has its picture's size, unless another is asked for.
        Field::Size if request.edit.is_some() && request.size.is_none() => IMAGE,
        Field::Size => "size",
        Field::Picture => IMAGE,
        Field::Mask => MASK,
        Field::Begin => match request.edit.as_ref().map(|edit| edit.begin) {
            Some(Begin::Stage(_)) => "edit.from_stage",
            _ => "edit.strength",
        },
        Field::Resample => "edit.resample",
        Field::Sampler => "sampler",
        // What is not of a request but of the model, or of the server itself.
        _ => "",
    });
    Refusal::unfit(field, message)
}

//! The samples of a measurement: images that a model draws, and no one keeps.

use std::ops::{ControlFlow, Range};

use image::RgbImage;
use pixelflow::noise::{Key, Purpose};
use pixelflow::pipeline::{ImageRequest, Request, Subject};
use pixelflow::sampler::SamplerConfig;
use pixelflow_evaluation::Result as Measuring;
use pixelflow_evaluation::extractor::Extracted;
use pixelflow_host::device::{Device, select};
use pixelflow_host::interrupt::Interrupt;

use super::first_images::FirstImages;
use super::model_drawer::{DrawImages, DrawerConfig};
use crate::arguments::{EvaluateModelArguments, LabelRule};
use crate::caption_images::DrawnWith;
use crate::commands::named_model;
use crate::draw::DrawObserver;
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup, sampler_config};
use crate::guide::{find_guide, refuse_idle_guide};
use crate::hub::{Fetching, HubName};
use crate::measurement::drawn_images::DrawnImages;
use crate::measurement::gathered::{Gathering, ImageClasses, Keep};
use crate::measurement::network::Network;
use crate::model_source::ModelSource;
use crate::prompts::{hash_of_prompts, read_prompts};
use crate::{Error, Result};

/// A model and what it shall draw, checked as far as it can be before other files are opened.
pub(in crate::commands) struct PreparedSamples<'a> {
    arguments: &'a EvaluateModelArguments,
    source: ModelSource,
    guide: Option<ModelSource>,
    subjects: Vec<Subject>,
    request: Request,
    network_calls: Option<usize>,
}

/// A model on a device, and what its images show.
pub(in crate::commands) struct Samples {
    labels: LabelRule,
    batch: u64,
    device: Device,
    subjects: Vec<Subject>,
    /// Names of the classes, as far as they have any; `None` for a text model.
    class_names: Option<Vec<String>>,
    sampler: SamplerConfig,
    drawer: Box<dyn DrawImages>,
    first: FirstImages,
}

impl Samples {
    /// Finds the model, and checks what is asked of it.
    ///
    /// # Errors
    /// What is wrong with the model or the sampler's settings.
    pub(in crate::commands) fn prepare(
        arguments: &EvaluateModelArguments,
    ) -> Result<PreparedSamples<'_>> {
        let drawing = &arguments.drawing;
        let default = match arguments.prompts {
            Some(_) => ModelSource::text_demo,
            None => ModelSource::demo,
        };
        let source = named_model(&drawing.model, default)?;
        let subjects = subjects(arguments, &source)?;
        let sampler = sampler_config(&drawing.sampler, &source);
        let request = request_of(arguments, &subjects, sampler);
        let checked = request.check(&source.description)?;
        let guide = find_guide(&drawing.guide, &source, &checked)?;
        let network_calls = checked.sampler().network_calls(source.description.is_text());
        Ok(PreparedSamples { arguments, source, guide, subjects, request, network_calls })
    }

    /// The same of models that were found, and subjects and a sampler that are given.
    ///
    /// # Errors
    /// What is wrong with what is asked of the model.
    pub(super) fn check(
        arguments: &EvaluateModelArguments,
        (source, guide): (ModelSource, Option<ModelSource>),
        subjects: Vec<Subject>,
        sampler: SamplerConfig,
    ) -> Result<PreparedSamples<'_>> {
        let request = request_of(arguments, &subjects, sampler);
        let checked = request.check(&source.description)?;
        if let Some(guide) = &guide {
            source.description.check_guide(&guide.description)?;
        }
        let network_calls = checked.sampler().network_calls(source.description.is_text());
        Ok(PreparedSamples { arguments, source, guide, subjects, request, network_calls })
    }

    /// Where it draws.
    pub(in crate::commands) fn device(&self) -> Device {
        self.device
    }

    /// How it draws, if nothing else is said.
    pub(in crate::commands) fn sampler(&self) -> &SamplerConfig {
        &self.sampler
    }

    /// Everything but the requests that the images depend on.
    pub(in crate::commands) fn drawn_with(&self) -> &DrawnWith {
        self.drawer.drawn_with()
    }

    /// What there is to draw: classes or prompts.
    pub(in crate::commands) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Keeps the first images that are drawn from now on, to be shown.
    pub(super) fn keep_first(&mut self) {
        let DrawnWith { height, width, .. } = self.drawn_with();
        self.first = FirstImages::of_size([*height, *width]);
    }

    /// The first images, as far as they are kept.
    pub(super) fn first_images(&self) -> &[RgbImage] {
        self.first.images()
    }

    /// Which subjects there are: how many classes, or the hash of the prompts.
    pub(super) fn subjects_said(&self) -> String {
        let count = self.subjects.len();
        match hash_of_prompts(&self.subjects) {
            Some(hash) => format!("{count} prompts, {hash}"),
            None => format!("{count} classes"),
        }
    }

    /// The subject that an image of a seed shows.
    pub(in crate::commands) fn subject(&self, seed: u64, number: u64) -> usize {
        subject_of(self.labels, seed, number, self.subjects.len())
    }

    /// What images of a seed show, if it is classes.
    pub(super) fn classes(&self, seed: u64, numbers: Range<u64>) -> Option<ImageClasses> {
        let names = self.class_names.clone()?;
        let labels = numbers.map(|number| self.subject(seed, number)).collect();
        Some(ImageClasses { labels, count: self.subjects.len(), names })
    }

    /// Draws images of a seed, a batch at a time, and gathers what the network makes of them; `None` after
    /// Ctrl-C.
    ///
    /// # Errors
    /// What the model, the device or the network says.
    pub(in crate::commands) fn gather(
        &mut self,
        (sampler, seed, numbers): (&SamplerConfig, u64, Range<u64>),
        network: &dyn Network,
        keep: Keep,
        progress: &mut dyn DrawObserver,
        interrupt: &Interrupt,
    ) -> Result<Option<Gathering>> {
        let (first, count) = (numbers.start as usize, (numbers.end - numbers.start) as usize);
        let mut gathering = Gathering::empty(network, count, keep);
        let drawing = (sampler, seed, numbers);
        let is_whole = self.extract(drawing, network, progress, interrupt, &mut |batch| {
            gathering.add(batch.images.start - first, &batch)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(is_whole.then_some(gathering))
    }

    /// Draws images of a seed, a batch at a time, and hands on what the network makes of them, under their numbers,
    /// until `take` says to stop; gives whether it did them all.
    ///
    /// # Errors
    /// What the model, the device or the network says, and those of `take`.
    pub(super) fn extract(
        &mut self,
        (sampler, seed, numbers): (&SamplerConfig, u64, Range<u64>),
        network: &dyn Network,
        progress: &mut dyn DrawObserver,
        interrupt: &Interrupt,
        take: &mut dyn FnMut(Extracted) -> Measuring<ControlFlow<()>>,
    ) -> Result<bool> {
        let mut first = numbers.start;
        while first < numbers.end {
            let end = (first + self.batch).min(numbers.end);
            let request = |number| {
                let subject = self.subjects[self.subject(seed, number)].clone();
                ImageRequest { subject, seed, number }
            };
            let images: Vec<ImageRequest> = (first..end).map(request).collect();
            let wanted = images.len();
            let drawn = DrawnImages(self.drawer.draw(sampler, images, progress, interrupt)?);
            if drawn.0.len() < wanted {
                return Ok(false);
            }
            self.first.see(&drawn.0);
            let done = first as usize;
            let mut is_stopped = false;
            network.extract(&drawn, 0..wanted, &mut |batch| {
                let images = done + batch.images.start..done + batch.images.end;
                let next = take(Extracted { images, ..batch })?;
                is_stopped = next.is_break();
                Ok(next)
            })?;
            if is_stopped {
                return Ok(false);
            }
            first = end;
        }
        Ok(true)
    }
}

impl PreparedSamples<'_> {
    /// The model.
    pub(in crate::commands) fn source(&self) -> &ModelSource {
        &self.source
    }

    /// What its images show.
    pub(in crate::commands) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Network calls of an image, guidance's second one counted; `None` where the solver chooses them.
    pub(super) fn network_calls(&self) -> Option<usize> {
        self.network_calls
    }

    /// Refuses a guide that has no part in the images.
    ///
    /// # Errors
    /// [`Error::Argument`].
    pub(super) fn refuse_idle_guide(self) -> Result<Self> {
        refuse_idle_guide(&self.arguments.drawing.guide, self.request.sampler.iter())?;
        Ok(self)
    }

    /// Readies the model on the device; its weights are read when it draws. A text encoder may have to be fetched.
    ///
    /// # Errors
    /// What is wrong with the device, the model's files or its texts.
    pub(in crate::commands) fn open(self, fetching: Fetching) -> Result<Samples> {
        let Self { arguments, source, guide, subjects, request, .. } = self;
        let drawing = &arguments.drawing;
        let device = select(&drawing.device)?;
        let (named, format) = (&drawing.text.text_encoder, drawing.text.dtype(drawing.dtype));
        let text_encoder = TextEncoderSetup::of(&source, named.as_deref(), format, fetching)?;
        let sampler = request.sampler.clone().expect("it was set");
        let description = &source.description;
        let class_names =
            (!description.is_text()).then(|| description.class_names.clone().unwrap_or_default());
        let drawer = DrawerConfig {
            setup: DrawingSetup { source, guide, device, format: drawing.dtype, text_encoder },
            request,
            hub_encoder: named.clone().filter(|name| HubName::is_meant(name.as_ref())),
            negative: drawing.text.negative.clone(),
        };
        let drawer = drawer.on(device)?;
        let batch = u64::from(drawing.batch);
        let (labels, first) = (arguments.labels, FirstImages::none());
        Ok(Samples { labels, batch, device, subjects, class_names, sampler, drawer, first })
    }
}

/// An image of every subject.
fn request_of(
    arguments: &EvaluateModelArguments,
    subjects: &[Subject],
    sampler: SamplerConfig,
) -> Request {
    let image = |subject: &Subject| ImageRequest { subject: subject.clone(), seed: 0, number: 0 };
    Request {
        sampler: Some(sampler),
        batch: arguments.drawing.batch as usize,
        ..Request::new(subjects.iter().map(image).collect())
    }
}

/// All classes of a model, or the prompts of a text model.
fn subjects(arguments: &EvaluateModelArguments, source: &ModelSource) -> Result<Vec<Subject>> {
    let refused = |argument, value: String, reason: &str| {
        Err(Error::Argument { argument, value, reason: reason.to_owned() })
    };
    match (&arguments.prompts, source.description.is_text()) {
        (None, false) => {
            Ok((0..source.description.model.num_classes).map(Subject::Class).collect())
        }
        (Some(path), true) => {
            let negative = &arguments.drawing.text.negative;
            let prompt = |prompt| Subject::Prompt { prompt, negative: negative.clone() };
            Ok(read_prompts(path)?.into_iter().map(prompt).collect())
        }
        (Some(path), false) => {
            let reason = "this model draws classes and reads no texts; leave it out";
            refused("--prompts", path.display().to_string(), reason)
        }
        (None, true) => {
            let reason = "this model draws from text: say with --prompts FILE what it shall draw";
            refused("--model", source.name(), reason)
        }
    }
}

/// The number of the subject that an image shows.
fn subject_of(rule: LabelRule, seed: u64, number: u64, subjects: usize) -> usize {
    match rule {
        LabelRule::Balanced => (number % subjects as u64) as usize,
        // Drawing has no captions to choose among: the stream is free.
        LabelRule::Random => {
            Key::new(seed, number, Purpose::Caption).below(subjects as u64) as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use pixelflow_evaluation::metrics::ClassCounts;

    use super::*;

    #[test]
    fn labels_are_even_or_random_and_the_same_for_the_same_seed() {
        let of = |rule, seed| {
            let labels = (0..400).map(|number| subject_of(rule, seed, number, 4));
            labels.collect::<Vec<_>>()
        };
        let balanced = ClassCounts::of(of(LabelRule::Balanced, 0), 4);
        assert_eq!(balanced.counts, [100; 4]);
        let random = of(LabelRule::Random, 0);
        assert!(!ClassCounts::of(random.clone(), 4).is_balanced());
        assert!(ClassCounts::of(random.clone(), 4).counts.iter().all(|&count| count > 60));
        assert_eq!(random, of(LabelRule::Random, 0));
        assert_ne!(random, of(LabelRule::Random, 1));
    }
}

//! `infer evaluate model`: draws images and compares them with real ones.

use std::ops::ControlFlow;

use pixelflow::noise::{Key, Purpose};
use pixelflow::pipeline::{ImageRequest, Request, Subject};
use pixelflow_evaluation::metrics::ClassCounts;
use pixelflow_host::device::select;
use pixelflow_host::interrupt::Interrupt;

use super::model_drawer::{DrawImages, DrawerConfig};
use super::setup::{Instruments, Setup};
use crate::arguments::{EvaluateModelArguments, LabelRule};
use crate::commands::model;
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup, sampler_config};
use crate::hub::{Fetching, HubName};
use crate::measurement::drawn_images::DrawnImages;
use crate::measurement::gathered::{Gathered, Gathering};
use crate::measurement::report::{DrawnReport, Report, SideReport};
use crate::model_source::ModelSource;
use crate::progress::CaptionProgress;
use crate::prompts::read_prompts;
use crate::{Error, Result};

/// Measures; gives what is printed, or nothing after Ctrl-C.
///
/// # Errors
/// What is wrong with the model, the sampler's settings or the device; those of [`Setup`].
pub(super) fn evaluate_model(arguments: &EvaluateModelArguments) -> Result<Option<String>> {
    let drawing = &arguments.drawing;
    let source = match (&drawing.model.model, &arguments.prompts) {
        (None, Some(_)) => ModelSource::text_demo()?,
        (path, _) => model(path.as_deref(), drawing.model.weights)?,
    };
    let subjects = subjects(arguments, &source)?;
    let image = |subject: &Subject| ImageRequest { subject: subject.clone(), seed: 0, number: 0 };
    let request = Request {
        sampler: Some(sampler_config(&drawing.sampler, &source)),
        batch: drawing.batch as usize,
        ..Request::new(subjects.iter().map(image).collect())
    };
    request.check(&source.description)?;
    let (network, metrics) = (&arguments.network, &arguments.metrics);
    let mut setup = Setup::prepare(network, metrics, None, &arguments.real)?;
    setup.check_memory(arguments.images as usize)?;
    let device = select(&drawing.device)?;
    let (named, format) = (&drawing.text.text_encoder, drawing.text.dtype(drawing.dtype));
    let text_encoder = TextEncoderSetup::of(&source, named.as_deref(), format, Fetching::Allowed)?;
    let drawer = DrawerConfig {
        setup: DrawingSetup { source, device, format: drawing.dtype, text_encoder },
        request,
        hub_encoder: named.clone().filter(|name| HubName::is_meant(name.as_ref())),
        negative: drawing.text.negative.clone(),
    };
    let mut drawer = drawer.on(device)?;
    let interrupt = Interrupt::listen("stopping after this step")?;
    let Some(instruments) = setup.begin(Some(device), drawing.batch as usize, &interrupt)? else {
        return Ok(None);
    };
    let seeds: Vec<u64> =
        (0..u64::from(arguments.repeats)).map(|repeat| drawing.seed.wrapping_add(repeat)).collect();
    let mut progress =
        CaptionProgress::new(u64::from(arguments.images) * u64::from(arguments.repeats));
    let mut draw = Draw { arguments, subjects: &subjects, drawer: drawer.as_mut() };
    let mut repeats = Vec::new();
    for &seed in &seeds {
        let drawn = draw.gather(seed, &instruments, &setup, &mut progress, &interrupt)?;
        let measured = match drawn {
            Some(gathered) => instruments.measure(&gathered, &setup, &interrupt)?,
            None => None,
        };
        match measured {
            Some(measured) => repeats.push(measured),
            None => break,
        }
    }
    progress.finish();
    if repeats.len() < seeds.len() {
        return Ok(None);
    }
    let with = drawer.drawn_with();
    let report = Report {
        identity: &setup.identity,
        device: Some(device),
        repeats: &repeats,
        samples: SideReport {
            name: with.model.clone(),
            hash: Some(with.model_hash.clone()),
            images: Some(arguments.images as usize),
            classes: Some(class_counts(arguments, seeds[0], subjects.len())),
        },
        reference: setup.reference_report(&instruments),
        drawn: Some(DrawnReport { with, labels: arguments.labels, seeds }),
    };
    setup.json.write(&report).map(Some)
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

/// Images of each subject in a repeat.
fn class_counts(arguments: &EvaluateModelArguments, seed: u64, subjects: usize) -> ClassCounts {
    let numbers = 0..u64::from(arguments.images);
    let of = numbers.map(|number| subject_of(arguments.labels, seed, number, subjects));
    ClassCounts::of(of, subjects)
}

/// Drawing one repeat after the other.
struct Draw<'a> {
    arguments: &'a EvaluateModelArguments,
    subjects: &'a [Subject],
    drawer: &'a mut dyn DrawImages,
}

impl Draw<'_> {
    /// Draws the images of a seed, a batch at a time, and gathers what the network makes of them; `None` after
    /// Ctrl-C.
    fn gather(
        &mut self,
        seed: u64,
        instruments: &Instruments,
        setup: &Setup,
        progress: &mut CaptionProgress,
        interrupt: &Interrupt,
    ) -> Result<Option<Gathered>> {
        let EvaluateModelArguments { images, labels, drawing, .. } = self.arguments;
        let network = instruments.network.as_deref().expect("samples are drawn");
        let (count, batch) = (u64::from(*images), u64::from(drawing.batch));
        let mut gathering = Gathering::empty(network, count as usize, setup.keep());
        let mut first = 0;
        while first < count {
            let end = (first + batch).min(count);
            let request = |number| {
                let subject = subject_of(*labels, seed, number, self.subjects.len());
                ImageRequest { subject: self.subjects[subject].clone(), seed, number }
            };
            let requests: Vec<ImageRequest> = (first..end).map(request).collect();
            let wanted = requests.len();
            let drawn = DrawnImages(self.drawer.draw(requests, progress, interrupt)?);
            if drawn.0.len() < wanted {
                return Ok(None);
            }
            network.extract(&drawn, 0..wanted, &mut |batch| {
                gathering.add(first as usize + batch.images.start, &batch)?;
                Ok(ControlFlow::Continue(()))
            })?;
            first = end;
        }
        Ok(Some(gathering.finish()?))
    }
}

#[cfg(test)]
mod tests {
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

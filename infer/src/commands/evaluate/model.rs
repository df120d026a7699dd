//! `infer evaluate model`: draws images and compares them with real ones.

use pixelflow_evaluation::metrics::ClassCounts;
use pixelflow_host::interrupt::Interrupt;

use super::samples::Samples;
use super::setup::Setup;
use crate::Result;
use crate::arguments::EvaluateModelArguments;
use crate::measurement::gathered::Gathered;
use crate::measurement::report::{DrawnReport, Report, SideReport};
use crate::progress::CaptionProgress;

/// Measures; gives what is printed, or nothing after Ctrl-C.
///
/// # Errors
/// Those of [`Samples::open`] and [`Setup`].
pub(super) fn evaluate_model(arguments: &EvaluateModelArguments) -> Result<Option<String>> {
    let EvaluateModelArguments { drawing, network, metrics, .. } = arguments;
    let prepared = Samples::prepare(arguments)?;
    let mut setup = Setup::prepare(network, metrics, None, &arguments.real)?;
    setup.check_memory(arguments.images as usize)?;
    let mut samples = prepared.open()?;
    let interrupt = Interrupt::listen("stopping after this step")?;
    let device = samples.device();
    let Some(instruments) = setup.begin(Some(device), drawing.batch as usize, &interrupt)? else {
        return Ok(None);
    };
    let seeds: Vec<u64> =
        (0..u64::from(arguments.repeats)).map(|repeat| drawing.seed.wrapping_add(repeat)).collect();
    let mut progress =
        CaptionProgress::new(u64::from(arguments.images) * u64::from(arguments.repeats));
    let (sampler, numbers) = (samples.sampler().clone(), 0..u64::from(arguments.images));
    let network = instruments.network.as_deref().expect("samples are drawn");
    let mut repeats = Vec::new();
    for &seed in &seeds {
        let drawing = (&sampler, seed, numbers.clone());
        let drawn = samples.gather(drawing, network, setup.keep(), &mut progress, &interrupt)?;
        let measured = match drawn {
            Some(gathering) => {
                let classes = samples.classes(seed, numbers.clone());
                let gathered = Gathered { classes, ..gathering.finish()? };
                instruments.measure(&gathered, &setup, &interrupt)?
            }
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
    let with = samples.drawn_with();
    let report = Report {
        identity: &setup.identity,
        device: Some(device),
        repeats: &repeats,
        samples: SideReport {
            name: with.model.clone(),
            hash: Some(with.model_hash.clone()),
            images: Some(arguments.images as usize),
            classes: Some(ClassCounts::of(
                numbers.map(|number| samples.subject(seeds[0], number)),
                samples.subjects(),
            )),
        },
        reference: setup.reference_report(&instruments),
        drawn: Some(DrawnReport { with, labels: arguments.labels, seeds }),
    };
    setup.json.write(&report).map(Some)
}

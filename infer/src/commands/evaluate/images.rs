//! `infer evaluate images`: compares images with real ones.

use pixelflow_host::device::select;
use pixelflow_host::interrupt::Interrupt;

use super::setup::Setup;
use crate::Result;
use crate::arguments::EvaluateImagesArguments;
use crate::measurement::gathered::{Gathered, gather};
use crate::measurement::report::{Report, SideReport};
use crate::measurement::side::Side;

/// Measures; gives what is printed, or nothing after Ctrl-C.
///
/// # Errors
/// Those of [`Side::open`] and [`Setup`]; [`crate::Error::Evaluation`] for images that cannot be used.
pub(super) fn evaluate_images(arguments: &EvaluateImagesArguments) -> Result<Option<String>> {
    let EvaluateImagesArguments { network, metrics, computing, .. } = arguments;
    let samples = Side::open("SAMPLES", &arguments.samples)?;
    let count = samples.count(arguments.images.map(|images| images as usize))?;
    let mut setup = Setup::prepare(network, metrics, Some(&samples), &arguments.reference)?;
    setup.check_memory(count)?;
    let device = setup.needs_network().then(|| select(&computing.device)).transpose()?;
    let interrupt = Interrupt::listen("stopping after this batch")?;
    let Some(instruments) = setup.begin(device, computing.batch as usize, &interrupt)? else {
        return Ok(None);
    };
    let gathered = match (samples.images(), &instruments.network) {
        (Some(images), Some(network)) => {
            gather(images, count, &**network, setup.keep(), "SAMPLES", &interrupt)?
        }
        _ => samples.statistics().cloned().map(Gathered::of_statistics),
    };
    let Some(gathered) = gathered else {
        return Ok(None);
    };
    let Some(measured) = instruments.measure(&gathered, &setup, &interrupt)? else {
        return Ok(None);
    };
    let report = Report {
        identity: &setup.identity,
        device,
        repeats: &[measured],
        samples: SideReport {
            name: samples.path.display().to_string(),
            hash: None,
            images: samples.images().map(|_| count),
            classes: samples.classes(count),
        },
        reference: setup.reference_report(&instruments),
        known: setup.known_report(&instruments),
        drawn: None,
    };
    setup.json.write(&report).map(Some)
}

//! Quality of the moving average's images, measured as `infer evaluate model` does: the same noise each time.

use std::path::PathBuf;
use std::sync::Arc;

use infer::{PreparedMeter, QualityMeter, QualityMeterConfig, QualityScore, RealImages, rgb_image};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{Drawing, ImageRequest, Request, Subject};
use pixelflow_dataset::loader::validation_records;
use pixelflow_dataset::source::Subset;
use pixelflow_host::interrupt::Interrupt;
use pixelflow_host::output::note;

use crate::config::CheckedConfig;
use crate::data::Data;
use crate::inventory::counted;
use crate::network::Network;
use crate::subjects::subjects;
use crate::{Error, Result};

/// Images that are drawn and looked at at once, as `infer evaluate model` has it.
const BATCH: usize = 32;
/// Records of the run's own data that are compared with, at most: as many as ImageNet's validation has.
const MOST_RECORDS: usize = 50_000;

/// Opens what the run's images are measured with, and says what that is; `None` if nothing is measured.
///
/// # Errors
/// [`Error::Unmeasurable`] for a reference or weights that cannot be used.
pub fn prepare(config: &CheckedConfig, data: &Data) -> Result<Option<PreparedMeter>> {
    let settings = config.settings();
    let evaluation = &settings.evaluation;
    if evaluation.every.is_never() {
        return Ok(None);
    }
    let path = |setting: &String| Some(PathBuf::from(setting)).filter(|_| !setting.is_empty());
    let (real, about) = match path(&evaluation.reference) {
        Some(path) => {
            let about = path.display().to_string();
            (RealImages::Path(path), about)
        }
        None => own_records(config, data),
    };
    let meter = QualityMeterConfig {
        real,
        argument: "evaluation.reference",
        inception: path(&evaluation.inception),
        metrics: evaluation.metrics.clone(),
        images: evaluation.images,
        batch: BATCH,
    };
    let meter = meter.prepare().map_err(Error::Unmeasurable)?;
    let (images, network) = (evaluation.images, meter.network());
    note(format_args!("evaluation: {images} drawn images beside {about}, seen through {network}"));
    let classes = settings.model.num_classes;
    if images < classes {
        note(format_args!(
            "note: they are of the first {images} of {classes} classes; set evaluation.images to {classes} or more"
        ));
    }
    Ok(Some(meter))
}

/// The validation or else the training images, and the words for them.
fn own_records(config: &CheckedConfig, data: &Data) -> (RealImages, String) {
    let settings = config.settings();
    let name = match (&settings.data.validation, settings.data.held_out) {
        (Some(_), _) => "data.validation",
        (None, Some(_)) => "data.held_out",
        (None, None) => "data.source",
    };
    let all = data.shown.len();
    let (source, about) = if all > MOST_RECORDS {
        let drawn = validation_records(all, MOST_RECORDS, 0);
        let about = format!("{MOST_RECORDS} of the {all} images of {name}");
        (Arc::new(Subset::new(&data.shown, drawn)) as _, about)
    } else {
        let about = format!("the {} of {name}", counted(all, "image", "images"));
        (Arc::clone(&data.shown), about)
    };
    let transform = config.validation_transform();
    (RealImages::Records { name: name.to_owned(), source, transform }, about)
}

/// Draws images of all classes, or of captions, and measures them; `None` if between two steps `goes_on` says
/// no.
///
/// # Errors
/// [`Error::Model`] if the model returns values that are not finite, [`Error::Infer`] if its images cannot be
/// measured, and what `goes_on` says.
pub fn measure<B: PixelFlowBackend>(
    network: &Network<B>,
    (config, data, meter): (&CheckedConfig, &Data, &QualityMeter),
    device: &B::Device,
    interrupt: &Interrupt,
    goes_on: &mut dyn FnMut() -> Result<bool>,
) -> Result<Option<Vec<QualityScore>>> {
    let settings = config.settings();
    let (description, sampler) = (data.description(settings), config.evaluation_sampler());
    let (images, seed) = (settings.evaluation.images, settings.evaluation.seed);
    let captions = &data.evaluation_records;
    let image = |number: usize| {
        let subject = match captions.len() {
            0 => Subject::Class(data.shown_classes[number % data.shown_classes.len()]),
            count => Subject::prompt(&captions[number % count].caption),
        };
        ImageRequest { subject, seed, number: number as u64 }
    };
    let mut measurement = meter.begin();
    for first in (0..images).step_by(BATCH) {
        let numbers = first..images.min(first + BATCH);
        let request = Request::new(numbers.clone().map(image).collect());
        let request = request.sampler(sampler.clone()).batch(BATCH).check(&description)?;
        let shown = captions.iter().cycle().skip(first % captions.len().max(1));
        let shown: Vec<_> = shown.take(numbers.len()).cloned().collect();
        let subjects = subjects(network, data, &shown, 1, device)?;
        let mut drawing = Drawing::new(&network.transformer, request, subjects)?;
        let mut drawn = Vec::with_capacity(numbers.len());
        while drawing.next_event()?.is_some() {
            if !goes_on()? {
                return Ok(None);
            }
            drawn.extend(drawing.finished().map(rgb_image));
        }
        measurement.add(drawn)?;
    }
    Ok(measurement.finish(interrupt)?)
}

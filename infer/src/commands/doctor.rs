//! `infer doctor`: looks at the machine, its devices and a model, and says what does not work and why.

use std::path::Path;
use std::time::Instant;

use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{Request, Subject};
use pixelflow_host::device::{OnBackend, select};
use pixelflow_host::doctor::{Diagnosis, Finding, Mark, devices, machine};

use super::named_model;
use crate::Result;
use crate::arguments::{DoctorArguments, TextArguments};
use crate::drawing_memory::{DrawingMemory, free_memory, gigabytes};
use crate::drawing_setup::{DrawingSetup, TextEncoderSetup, sampler_config};
use crate::hub::Fetching;
use crate::model_source::ModelSource;

/// Images at once that are counted up to.
const MOST_AT_ONCE: usize = 1024;

/// Looks at everything; nothing that is ill ends it.
pub fn doctor(arguments: &DoctorArguments) -> Diagnosis {
    let mut findings = machine(Path::new("."));
    findings.extend(devices());
    findings.extend(
        drawing(arguments).unwrap_or_else(|error| vec![Finding::ill("drawing", error.to_string())]),
    );
    Diagnosis::of(&findings)
}

/// Draws one image twice, the first time to warm up, and counts how many fit at once.
///
/// # Errors
/// What is wrong with model, device or format.
fn drawing(arguments: &DoctorArguments) -> Result<Vec<Finding>> {
    let source = named_model(&arguments.model, ModelSource::demo)?;
    let sampler = sampler_config(&arguments.sampler, &source);
    let subject =
        if source.description.is_text() { Subject::prompt("") } else { Subject::Class(0) };
    let mut request = Request::class(0).sampler(sampler);
    request.images[0].subject = subject;
    let size = request.check(&source.description)?.size();
    let device = select(&arguments.device)?;
    let memory = DrawingMemory::of(&source, None, size, arguments.dtype, device)?;
    let one = gigabytes(memory.bytes(1).peak());
    let [height, width] = size;
    let fits = match free_memory(device).map(|free| (free, memory.fitting(MOST_AT_ONCE, free))) {
        None => Finding::absent(
            "batch",
            format!("an image of {height}x{width} takes {one}; how much {device} has is not known"),
        ),
        Some((free, None)) => Finding::ill(
            "batch",
            format!(
                "an image of {height}x{width} takes {one}, and {} are free: take a smaller size, or --dtype int8",
                gigabytes(free)
            ),
        ),
        Some((_, Some(images))) => {
            let at_least = if images == MOST_AT_ONCE { "at least " } else { "" };
            Finding::well(
                "batch",
                format!(
                    "{at_least}{images} images of {height}x{width} fit at once; one takes {one}"
                ),
            )
        }
    };
    if fits.mark == Mark::Ill {
        return Ok(vec![fits]);
    }
    let text_format = TextArguments::default().dtype(arguments.dtype);
    let text_encoder = TextEncoderSetup::of(&source, None, text_format, Fetching::Allowed)?;
    let name = source.short_name();
    let setup = DrawingSetup { source, guide: None, device, format: arguments.dtype, text_encoder };
    let seconds = device.run(TimeImage { setup, request })?;
    let text = format!(
        "{name} draws an image of {height}x{width} in {seconds:.2} s on {device} in {}",
        arguments.dtype.name()
    );
    Ok(vec![fits, Finding::well("drawing", text)])
}

/// The time of one image.
struct TimeImage {
    setup: DrawingSetup,
    request: Request,
}

impl OnBackend for TimeImage {
    type Output = Result<f64>;

    fn run<B: PixelFlowBackend>(self, device: B::Device) -> Self::Output {
        let mut pipeline = self.setup.pipeline::<B>(&device)?;
        let mut draw = || -> Result<f64> {
            let begun = Instant::now();
            for image in pipeline.draw(&self.request)? {
                image?;
            }
            Ok(begun.elapsed().as_secs_f64())
        };
        draw()?;
        draw()
    }
}

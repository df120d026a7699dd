//! The demo model draws.

use infer::ModelSource;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{ImageRequest, Pipeline, Request, Subject};
use pixelflow::sampler::{SamplerConfig, SolverKind};

use super::flop;
use super::measure::{Settings, measure};
use super::record::Record;

const IMAGES: usize = 64;
const STEPS: usize = 16;

/// 64 images of 32 x 32 pixels in three stages of 16 Euler steps.
///
/// # Panics
/// Outside of the repository: the demo model is needed.
pub fn run<B: PixelFlowBackend>(settings: &Settings, device: &B::Device) -> Vec<Record> {
    let source = ModelSource::demo().expect("the demo model is in the repository");
    let files = source.files().expect("the demo model is in the repository");
    let mut pipeline = Pipeline::<B>::new(files, device).with_format(settings.dtype);
    let description = pipeline.description().clone();
    let (side, stages) = (description.resolution, description.cascade.stages);
    let classes = description.model.num_classes;
    let config =
        SamplerConfig { solver: SolverKind::Euler, steps: vec![STEPS], ..source.sampler() };
    let guidance = config.guidance;
    let image =
        |n| ImageRequest { subject: Subject::Class(n as usize % classes), seed: 1, number: n };
    let request =
        Request::new((0..IMAGES as u64).map(image).collect()).sampler(config).batch(IMAGES);
    let sampler = request.check(&description).expect("the demo's sampler is valid");
    let sampler = sampler.sampler();
    pipeline.load().expect("the demo model is sound");
    let seconds = measure::<B>(settings, device, || {
        let drawing = pipeline.draw(&request).expect("the demo model draws");
        for image in drawing {
            image.expect("the demo model draws");
        }
    });
    let flop = (0..stages).map(|stage| {
        let (height, width) = sampler.cascade().sides(stage, side, side);
        let tokens = height * width / description.model.patch_size.pow(2);
        let rows = if guidance.scale_at(stage, stages, 0.5) == 1.0 { IMAGES } else { 2 * IMAGES };
        STEPS as u64 * flop::forward(&description.model, &vec![tokens; rows])
    });
    let case = [("images", IMAGES), ("steps", STEPS), ("stages", stages)];
    vec![Record::new(settings, "sample", &case, seconds, flop.sum())]
}

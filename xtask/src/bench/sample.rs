//! The demo model draws.

use infer::draw::{ImageRequest, Subjects, draw};
use infer::model_source::ModelSource;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::{SamplerConfig, Silent};

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
    let model = source.load::<B>(device).expect("the demo model is sound");
    let description = &source.description;
    let cascade = description.cascade.build().expect("the demo's cascade is valid");
    let side = description.resolution;
    let stages = cascade.stages().len();
    let config = SamplerConfig { steps: vec![STEPS], ..source.sampler() };
    let guidance = config.guidance;
    let sampler = config.check(cascade).expect("the demo's sampler is valid");
    let requests: Vec<ImageRequest> =
        (0..IMAGES as u64).map(|n| ImageRequest::new(1, n as usize % model.classes(), n)).collect();
    let seconds = measure::<B>(settings, device, || {
        let drawn = draw(
            &model,
            &sampler,
            &requests,
            &Subjects::Classes,
            [side; 2],
            IMAGES,
            device,
            &mut Silent,
        );
        drawn.expect("the demo model draws");
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

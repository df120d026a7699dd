//! Reading the demo model.

use infer::model_source::ModelSource;
use pixelflow::NumberFormat;
use pixelflow::ops::PixelFlowBackend;

use super::measure::{Settings, measure};
use super::record::Record;

/// From the file to a model on the device.
///
/// # Panics
/// Outside of the repository: the demo model is needed.
pub fn run<B: PixelFlowBackend>(settings: &Settings, device: &B::Device) -> Vec<Record> {
    let source = ModelSource::demo().expect("the demo model is in the repository");
    let files = source.files().expect("the demo model is in the repository");
    let seconds = measure::<B>(settings, device, || {
        files.load::<B>(NumberFormat::F32, device).expect("the demo model is sound");
    });
    let bytes = files.path().map_or(0, |path| std::fs::metadata(path).map_or(0, |file| file.len()));
    let case = [("megabytes", (bytes / 1_000_000) as usize)];
    vec![Record::new(settings, "load", &case, seconds, 0)]
}

//! A grid of images drawn from the moving average: one row a class, the same seeds each time.

use image::RgbImage;
use infer::draw::{ImageRequest, draw};
use infer::grid::{GridRow, labelled_grid};
use pixelflow::PixelFlow;
use pixelflow::ops::PixelFlowBackend;
use pixelflow::sampler::Silent;

use crate::Result;
use crate::config::CheckedConfig;

/// Height a small image is shown with at least, in pixels.
const SHOWN_HEIGHT: usize = 64;
/// Images drawn at once.
const BATCH: usize = 32;

/// Draws the preview grid of a run.
///
/// # Errors
/// [`crate::Error::Model`] if the model returns values that are not finite.
pub fn preview<B: PixelFlowBackend>(
    model: &PixelFlow<B>,
    config: &CheckedConfig,
    class_names: &[String],
    device: &B::Device,
) -> Result<RgbImage> {
    let settings = config.settings();
    let (side, columns) = (settings.data.resolution, settings.preview.images_per_class);
    let classes = config.preview_classes();
    let requests: Vec<ImageRequest> = classes
        .iter()
        .flat_map(|class| (0..columns).map(|column| (*class, column)))
        .map(|(class, column)| ImageRequest::new(settings.preview.seed, class, column as u64))
        .collect();
    let sampler = config.preview_sampler();
    let drawn = draw(
        model,
        sampler,
        &requests,
        [side, side],
        BATCH,
        device,
        &mut Silent,
    )?;
    let row = |(class, images): (&usize, &[RgbImage])| GridRow {
        label: class_names[*class].clone(),
        images: images.to_vec(),
    };
    let rows: Vec<GridRow> = classes
        .iter()
        .zip(drawn.images.chunks(columns))
        .map(row)
        .collect();
    Ok(labelled_grid(&rows, SHOWN_HEIGHT.div_ceil(side) as u32))
}

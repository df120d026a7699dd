//! A grid of images drawn from the moving average: one row a class or caption, the same seeds each time.

use image::RgbImage;
use infer::rgb_image;
use infer::{GridRow, labelled_grid};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::{Drawing, ImageRequest, Request, Subject};

use crate::Result;
use crate::captions::CaptionedRecord;
use crate::config::CheckedConfig;
use crate::data::Data;
use crate::network::Network;
use crate::subjects::subjects;
use crate::texts::TextSource;

/// Height a small image is shown with at least, in pixels.
const SHOWN_HEIGHT: usize = 64;

/// A preview: its images, and the grid of them.
pub struct Preview {
    /// The images, row by row.
    pub images: Vec<RgbImage>,
    /// The grid with its labels.
    pub picture: RgbImage,
}

/// Draws the preview of a run; `None` if between two steps of it `goes_on` says no.
///
/// # Errors
/// [`crate::Error::Model`] if the model returns values that are not finite, and what `goes_on` says.
pub fn preview<B: PixelFlowBackend>(
    network: &Network<B>,
    config: &CheckedConfig,
    data: &Data,
    device: &B::Device,
    goes_on: &mut dyn FnMut() -> Result<bool>,
) -> Result<Option<Preview>> {
    let settings = config.settings();
    let (side, columns) = (settings.data.resolution, settings.preview.images_per_class);
    let seed = settings.preview.seed;
    let rows: Vec<(String, Subject)> = match &data.text {
        TextSource::None => {
            let row = |class: usize| (data.class_names[class].clone(), Subject::Class(class));
            config.preview_classes(&data.shown_classes).into_iter().map(row).collect()
        }
        TextSource::Joint { .. } | TextSource::States(_) => {
            let row = |record: &CaptionedRecord| {
                (record.caption.clone(), Subject::prompt(&record.caption))
            };
            data.preview_records.iter().map(row).collect()
        }
    };
    let images = rows.iter().flat_map(|(_, subject)| {
        let image = |number| ImageRequest { subject: subject.clone(), seed, number };
        (0..columns as u64).map(image)
    });
    let request = Request::new(images.collect()).sampler(settings.preview.sampler.clone());
    let request = request.check(&data.description(settings))?;
    let subjects = subjects(network, data, &data.preview_records, columns, device)?;
    let mut drawing = Drawing::new(&network.transformer, request, subjects)?;
    let mut images: Vec<RgbImage> = Vec::new();
    while drawing.next_event()?.is_some() {
        if !goes_on()? {
            return Ok(None);
        }
        images.extend(drawing.finished().map(rgb_image));
    }
    let row = |((label, _), images): (&(String, Subject), &[RgbImage])| GridRow {
        label: label.clone(),
        images: images.to_vec(),
    };
    let rows: Vec<GridRow> = rows.iter().zip(images.chunks(columns)).map(row).collect();
    let picture = labelled_grid(&rows, SHOWN_HEIGHT.div_ceil(side) as u32, Some(0));
    Ok(Some(Preview { images, picture }))
}

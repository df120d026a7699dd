//! A picture of some images of a data set.

use image::RgbImage;
use infer::{GridRow, labelled_grid};
use pixelflow_dataset::{Raster, Source, TransformConfig};

use crate::Result;

/// Rows of the picture, at most.
const ROWS: usize = 12;
/// Images in a row.
const COLUMNS: usize = 10;
/// Side of an image in the picture, in pixels.
const SIDE: usize = 64;

/// Some images of each class, or of all without classes, evenly spread; of many classes some.
///
/// # Errors
/// What reading an image says.
pub(super) fn contact_sheet(
    source: &dyn Source,
    kept: &[usize],
    is_labelled: bool,
) -> Result<RgbImage> {
    let transform = TransformConfig { size: SIDE, ..TransformConfig::default() }.build()?;
    let mut rows = Vec::new();
    let classes = if is_labelled { source.classes().len() } else { 1 };
    let shown = classes.min(ROWS);
    for row in 0..shown {
        let class = row * classes / shown;
        let of_class = |number: &&usize| !is_labelled || source.identity(**number).1 == class;
        let members: Vec<usize> = kept.iter().filter(of_class).copied().collect();
        let columns = COLUMNS.min(members.len());
        let spread = (0..columns).map(|column| members[column * members.len() / columns]);
        let images = spread
            .map(|number| {
                let record = source.read(number)?;
                let fitted = transform.fit(&record.image, &record.name)?;
                Ok(picture(&fitted))
            })
            .collect::<Result<Vec<_>>>()?;
        let label = if is_labelled { source.classes()[class].clone() } else { String::new() };
        if !images.is_empty() {
            rows.push(GridRow { label, images });
        }
    }
    Ok(labelled_grid(&rows, 1, None))
}

fn picture(image: &Raster) -> RgbImage {
    let channels = image.channels();
    RgbImage::from_fn(image.width() as u32, image.height() as u32, |x, y| {
        let first = (y as usize * image.width() + x as usize) * channels;
        let value = |channel: usize| image.data()[first + channel.min(channels - 1)];
        image::Rgb([value(0), value(1), value(2)])
    })
}

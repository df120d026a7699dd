//! The grid of patches in drawn images, measured beside real ones.

use std::cell::OnceCell;

use burn::tensor::backend::AutodiffBackend;
use image::RgbImage;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::{Raster, Source, Transform};

use crate::metrics::{BorderDifferences, BorderRatio, PatchGridScore, PreviewRecord, Record};
use crate::observer::Observers;
use crate::run::Run;

/// Real images that are looked at, at most, evenly spread over the data.
const REAL: usize = 256;

/// Measures the grid of patches in drawn images; it looks at the real ones when the first are measured.
#[derive(Clone, Debug, Default)]
pub struct PatchGrid {
    /// What real images have: once they were looked at, and where it can be said.
    real: OnceCell<Option<BorderRatio>>,
}

impl PatchGrid {
    /// How much more drawn images change at the borders of patches of `patch` pixels than real ones do. `None` where
    /// nothing can be said: fewer than two images, or images of one patch or one colour.
    pub fn measure(
        &self,
        drawn: &[RgbImage],
        patch: usize,
        (source, transform): (&dyn Source, &Transform),
    ) -> Option<PatchGridScore> {
        let real = *self.real.get_or_init(|| of_real(source, transform, patch));
        let real = real?;
        let sums = drawn
            .iter()
            .map(|image| BorderDifferences::of(image, image.width() as usize, 3, patch))
            .collect::<Vec<_>>();
        let drawn = BorderRatio::of(&sums)?;
        let beside = drawn.beside(real);
        Some(PatchGridScore {
            drawn: drawn.ratio,
            real: real.ratio,
            ratio: beside.ratio,
            relative_error: beside.relative_error,
        })
    }
}

/// The ratio of real images as training sees them; records that cannot be read are not among them.
fn of_real(source: &dyn Source, transform: &Transform, patch: usize) -> Option<BorderRatio> {
    let count = REAL.min(source.len());
    let sums = (0..count).filter_map(|at| {
        let record = source.read(at * source.len() / count).ok()?;
        let image: Raster = transform.fit(&record.image, &record.name).ok()?;
        Some(BorderDifferences::of(image.data(), image.width(), image.channels(), patch))
    });
    BorderRatio::of(&sums.collect::<Vec<_>>())
}

impl<A> Run<'_, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Records how much of a grid of patches the images of a preview show. What the untrained model draws says nothing of
    /// that.
    pub(crate) fn look_at(&self, drawn: &[RgbImage], observers: &mut Observers<'_>) {
        let (step, images) = (self.state.step, self.state.images);
        if step == 0 {
            return;
        }
        let (config, data) = (self.config, self.data);
        let (patch, transform) =
            (config.settings().model.patch_size, config.validation_transform());
        let real = (data.shown.as_ref(), &transform);
        if let Some(patch_grid) = self.patch_grid.measure(drawn, patch, real) {
            let record = PreviewRecord { step, images, drawn: drawn.len(), patch_grid };
            observers.record(&Record::Preview(record));
        }
    }
}

#[cfg(test)]
mod tests {
    use pixelflow_dataset::TransformConfig;
    use pixelflow_dataset::source::WebDatasetConfig;

    use super::*;

    /// The images of a shipped tar file.
    fn shipped(name: &str) -> std::sync::Arc<dyn Source> {
        let path = infer::assets::locate(&format!("demo/{name}.tar")).unwrap();
        pixelflow_dataset::SourceConfig::WebDataset(WebDatasetConfig::new([path])).open().unwrap()
    }

    fn drawn(source: &dyn Source, records: impl Iterator<Item = usize>) -> Vec<RgbImage> {
        let image = |record| {
            let image = source.read(record).unwrap().image;
            let (width, height) = (image.width() as u32, image.height() as u32);
            RgbImage::from_raw(width, height, image.data().to_vec()).unwrap()
        };
        records.map(image).collect()
    }

    #[test]
    fn real_images_show_no_grid_and_the_same_with_uneven_patches_do() {
        let (real, training) = (shipped("heroes-heldout"), shipped("heroes"));
        let transform = TransformConfig { size: 32, ..TransformConfig::default() }.build().unwrap();
        let grid = PatchGrid::default();
        // As many as a preview of the demo has, and as a small one has.
        for (count, spacing) in [(32, 111), (4, 37)] {
            for first in 0..40 {
                let records = (first..).step_by(spacing).take(count);
                let images = drawn(training.as_ref(), records);
                let score = grid.measure(&images, 4, (real.as_ref(), &transform)).unwrap();
                assert!(!score.is_grid(), "{count} images from {first} on: {score:?}");
            }
        }
        // Every other patch is brighter by 72 of 255: the edges of pixel art are strong.
        let mut images = drawn(training.as_ref(), (0..32).map(|number| 100 * number));
        for image in &mut images {
            for (x, y, pixel) in image.enumerate_pixels_mut() {
                let is_brighter = (x / 4 + y / 4) % 2 == 1;
                pixel.0 = pixel.0.map(|v| v.saturating_add(72 * u8::from(is_brighter)));
            }
        }
        let score = grid.measure(&images, 4, (real.as_ref(), &transform)).unwrap();
        assert!(score.is_grid(), "{score:?}");
        // The grid is that of the patches: with others there is none.
        let other = PatchGrid::default();
        let score = other.measure(&images, 3, (real.as_ref(), &transform)).unwrap();
        assert!(!score.is_grid(), "{score:?}");
    }

    #[test]
    fn images_of_one_colour_have_no_score() {
        let real = shipped("heroes-heldout");
        let transform = TransformConfig { size: 32, ..TransformConfig::default() }.build().unwrap();
        let flat = vec![RgbImage::new(32, 32); 4];
        assert_eq!(PatchGrid::default().measure(&flat, 4, (real.as_ref(), &transform)), None);
    }
}

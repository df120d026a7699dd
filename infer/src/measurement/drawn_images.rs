//! Drawn images as a measurement reads them.

use image::RgbImage;
use pixelflow_dataset::Raster;
use pixelflow_evaluation::Result;
use pixelflow_evaluation::images::Images;

/// Images in memory.
pub struct DrawnImages(pub Vec<RgbImage>);

impl Images for DrawnImages {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn read(&self, index: usize) -> Result<Raster> {
        let image = &self.0[index];
        let [width, height] = [image.width(), image.height()].map(|side| side as usize);
        Ok(Raster::new(width, height, 3, image.as_raw().clone())?)
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        Ok(self.0[index].as_raw().clone())
    }

    fn name(&self, index: usize) -> String {
        format!("drawn image {index}")
    }
}

//! Images of a data set as a model learns them: brought to one size.

use std::sync::Arc;

use pixelflow_dataset::source::Encoded;
use pixelflow_dataset::{Raster, Source, Transform};
use pixelflow_evaluation::Result;
use pixelflow_evaluation::images::Images;

/// The records of a source, scaled and cut.
pub struct ScaledImages {
    /// Where they come from.
    pub source: Arc<dyn Source>,
    /// How they are brought to size; nothing about it is random.
    pub transform: Transform,
}

impl Images for ScaledImages {
    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize) -> Result<Raster> {
        let record = self.source.read(index)?;
        Ok(self.transform.fit(&record.image, &record.name)?)
    }

    /// The image as it is stored, and what is made of it: the same file in another size is another image.
    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        let mut bytes = match self.source.encoded(index)?.image {
            Encoded::File(bytes) => bytes,
            Encoded::Pixels(image) => image.data().to_vec(),
        };
        let [height, width] = self.transform.size();
        bytes.extend(format!("cut to {height}x{width}").bytes());
        Ok(bytes)
    }

    fn name(&self, index: usize) -> String {
        self.source.encoded(index).map_or_else(|_| format!("image {index}"), |record| record.name)
    }
}

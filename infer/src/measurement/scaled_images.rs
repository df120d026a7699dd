//! Images of a data set as a model learns them: brought to one size.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pixelflow_dataset::source::Encoded;
use pixelflow_dataset::{Raster, Source, Transform};
use pixelflow_evaluation::Result;
use pixelflow_evaluation::images::Images;
use pixelflow_host::output::note;

/// The records of a source, scaled and cut.
pub struct ScaledImages {
    /// Where they come from.
    pub source: Arc<dyn Source>,
    /// How they are brought to size; nothing about it is random.
    pub transform: Transform,
    /// How many could not be used.
    passed_over: AtomicUsize,
}

impl ScaledImages {
    /// All images of a source.
    pub fn new(source: Arc<dyn Source>, transform: Transform) -> Self {
        Self { source, transform, passed_over: AtomicUsize::new(0) }
    }

    fn fitted(&self, index: usize) -> pixelflow_dataset::Result<Raster> {
        let record = self.source.read(index)?;
        self.transform.fit(&record.image, &record.name)
    }
}

impl Images for ScaledImages {
    fn len(&self) -> usize {
        self.source.len()
    }

    /// The image, or the next one that is sound in the place of a damaged one: training passes it over, too.
    fn read(&self, index: usize) -> Result<Raster> {
        let images = self.source.len();
        for index in (index..images).chain(0..index) {
            match self.fitted(index) {
                Err(error) if error.is_corrupt_record() => {
                    if self.passed_over.fetch_add(1, Ordering::Relaxed) == 0 {
                        note(format_args!(
                            "note: {error}; the next image is compared with in its place, and so for any further one"
                        ));
                    }
                }
                fitted => return Ok(fitted?),
            }
        }
        Ok(self.fitted(index)?)
    }

    /// The image as it is stored, and what is made of it: the same file in another size is another image.
    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        let mut bytes = match self.source.encoded(index).map(|record| record.image) {
            Ok(Encoded::File(bytes)) => bytes,
            Ok(Encoded::Pixels(image)) => image.data().to_vec(),
            Err(error) if error.is_corrupt_record() => b"passed over ".to_vec(),
            Err(error) => return Err(error.into()),
        };
        let [height, width] = self.transform.size();
        bytes.extend(format!("cut to {height}x{width}").bytes());
        Ok(bytes)
    }

    fn name(&self, index: usize) -> String {
        self.source.encoded(index).map_or_else(|_| format!("image {index}"), |record| record.name)
    }
}

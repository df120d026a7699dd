//! The images of a data set.

use std::sync::Arc;

use pixelflow_dataset::source::{Encoded, LeftOut};
use pixelflow_dataset::{Raster, Source};

use super::Images;
use crate::Result;

/// The images of a data set, with its labels.
pub fn of_source(source: Arc<dyn Source>) -> Box<dyn Images> {
    Box::new(SourceImages { source, has_labels: true })
}

/// The same where all labels are 0 because there are none.
pub(super) fn without_labels(source: Arc<dyn Source>) -> Box<dyn Images> {
    Box::new(SourceImages { source, has_labels: false })
}

struct SourceImages {
    source: Arc<dyn Source>,
    has_labels: bool,
}

impl Images for SourceImages {
    fn len(&self) -> usize {
        self.source.len()
    }

    fn read(&self, index: usize) -> Result<Raster> {
        Ok(self.source.read(index)?.image)
    }

    fn bytes(&self, index: usize) -> Result<Vec<u8>> {
        Ok(match self.source.encoded(index)?.image {
            Encoded::File(bytes) => bytes,
            Encoded::Pixels(image) => image.data().to_vec(),
        })
    }

    fn name(&self, index: usize) -> String {
        match self.source.encoded(index) {
            Ok(record) => record.name,
            Err(_) => format!("image {index}"),
        }
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.has_labels.then(|| self.source.identity(index).1)
    }

    fn classes(&self) -> usize {
        if self.has_labels { self.source.classes().len() } else { 0 }
    }

    fn class_names(&self) -> &[String] {
        if self.has_labels { self.source.classes() } else { &[] }
    }

    fn left_out(&self) -> LeftOut {
        self.source.left_out()
    }
}

//! The size that images are brought to, as training brings them.

use pixelflow_dataset::{Buckets, Raster, Transform, TransformConfig};

use crate::Result;
use crate::arguments::PrepareArguments;

/// The size that images are brought to: one square for all, or that of the bucket nearest to an image's aspect ratio.
#[derive(Debug)]
pub(super) struct Fitting {
    transform: Transform,
    buckets: Option<Buckets>,
}

impl Fitting {
    /// What `--size` or `--buckets` say; `None` if images stay as large as they are.
    ///
    /// # Errors
    /// [`crate::Error::Data`] for a side that no image can have.
    pub fn of(arguments: &PrepareArguments) -> Result<Option<Self>> {
        let PrepareArguments { size, buckets, .. } = arguments;
        let Some(side) = size.or_else(|| buckets.as_ref().map(|buckets| buckets.sizes()[0][0]))
        else {
            return Ok(None);
        };
        let transform = TransformConfig { size: side, ..TransformConfig::default() }.build()?;
        Ok(Some(Self { transform, buckets: buckets.clone() }))
    }

    /// The bucket of an image, `[height, width]`; `None` without buckets.
    pub fn bucket(&self, image: &Raster) -> Option<[usize; 2]> {
        // Of one size an aspect ratio none is drawn: seed and example are nothing to it.
        let sizes = self.buckets.as_ref()?;
        Some(sizes.sizes()[sizes.choose([image.height(), image.width()], 0, 0)])
    }

    /// The image in its size; `None` if it has it already.
    ///
    /// # Errors
    /// What scaling says.
    pub fn fit(&self, image: &Raster, name: &str) -> Result<Option<Raster>> {
        let transform = match self.bucket(image) {
            Some(size) => self.transform.at(size),
            None => self.transform,
        };
        if transform.size() == [image.height(), image.width()] {
            return Ok(None);
        }
        Ok(Some(transform.fit(image, name)?))
    }
}

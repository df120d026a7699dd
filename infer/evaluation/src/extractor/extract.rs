//! Features of all images of a range, batch by batch.

use std::ops::{ControlFlow, Range};

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::Extractor;
use crate::images::Images;
use crate::{Error, Features, Result};

/// How images go through a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractionConfig {
    /// Images that are computed at once. Batches begin at multiples of it, whatever the range, so that an
    /// image is in the same batch in every shard. Default 32.
    pub batch: usize,
    /// Whether images of different sizes may be measured together. Default false.
    pub mixes_sizes: bool,
}

impl Default for ExtractionConfig {
    fn default() -> Self {
        Self { batch: 32, mixes_sizes: false }
    }
}

/// What a network made of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Extracted {
    /// Numbers of the images.
    pub images: Range<usize>,
    /// What metrics look at.
    pub features: Features,
    /// The features that keep places, for sFID.
    pub spatial: Option<Features>,
    /// Logits, for the Inception Score.
    pub logits: Option<Features>,
}

/// Takes images through a network, and hands each batch on as it comes; stops when `take` says so.
///
/// Gives the number of the first image that was not handed on: the end of `range` unless it was stopped.
/// Memory does not depend on the number of images.
///
/// # Errors
/// The first error of `take`; [`Error::OtherSize`] unless sizes may be mixed; [`Error::NotFinite`];
/// [`Error::Config`] for batches without images; what is wrong with an image.
pub fn extract<B: Backend>(
    extractor: &(impl Extractor<B> + ?Sized),
    images: &dyn Images,
    range: Range<usize>,
    config: &ExtractionConfig,
    device: &B::Device,
    take: &mut dyn FnMut(Extracted) -> Result<ControlFlow<()>>,
) -> Result<usize> {
    if config.batch == 0 {
        let reason = "a batch has one image at least";
        return Err(Error::Config { field: "batch", value: "0".to_owned(), reason });
    }
    let preparation = extractor.preparation();
    let mut size = None;
    let mut next = range.start;
    while next < range.end {
        let end = (next / config.batch + 1).saturating_mul(config.batch).min(range.end);
        let prepare = |index| {
            let image = images.read(index)?;
            let size = [image.height(), image.width()];
            Ok((size, preparation.apply(&image)))
        };
        let prepared: Vec<([usize; 2], Vec<f32>)> =
            (next..end).into_par_iter().map(prepare).collect::<Result<_>>()?;
        for (index, (found, _)) in (next..).zip(&prepared) {
            let expected = *size.get_or_insert(*found);
            if expected != *found && !config.mixes_sizes {
                let record = images.name(index);
                return Err(Error::OtherSize { record, found: *found, expected });
            }
        }
        let values: Vec<f32> = prepared.into_iter().flat_map(|(_, values)| values).collect();
        let shape = [end - next, 3, preparation.side, preparation.side];
        let outputs = extractor.forward(Tensor::from_data(TensorData::new(values, shape), device));
        let read = |tensor: Tensor<B, 2>| numbered(tensor, next);
        let extracted = Extracted {
            images: next..end,
            features: read(outputs.features)?,
            spatial: outputs.spatial.map(read).transpose()?,
            logits: outputs.logits.map(read).transpose()?,
        };
        if take(extracted)?.is_break() {
            return Ok(next);
        }
        next = end;
    }
    Ok(next)
}

/// Reads features back; errors name the image's number among all.
fn numbered<B: Backend>(tensor: Tensor<B, 2>, first: usize) -> Result<Features> {
    let columns = tensor.dims()[1];
    let values = tensor.into_data().iter::<f32>().collect();
    Features::new(columns, values).map_err(|error| match error {
        Error::NotFinite { image, column, value } => {
            Error::NotFinite { image: image + first, column, value }
        }
        error => error,
    })
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use pixelflow_dataset::Raster;

    use super::super::{Outputs, Preparation, Range as Values, Resize};
    use super::*;

    /// Grey images, as bright as their number, of the given sizes.
    struct Greys(Vec<usize>);

    impl Images for Greys {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn read(&self, index: usize) -> Result<Raster> {
            let side = self.0[index];
            Ok(Raster::new(side, side, 3, vec![index as u8; 3 * side * side])?)
        }

        fn bytes(&self, index: usize) -> Result<Vec<u8>> {
            Ok(vec![index as u8])
        }

        fn name(&self, index: usize) -> String {
            format!("image {index}")
        }
    }

    /// The mean of an image, and its reciprocal as a second feature.
    struct Mean;

    impl Extractor<Flex> for Mean {
        fn name(&self) -> &'static str {
            "mean"
        }

        fn columns(&self) -> usize {
            2
        }

        fn preparation(&self) -> Preparation {
            let range = Values { divisor: 1.0, centre: [0.0; 3], spread: [1.0; 3] };
            Preparation { side: 2, resize: Resize::HalfPixel, range }
        }

        fn forward(&self, x: Tensor<Flex, 4>) -> Outputs<Flex> {
            let mean = x.flatten::<2>(1, 3).mean_dim(1);
            let features = Tensor::cat(vec![mean.clone(), mean.recip()], 1);
            Outputs { features, spatial: None, logits: None }
        }
    }

    fn run(sizes: &[usize], range: Range<usize>, stop: usize) -> (Vec<Extracted>, Result<usize>) {
        let config = ExtractionConfig { batch: 4, mixes_sizes: false };
        let mut batches = Vec::new();
        let images = Greys(sizes.to_vec());
        let end = extract(&Mean, &images, range, &config, &FlexDevice, &mut |batch| {
            let stops = batch.images.contains(&stop);
            batches.push(batch);
            Ok(if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        (batches, end)
    }

    #[test]
    fn batches_begin_at_multiples_and_come_in_order_until_they_are_stopped() {
        let (batches, end) = run(&[3; 20], 1..14, 99);
        let ranges: Vec<_> = batches.iter().map(|batch| batch.images.clone()).collect();
        assert_eq!((ranges, end.unwrap()), (vec![1..4, 4..8, 8..12, 12..14], 14));
        assert_eq!(batches[1].features.row(1), [5.0, 0.2]);
        let (batches, end) = run(&[3; 20], 1..20, 5);
        assert_eq!((batches.len(), end.unwrap()), (2, 4));
    }

    #[test]
    fn other_sizes_and_features_that_are_not_finite_name_the_image() {
        let message = |sizes: &[usize], range| run(sizes, range, 99).1.unwrap_err().to_string();
        let mixed = message(&[3, 3, 3, 3, 3, 3, 5, 3], 1..8);
        assert!(
            mixed.starts_with("image 6 is 5x5 pixels (height x width), the images before it 3x3")
        );
        // Image 0 is black: 1 / 0.
        let infinite = message(&[3; 4], 0..4);
        assert!(infinite.starts_with("feature 1 of image 0 is inf"), "{infinite}");
        let config = ExtractionConfig { batch: 0, ..ExtractionConfig::default() };
        let take = &mut |_| Ok(ControlFlow::Continue(()));
        assert!(extract(&Mean, &Greys(vec![1]), 0..1, &config, &FlexDevice, take).is_err());
    }
}

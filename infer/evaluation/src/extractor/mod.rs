//! Networks that make features of images, on any backend.

mod convolution;
pub mod dinov2;
pub mod efficientnet_lite0;
mod extract;
mod feature_map;
pub mod inception;
mod preparation;
mod resize;
mod weight_reader;
mod weight_source;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

pub use dinov2::{DinoV2, DinoV2Config};
pub use efficientnet_lite0::EfficientNetLite0;
pub use extract::{Extracted, ExtractionConfig, extract};
pub use inception::Inception;
pub use preparation::{Preparation, Range};
pub use resize::Resize;
pub use weight_source::WeightSource;

/// A network that makes features of images.
pub trait Extractor<B: Backend> {
    /// Its name, which stands beside every number.
    fn name(&self) -> &'static str;

    /// Features an image.
    fn columns(&self) -> usize;

    /// Features an image that keep places, for sFID; none where there is no such metric.
    fn spatial_columns(&self) -> Option<usize> {
        None
    }

    /// What happens to an image before the network sees it.
    fn preparation(&self) -> Preparation;

    /// What the network makes of prepared images.
    ///
    /// # Shapes
    /// - x: `[images, 3, side, side]`
    fn forward(&self, x: Tensor<B, 4>) -> Outputs<B>;
}

/// What a network makes of images.
#[derive(Clone, Debug)]
pub struct Outputs<B: Backend> {
    /// `[images, columns]`
    pub features: Tensor<B, 2>,
    /// `[images, spatial columns]`
    pub spatial: Option<Tensor<B, 2>>,
    /// `[images, classes]`, for networks that classify.
    pub logits: Option<Tensor<B, 2>>,
}

//! Pixels that stay as they are in a picture, while the others are drawn.

use burn::tensor::Tensor;

use super::Rows;
use super::velocity::select;
use crate::ops::PixelFlowBackend;

/// The part of a batch that follows a picture's own path in a stage.
#[derive(Debug)]
pub(super) struct Known<B: PixelFlowBackend> {
    /// The share of each pixel that is drawn anew, `[1, 1, height, width]`.
    pub(super) mask: Tensor<B, 4>,
    /// The velocity of the picture's path, `[images, channels, height, width]`.
    pub(super) velocity: Tensor<B, 4>,
}

impl<B: PixelFlowBackend> Known<B> {
    /// `m drawn + (1 - m) known`: exactly `known` where the mask is 0, exactly `drawn` where it is 1.
    pub(super) fn blend(&self, drawn: Tensor<B, 4>, known: Tensor<B, 4>) -> Tensor<B, 4> {
        let kept = self.mask.clone().neg() + 1.0;
        drawn * self.mask.clone() + known * kept
    }

    /// A velocity of some images with that of the picture where it stays.
    pub(super) fn keep(&self, velocity: Tensor<B, 4>, rows: Rows<'_>) -> Tensor<B, 4> {
        let is_all = rows.iter().copied().eq(0..self.velocity.dims()[0]);
        let known = if is_all { self.velocity.clone() } else { select(&self.velocity, rows) };
        self.blend(velocity, known)
    }
}

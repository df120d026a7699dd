//! Patches: images to tokens, tokens to images, and the first projection.

use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::module::linear;

use super::in_format;
use super::linear::alike;
use crate::PixelFlowConfig;

/// Cuts images into tokens: row-major, features in `(c ph pw)` order.
///
/// # Shapes
/// - images: `[batch, channels, height, width]`
/// - output: `[batch * height / patch * width / patch, channels * patch * patch]`
pub fn images_to_tokens<B: Backend>(images: Tensor<B, 4>, patch: usize) -> Tensor<B, 2> {
    let [batch, channels, height, width] = images.dims();
    let (rows, columns) = (height / patch, width / patch);
    images
        .reshape([batch, channels, rows, patch, columns, patch])
        .permute([0, 2, 4, 1, 3, 5])
        .reshape([batch * rows * columns, channels * patch * patch])
}

/// The inverse of [`images_to_tokens`] for images of `rows` x `columns` patches.
///
/// # Shapes
/// - tokens: `[batch * rows * columns, channels * patch * patch]`
/// - output: `[batch, channels, rows * patch, columns * patch]`
pub fn tokens_to_images<B: Backend>(
    tokens: Tensor<B, 2>,
    rows: usize,
    columns: usize,
    patch: usize,
) -> Tensor<B, 4> {
    let [count, features] = tokens.dims();
    let (batch, channels) = (count / (rows * columns), features / (patch * patch));
    tokens
        .reshape([batch, rows, columns, channels, patch, patch])
        .permute([0, 3, 1, 4, 2, 5])
        .reshape([batch, channels, rows * patch, columns * patch])
}

/// Projects patches to the transformer's width.
///
/// The parameters are those of a convolution with kernel and stride `patch`, which on tokens in
/// `(c ph pw)` order is a matrix product.
#[derive(Module, Debug)]
pub struct PatchEmbed<B: Backend> {
    /// The convolution that holds the parameters.
    pub proj: Conv2d<B>,
}

impl<B: Backend> PatchEmbed<B> {
    pub(crate) fn uninitialised(config: &PixelFlowConfig, device: &B::Device) -> Self {
        let patch = config.patch_size;
        let proj = Conv2dConfig::new([config.in_channels, config.width()], [patch, patch])
            .with_stride([patch, patch])
            .with_initializer(Initializer::Zeros)
            .init(device);
        Self { proj }
    }

    /// Projects every token, in the precision of the weights.
    ///
    /// # Shapes
    /// - tokens: `[tokens, channels * patch * patch]`
    /// - output: `[tokens, width]`
    pub fn forward(&self, tokens: Tensor<B, 2>) -> Tensor<B, 2> {
        let weight = self.proj.weight.val();
        let tokens = in_format(tokens, weight.dtype());
        let [width, channels, height, breadth] = weight.dims();
        let matrix = weight.reshape([width, channels * height * breadth]).transpose();
        let bias = self.proj.bias.as_ref().map(burn::module::Param::val);
        alike(tokens, width, |tokens| linear(tokens, matrix, bias))
    }
}

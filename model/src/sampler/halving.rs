//! Doubling and halving of the sides of images, on a device.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

/// Nearest-neighbour upsampling by two.
///
/// # Shapes
/// - images: `[images, channels, height, width]`
/// - output: `[images, channels, 2 height, 2 width]`
pub(super) fn double<B: Backend>(images: Tensor<B, 4>) -> Tensor<B, 4> {
    let [count, channels, height, width] = images.dims();
    let apart = images.reshape([count, channels, height, 1, width, 1]);
    apart.repeat(&[1, 1, 1, 2, 1, 2]).reshape([count, channels, 2 * height, 2 * width])
}

/// The means of blocks of two by two pixels.
///
/// # Shapes
/// - images: `[images, channels, height, width]`, even sides
/// - output: `[images, channels, height / 2, width / 2]`
pub(super) fn halve<B: Backend>(images: Tensor<B, 4>) -> Tensor<B, 4> {
    let [count, channels, height, width] = images.dims();
    let blocks = images.reshape([count, channels, height / 2, 2, width / 2, 2]);
    blocks.mean_dim(5).mean_dim(3).reshape([count, channels, height / 2, width / 2])
}

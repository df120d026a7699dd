//! From the last state to 8-bit pixels.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::read_back::read_back;
use crate::Result;

/// `round(255 clamp(x / 2 + 1/2, 0, 1))`, halves to even, one `[height, width, 3]` buffer an image.
///
/// A single channel is repeated three times.
///
/// # Shapes
/// - images: `[images, channels, height, width]` with 1 or 3 channels
///
/// # Errors
/// [`crate::Error::Device`].
///
/// # Panics
/// If there are other than 1 or 3 channels.
pub async fn to_rgb8<B: Backend>(images: Tensor<B, 4>) -> Result<Vec<Vec<u8>>> {
    let [_, channels, height, width] = images.dims();
    assert!(channels == 1 || channels == 3, "{channels} channels are not an RGB image");
    let values = read_back(images).await?;
    let plane = height * width;
    let image = |values: &[f32]| {
        let pixel = |at: usize| (0..3).map(move |c| level(values[(c % channels) * plane + at]));
        (0..plane).flat_map(pixel).collect()
    };
    Ok(values.chunks_exact(channels * plane).map(image).collect())
}

/// One value in -1..1 as a level of 0..=255.
fn level(value: f32) -> u8 {
    ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round_ties_even() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_clamp_and_round_half_to_even() {
        assert_eq!(
            [level(-3.0), level(-1.0), level(0.0), level(1.0), level(9.0)],
            [0, 0, 128, 255, 255]
        );
    }
}

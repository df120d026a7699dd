//! Images to tokens and back, on the host.

/// Cuts an image into patches: tokens row-major, features in `(c ph pw)` order.
///
/// # Shapes
/// - image: `[channels, height, width]`
/// - output: `[height / patch * width / patch, channels * patch * patch]`
///
/// # Panics
/// If `image` does not have that many values or `patch` does not divide its sides.
pub fn patchify(
    image: &[f32],
    channels: usize,
    height: usize,
    width: usize,
    patch: usize,
) -> Vec<f32> {
    assert_eq!(image.len(), channels * height * width, "image of another size");
    assert!(
        height.is_multiple_of(patch) && width.is_multiple_of(patch),
        "{height}x{width} in patches of {patch}"
    );
    let mut tokens = Vec::with_capacity(image.len());
    for row in 0..height / patch {
        for column in 0..width / patch {
            for channel in 0..channels {
                for y in 0..patch {
                    let start = (channel * height + row * patch + y) * width + column * patch;
                    tokens.extend_from_slice(&image[start..start + patch]);
                }
            }
        }
    }
    tokens
}

/// The inverse of [`patchify`].
///
/// # Shapes
/// - tokens: `[height / patch * width / patch, channels * patch * patch]`
/// - output: `[channels, height, width]`
///
/// # Panics
/// If `tokens` does not have that many values or `patch` does not divide the sides.
pub fn unpatchify(
    tokens: &[f32],
    channels: usize,
    height: usize,
    width: usize,
    patch: usize,
) -> Vec<f32> {
    assert_eq!(tokens.len(), channels * height * width, "tokens of another size");
    assert!(
        height.is_multiple_of(patch) && width.is_multiple_of(patch),
        "{height}x{width} in patches of {patch}"
    );
    let mut image = vec![0.0; tokens.len()];
    let mut pieces = tokens.chunks_exact(patch);
    for row in 0..height / patch {
        for column in 0..width / patch {
            for channel in 0..channels {
                for y in 0..patch {
                    let start = (channel * height + row * patch + y) * width + column * patch;
                    if let Some(piece) = pieces.next() {
                        image[start..start + patch].copy_from_slice(piece);
                    }
                }
            }
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_channel_then_row_then_column() {
        let image: Vec<f32> = (0..32).map(|i| i as f32).collect(); // [2, 4, 4]
        let tokens = patchify(&image, 2, 4, 4, 2);
        assert_eq!(tokens[..8], [0.0, 1.0, 4.0, 5.0, 16.0, 17.0, 20.0, 21.0]);
        assert_eq!(tokens[8..12], [2.0, 3.0, 6.0, 7.0]);
    }

    #[test]
    fn unpatchify_undoes_patchify() {
        let image: Vec<f32> = (0..3 * 6 * 9).map(|i| i as f32).collect();
        assert_eq!(unpatchify(&patchify(&image, 3, 6, 9, 3), 3, 6, 9, 3), image);
    }
}

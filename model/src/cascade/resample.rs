//! Halving and doubling of images on the host.

/// Halves both sides by averaging 2x2 blocks.
///
/// Bilinear interpolation by one half without antialiasing is exactly this mean.
///
/// # Shapes
/// - image: `[channels, height, width]`, row-major, even sides
/// - output: `[channels, height / 2, width / 2]`
///
/// # Panics
/// If `image` does not have that many values.
pub fn halve(image: &[f32], channels: usize, height: usize, width: usize) -> Vec<f32> {
    assert_eq!(image.len(), channels * height * width, "image of another size");
    let (half_height, half_width) = (height / 2, width / 2);
    let mut out = Vec::with_capacity(channels * half_height * half_width);
    for channel in image.chunks_exact(height * width) {
        for rows in channel.chunks_exact(2 * width) {
            let (upper, lower) = rows.split_at(width);
            let blocks = upper.chunks_exact(2).zip(lower.chunks_exact(2));
            out.extend(blocks.map(|(u, l)| 0.25 * ((u[0] + u[1]) + (l[0] + l[1]))));
        }
    }
    out
}

/// Doubles both sides by repeating every pixel.
///
/// # Shapes
/// - image: `[channels, height, width]`, row-major
/// - output: `[channels, 2 height, 2 width]`
///
/// # Panics
/// If `image` is not made of whole rows.
pub fn upsample_nearest(image: &[f32], width: usize) -> Vec<f32> {
    assert_eq!(image.len() % width, 0, "image of another size");
    let mut out = Vec::with_capacity(4 * image.len());
    for row in image.chunks_exact(width) {
        for _ in 0..2 {
            out.extend(row.iter().flat_map(|&pixel| [pixel, pixel]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_undoes_doubling() {
        let image: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let doubled = upsample_nearest(&image, 3);
        assert_eq!(doubled[..8], [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 0.0, 0.0]);
        assert_eq!(halve(&doubled, 2, 8, 6), image);
    }
}

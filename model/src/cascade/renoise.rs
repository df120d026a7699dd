//! Renoising: what happens to an image on entering a stage of twice the resolution.

use super::Stage;
use super::schedule::{GAMMA, rectify_ratio};
use crate::noise::Key;

/// The two coefficients of `x <- alpha Up(x) + beta n`, `n` block noise.
///
/// `alpha = 1 / (sqrt(1 - 1/gamma) (1 - t) + t)`, `beta = alpha (1 - t) / sqrt(-gamma)`, with `t`
/// the original start of the stage (paper, section 3.2): they give the upsampled image the mean
/// and the covariance that the stage was trained from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renoise {
    /// Weight of the upsampled image.
    pub alpha: f64,
    /// Weight of the block noise.
    pub beta: f64,
}

impl Renoise {
    /// The coefficients on entering `stage`.
    pub fn entering(stage: &Stage) -> Self {
        let alpha = rectify_ratio(stage.original_start_t);
        Self { alpha, beta: alpha * (1.0 - stage.original_start_t) / (-GAMMA).sqrt() }
    }
}

/// Noise `[channels, height, width]` whose 2x2 blocks have covariance 1 and, off the diagonal,
/// [`GAMMA`].
pub type BlockNoise = Vec<f32>;

/// Block noise in closed form: `sqrt(4/3) (z - mean of z over its 2x2 block)`.
///
/// For gamma = -1/3 the covariance is singular (every block sums to zero), and this is its exact
/// square root, where a Cholesky factor needs a small number on the diagonal.
///
/// # Shapes
/// - output: `[channels, height, width]`, even sides
///
/// # Panics
/// If a side is odd.
pub fn block_noise(key: Key, channels: usize, height: usize, width: usize) -> BlockNoise {
    assert!(
        height.is_multiple_of(2) && width.is_multiple_of(2),
        "block noise of odd size {height}x{width}"
    );
    let mut noise = key.normals(channels * height * width);
    let scale = (1.0 - GAMMA).sqrt() as f32;
    for rows in noise.chunks_exact_mut(2 * width) {
        let (upper, lower) = rows.split_at_mut(width);
        for (upper, lower) in upper.chunks_exact_mut(2).zip(lower.chunks_exact_mut(2)) {
            let mean = 0.25 * ((upper[0] + upper[1]) + (lower[0] + lower[1]));
            for value in upper.iter_mut().chain(lower) {
                *value = scale * (*value - mean);
            }
        }
    }
    noise
}

/// The reference's block noise: `L z` with `L` the Cholesky factor of the covariance plus `1e-6`
/// on its diagonal.
///
/// # Shapes
/// - normals: `[blocks, 4]`, blocks ordered `(c, h / 2, w / 2)` (any leading batch too)
/// - output: `[channels, height, width]`
///
/// # Panics
/// If `width` is odd or `normals` is not made of whole rows of blocks.
pub fn block_noise_by_cholesky(normals: &[f32], width: usize) -> BlockNoise {
    assert!(
        width.is_multiple_of(2) && normals.len().is_multiple_of(2 * width),
        "not whole rows of blocks"
    );
    let factor = cholesky_factor();
    let mut noise = vec![0.0; normals.len()];
    for (rows, normals) in noise.chunks_exact_mut(2 * width).zip(normals.chunks_exact(2 * width)) {
        for (column, z) in normals.chunks_exact(4).enumerate() {
            for (i, row) in factor.iter().enumerate() {
                let value: f64 = row.iter().zip(z).map(|(l, &z)| l * f64::from(z)).sum();
                rows[(i / 2) * width + 2 * column + i % 2] = value as f32;
            }
        }
    }
    noise
}

/// Lower Cholesky factor of `(1 - gamma) I + gamma 11' + 1e-6 I`.
fn cholesky_factor() -> [[f64; 4]; 4] {
    let mut factor = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            let covariance = if i == j { 1.0 + 1e-6 } else { GAMMA };
            let rest: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            factor[i][j] = if i == j {
                f64::sqrt(covariance - rest)
            } else {
                (covariance - rest) / factor[j][j]
            };
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::Purpose;

    /// Empirical covariance of the four values of a block.
    fn covariance(noise: &[f32], width: usize) -> [[f64; 4]; 4] {
        let mut sum = [[0.0; 4]; 4];
        let mut count = 0.0;
        for rows in noise.chunks_exact(2 * width) {
            for column in (0..width).step_by(2) {
                let at = |i: usize| f64::from(rows[(i / 2) * width + column + i % 2]);
                count += 1.0;
                for (i, row) in sum.iter_mut().enumerate() {
                    for (j, cell) in row.iter_mut().enumerate() {
                        *cell += at(i) * at(j);
                    }
                }
            }
        }
        sum.map(|row| row.map(|cell| cell / count))
    }

    #[test]
    fn both_forms_have_the_covariance_of_the_paper() {
        let key = Key::new(5, 0, Purpose::Testing);
        let closed = block_noise(key, 3, 128, 256);
        let cholesky = block_noise_by_cholesky(&key.normals(3 * 128 * 256), 256);
        for noise in [closed, cholesky] {
            for (i, row) in covariance(&noise, 256).iter().enumerate() {
                for (j, &cell) in row.iter().enumerate() {
                    let expected = if i == j { 1.0 } else { GAMMA };
                    // Five standard errors of a covariance from 24,576 blocks.
                    assert!((cell - expected).abs() < 0.046, "{i} {j}: {cell}");
                }
            }
        }
    }

    #[test]
    fn every_block_of_the_closed_form_sums_to_zero() {
        let noise = block_noise(Key::new(5, 1, Purpose::Testing), 1, 4, 6);
        for rows in noise.chunks_exact(12) {
            for x in (0..6).step_by(2) {
                assert!((rows[x] + rows[x + 1] + rows[6 + x] + rows[7 + x]).abs() < 1e-6);
            }
        }
    }
}

//! Block noise: from given draws by the reference's Cholesky factor, and ours in closed form.

use pixelflow::cascade::{block_noise, block_noise_by_cholesky};
use pixelflow::noise::{Key, Purpose};

use crate::tensors::widen;
use crate::{Limits, Recorder, Result, Subject};

/// Blocks whose sample covariance is taken.
const BLOCKS: usize = 1 << 16;

/// Checks the noise of a file.
///
/// # Errors
/// If the file cannot be read.
pub fn check(subject: Subject<'_>, recorder: &mut Recorder<'_>) -> Result<()> {
    let (entry, tensors) = (subject.entry, subject.open()?);
    let [_, _, _, width] = tensors.dims::<4>("noise")?;
    let found = widen(&block_noise_by_cholesky(&tensors.floats("z")?, width));
    let limits = Limits::ten_times(&entry.must_record(&["tolerance", "noise_vs_chol_f64"])?);
    recorder.compare(subject.case("noise"), &found, &tensors.doubles("noise")?, &limits);

    if tensors.has("chol_f64") {
        let limits = Limits::ten_times(&entry.must_record(&["tolerance", "chol"])?);
        let expected = tensors.doubles("chol_f64")?;
        recorder.compare(subject.case("chol"), &cholesky_factor(), &expected, &limits);
    }
    if tensors.has("cov_f64") {
        let expected = tensors.doubles("cov_f64")?;
        // A covariance of n samples of unit variance is off by up to sqrt(2 / n).
        let limit = 5.0 * (2.0 / BLOCKS as f64).sqrt();
        let limits = Limits::absolute(limit, "5 standard errors of a sample covariance");
        recorder.compare(subject.case("closed_form"), &covariance(), &expected, &limits);
    }
    Ok(())
}

/// The factor, column by column: what unit vectors become.
fn cholesky_factor() -> Vec<f64> {
    let mut factor = vec![0.0; 16];
    for column in 0..4 {
        let mut unit = [0.0; 4];
        unit[column] = 1.0;
        for (row, value) in block_noise_by_cholesky(&unit, 2).into_iter().enumerate() {
            factor[4 * row + column] = f64::from(value);
        }
    }
    factor
}

/// Sample covariance of the four values of a block of our block noise.
fn covariance() -> Vec<f64> {
    let noise = block_noise(Key::new(0, 0, Purpose::Renoise), 1, 2, 2 * BLOCKS);
    let (upper, lower) = noise.split_at(2 * BLOCKS);
    let mut covariance = vec![0.0; 16];
    for (upper, lower) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
        let block = [upper[0], upper[1], lower[0], lower[1]].map(f64::from);
        for (i, a) in block.iter().enumerate() {
            for (j, b) in block.iter().enumerate() {
                covariance[4 * i + j] += a * b / BLOCKS as f64;
            }
        }
    }
    covariance
}

//! The Inception Score: how sure a classifier is of each image, and how many classes there are.

use serde::{Deserialize, Serialize};

use super::NumpyRandom;
use crate::features::at_least;
use crate::{Features, Result};

/// Into which parts the images are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Splits {
    /// Consecutive parts of so many images; the last may be short (ADM).
    OfSize(usize),
    /// So many equal parts, in the order of the images.
    Equal(usize),
    /// So many equal parts, in the order that `torch-fidelity` shuffles the images to.
    Shuffled(usize),
}

/// Mean over parts, and how much they differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean over the parts.
    pub mean: f64,
    /// Standard deviation of the parts, divided by their number (not one less), as evaluators print it.
    pub standard_deviation: f64,
}

/// Seed of `torch-fidelity`'s shuffle.
const SEED: u32 = 2020;

/// The Inception Score of the logits of images.
///
/// `exp( mean_i sum_c p_ic (ln p_ic - ln q_c) )`, p the softmax of the logits and q its mean over a part.
///
/// Salimans et al. 2016, arXiv 1606.03498, section 4.
///
/// # Shapes
/// - logits: `[images, classes]`; without the bias of the last layer, where an evaluator leaves it out
///
/// # Errors
/// [`crate::Error::TooFewImages`] if a part would be empty.
pub fn inception_score(logits: &Features, splits: Splits) -> Result<Score> {
    let images = logits.rows();
    let (order, starts): (Vec<usize>, Vec<usize>) = match splits {
        Splits::OfSize(size) => {
            at_least(1, logits, "the Inception Score")?;
            ((0..images).collect(), (0..images).step_by(size.max(1)).collect())
        }
        Splits::Equal(parts) | Splits::Shuffled(parts) => {
            at_least(parts.max(1), logits, "the Inception Score")?;
            let order = match splits {
                Splits::Shuffled(_) => NumpyRandom::new(SEED).permutation(images),
                _ => (0..images).collect(),
            };
            (order, (0..parts.max(1)).map(|part| part * images / parts.max(1)).collect())
        }
    };
    let ends = starts[1..].iter().copied().chain([images]);
    let parts = starts.iter().zip(ends).map(|(&start, end)| of_part(logits, &order[start..end]));
    let scores: Vec<f64> = parts.collect();
    let (mean, standard_deviation) = mean_and_deviation(&scores);
    Ok(Score { mean, standard_deviation })
}

fn of_part(logits: &Features, images: &[usize]) -> f64 {
    let logs: Vec<Vec<f64>> = images.iter().map(|&i| log_softmax(logits.row(i))).collect();
    let count = images.len() as f64;
    let mut mean = vec![0.0; logits.columns()];
    for log in &logs {
        mean.iter_mut().zip(log).for_each(|(mean, log)| *mean += log.exp() / count);
    }
    let divergence = |log: &Vec<f64>| -> f64 {
        log.iter().zip(&mean).map(|(log, q)| term(log.exp(), log - q.ln())).sum()
    };
    (logs.iter().map(divergence).sum::<f64>() / count).exp()
}

/// `p d`, which is 0 where p is, although d is infinite there.
fn term(p: f64, difference: f64) -> f64 {
    if p == 0.0 { 0.0 } else { p * difference }
}

fn log_softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |most, &x| most.max(f64::from(x)));
    let shifted = logits.iter().map(|&x| f64::from(x) - largest);
    let total = shifted.clone().map(f64::exp).sum::<f64>().ln();
    shifted.map(|x| x - total).collect()
}

/// Mean and standard deviation, divided by the number of values.
pub(super) fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sure_and_even_is_the_number_of_classes_and_undecided_is_one() {
        let sure: Vec<f32> = (0..12).map(|i| if i % 4 == i / 4 { 1e4 } else { 0.0 }).collect();
        let sure = Features::new(4, sure).unwrap();
        let score = inception_score(&sure, Splits::OfSize(5000)).unwrap();
        assert!((score.mean - 3.0).abs() < 1e-12, "{score:?}");
        let undecided = Features::new(4, vec![0.5; 12]).unwrap();
        assert!((inception_score(&undecided, Splits::Equal(3)).unwrap().mean - 1.0).abs() < 1e-12);
    }

    #[test]
    fn fewer_images_than_parts_are_refused() {
        let logits = Features::new(2, vec![0.0; 6]).unwrap();
        let message = inception_score(&logits, Splits::Shuffled(10)).unwrap_err().to_string();
        assert!(message.contains("needs 10 images or more, and there are 3"), "{message}");
        assert!(inception_score(&Features::empty(2), Splits::OfSize(5)).is_err());
    }
}

//! The Inception Score: how sure a classifier is of each image, and how many classes there are.

use serde::{Deserialize, Serialize};

use super::NumpyRandom;
use crate::features::same_columns;
use crate::{Error, Features, Result};

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

impl Splits {
    /// The part of every image, and how many parts there are.
    fn parts(self, images: usize) -> (Vec<u32>, usize) {
        match self {
            Self::OfSize(size) => {
                let size = size.max(1);
                ((0..images).map(|image| (image / size) as u32).collect(), images.div_ceil(size))
            }
            Self::Equal(parts) | Self::Shuffled(parts) => {
                let parts = parts.max(1);
                let order = match self {
                    Self::Shuffled(_) => NumpyRandom::new(SEED).permutation(images),
                    _ => (0..images).collect(),
                };
                let mut part_of = vec![0; images];
                for part in 0..parts {
                    for &image in &order[part * images / parts..(part + 1) * images / parts] {
                        part_of[image] = part as u32;
                    }
                }
                (part_of, parts)
            }
        }
    }
}

/// Seed of `torch-fidelity`'s shuffle.
const SEED: u32 = 2020;

/// Mean over parts, and how much they differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean over the parts.
    pub mean: f64,
    /// Standard deviation of the parts, divided by their number (not one less), as evaluators print it.
    pub standard_deviation: f64,
}

/// Sums over logits that the Inception Score is made of: exact whatever their order, one set a part, so that
/// neither memory nor bits depend on batches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreSums {
    part_of: Vec<u32>,
    parts: Vec<PartSums>,
}

/// Sums of the images of a part, in units of 2^-62.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PartSums {
    images: u64,
    /// `sum_i sum_c p_ic ln p_ic`
    certainty: i128,
    /// `sum_i p_ic`
    probabilities: Vec<i128>,
}

/// What probabilities are counted in: each is below 2^62 units.
const UNIT: f64 = 1.0 / (1_u64 << 62) as f64;

impl ScoreSums {
    /// No images yet, of so many to come.
    ///
    /// # Errors
    /// [`Error::TooFewImages`] if a part would be empty.
    pub fn empty(images: usize, classes: usize, splits: Splits) -> Result<Self> {
        let (part_of, parts) = splits.parts(images);
        if images < parts.max(1) {
            let (what, needed) = ("the Inception Score", parts.max(1));
            return Err(Error::TooFewImages { what, images, needed });
        }
        let part = PartSums { images: 0, certainty: 0, probabilities: vec![0; classes] };
        Ok(Self { part_of, parts: vec![part; parts] })
    }

    /// Adds images, the first of which has this number.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`]; [`Error::Statistics`] for more images than were to come.
    pub fn add(&mut self, first: usize, logits: &Features) -> Result<()> {
        same_columns(self.parts[0].probabilities.len(), logits.columns())?;
        let Some(parts) = self.part_of.get(first..first + logits.rows()) else {
            let reason =
                format!("logits of image {} of {}", first + logits.rows(), self.part_of.len());
            return Err(Error::Statistics { reason });
        };
        for (row, &part) in parts.iter().enumerate() {
            let part = &mut self.parts[part as usize];
            part.images += 1;
            for (sum, log) in part.probabilities.iter_mut().zip(log_softmax(logits.row(row))) {
                let p = log.exp();
                *sum += (p / UNIT) as i128;
                part.certainty += (p * log / UNIT) as i128;
            }
        }
        Ok(())
    }

    /// Adds the images of other sums of the same whole.
    ///
    /// # Errors
    /// [`Error::Statistics`] for sums of other parts.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.part_of != other.part_of {
            let reason = "the Inception Score of other images, or in other parts".to_owned();
            return Err(Error::Statistics { reason });
        }
        for (into, from) in self.parts.iter_mut().zip(&other.parts) {
            same_columns(into.probabilities.len(), from.probabilities.len())?;
            into.images += from.images;
            into.certainty += from.certainty;
            let pairs = into.probabilities.iter_mut().zip(&from.probabilities);
            pairs.for_each(|(into, from)| *into += from);
        }
        Ok(())
    }

    /// The score, once all images are added.
    ///
    /// # Errors
    /// [`Error::TooFewImages`] if some are missing.
    pub fn score(&self) -> Result<Score> {
        let images: u64 = self.parts.iter().map(|part| part.images).sum();
        if images != self.part_of.len() as u64 {
            let (what, needed) = ("the Inception Score", self.part_of.len());
            return Err(Error::TooFewImages { what, images: images as usize, needed });
        }
        let scores: Vec<f64> = self.parts.iter().map(PartSums::score).collect();
        let (mean, standard_deviation) = mean_and_deviation(&scores);
        Ok(Score { mean, standard_deviation })
    }
}

impl PartSums {
    /// `exp( mean_i sum_c p_ic ln p_ic - sum_c q_c ln q_c )`: the mean divergence from q, expanded.
    fn score(&self) -> f64 {
        let count = self.images as f64;
        let mean = |sum: i128| sum as f64 * UNIT / count;
        let q = self.probabilities.iter().map(|&sum| mean(sum)).filter(|&q| q > 0.0);
        (mean(self.certainty) - q.map(|q| q * q.ln()).sum::<f64>()).exp()
    }
}

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
/// [`Error::TooFewImages`] if a part would be empty.
pub fn inception_score(logits: &Features, splits: Splits) -> Result<Score> {
    let mut sums = ScoreSums::empty(logits.rows(), logits.columns(), splits)?;
    sums.add(0, logits)?;
    sums.score()
}

fn log_softmax(logits: &[f32]) -> impl Iterator<Item = f64> {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |most, &x| most.max(f64::from(x)));
    let shifted = logits.iter().map(move |&x| f64::from(x) - largest);
    let total = shifted.clone().map(f64::exp).sum::<f64>().ln();
    shifted.map(move |x| x - total)
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
    use pixelflow::noise::{Key, Purpose};

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
    fn neither_batches_nor_their_order_change_a_bit() {
        let logits = Features::new(5, Key::new(8, 0, Purpose::Testing).normals(33 * 5)).unwrap();
        for splits in [Splits::OfSize(10), Splits::Equal(4), Splits::Shuffled(4)] {
            let whole = inception_score(&logits, splits).unwrap();
            let mut sums = [0, 1].map(|_| ScoreSums::empty(33, 5, splits).unwrap());
            for first in [20, 0, 10, 30] {
                let batch = logits.range(first..(first + 10).min(33));
                sums[first / 20].add(first, &batch).unwrap();
            }
            let [mut sums, rest] = sums;
            let missing = sums.score().unwrap_err().to_string();
            assert!(missing.contains("needs 33 images or more, and there are 20"), "{missing}");
            sums.merge(&rest).unwrap();
            assert_eq!(sums.score().unwrap(), whole, "{splits:?}");
            assert!(sums.merge(&ScoreSums::empty(34, 5, splits).unwrap()).is_err());
            assert!(sums.add(30, &logits.range(0..4)).is_err());
        }
    }

    #[test]
    fn fewer_images_than_parts_are_refused() {
        let logits = Features::new(2, vec![0.0; 6]).unwrap();
        let message = inception_score(&logits, Splits::Shuffled(10)).unwrap_err().to_string();
        assert!(message.contains("needs 10 images or more, and there are 3"), "{message}");
        assert!(inception_score(&Features::empty(2), Splits::OfSize(5)).is_err());
    }
}

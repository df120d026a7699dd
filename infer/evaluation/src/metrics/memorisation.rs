//! Memorisation: samples that lie nearer to a training image than unseen real images do.

use serde::{Deserialize, Serialize};

use super::distances::fold_distances;
use crate::features::{at_least, same_columns};
use crate::{Features, Result};

/// The share of held-out images that sets the threshold.
const NEAREST: f64 = 0.01;

/// How many samples are copies of training images, or nearly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memorisation {
    /// Share of the samples nearer to a training image than the threshold.
    pub share: f64,
    /// The distance below which the nearest 1 % of the held-out images lie.
    pub threshold: f64,
    /// Numbers of the samples that are nearer, each with its training image; the nearest first.
    pub copies: Vec<[usize; 2]>,
}

/// Compares how near samples and held-out real images come to the training images.
///
/// `share = 1/M sum_j [ min_i |y_j - x_i| < t ]`, t the distance of the held-out image that 1 % of them,
/// rounded up, come nearer than or as near as. Of held-out images the same measure gives 1 % at most. Memory:
/// see [`memory_of_neighbours`](super::memory_of_neighbours).
///
/// # Errors
/// [`crate::Error::TooFewImages`] without training or held-out images, or samples;
/// [`crate::Error::OtherFeatures`].
pub fn memorisation(
    train: &Features,
    held_out: &Features,
    samples: &Features,
) -> Result<Memorisation> {
    for (features, what) in [
        (train, "memorisation (training images)"),
        (held_out, "memorisation (held-out images)"),
        (samples, "memorisation (samples)"),
    ] {
        same_columns(train.columns(), features.columns())?;
        at_least(1, features, what)?;
    }
    let mut unseen: Vec<f64> =
        nearest(held_out, train).iter().map(|&(distance, _)| distance).collect();
    unseen.sort_by(f64::total_cmp);
    let threshold = unseen[(unseen.len() as f64 * NEAREST).ceil() as usize - 1];
    let nearest = nearest(samples, train);
    let mut copies: Vec<(f64, [usize; 2])> = (0..)
        .zip(&nearest)
        .filter(|(_, (distance, _))| *distance < threshold)
        .map(|(sample, &(distance, image))| (distance, [sample, image]))
        .collect();
    copies.sort_by(|a, b| a.0.total_cmp(&b.0));
    let copies: Vec<[usize; 2]> = copies.into_iter().map(|(_, pair)| pair).collect();
    let share = copies.len() as f64 / samples.rows() as f64;
    Ok(Memorisation { share, threshold: threshold.sqrt(), copies })
}

/// Squared distance to the nearest row of `others`, and which it is.
fn nearest(features: &Features, others: &Features) -> Vec<(f64, usize)> {
    fold_distances(features, others, &(f64::INFINITY, 0), |nearest, _, first, distances| {
        for (offset, &distance) in distances.iter().enumerate() {
            if distance < nearest.0 {
                *nearest = (distance, first + offset);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;

    #[test]
    fn smuggled_training_images_are_found_and_fresh_ones_are_not() {
        let values = Key::new(6, 0, Purpose::Testing).normals(1300 * 8);
        let all = Features::new(8, values).unwrap();
        let (train, held_out) = (all.range(0..800), all.range(800..1000));
        let mut samples = all.range(1000..1300);
        let fresh = memorisation(&train, &held_out, &samples).unwrap();
        assert!(fresh.share < 0.03, "{fresh:?}");
        samples.append(&train.range(100..150)).unwrap();
        let smuggled = memorisation(&train, &held_out, &samples).unwrap();
        assert!((smuggled.share - (fresh.share * 300.0 + 50.0) / 350.0).abs() < 1e-12);
        assert!(smuggled.copies[..50].iter().all(|[sample, image]| sample - 300 == image - 100));
        let itself = memorisation(&train, &held_out, &held_out).unwrap();
        assert!(itself.share <= NEAREST && itself.threshold == fresh.threshold);
    }

    #[test]
    fn missing_images_are_named() {
        let (some, none) = (Features::new(1, vec![0.0]).unwrap(), Features::empty(1));
        let message = memorisation(&some, &none, &some).unwrap_err().to_string();
        assert!(
            message.contains("memorisation (held-out images) needs 1 images or more"),
            "{message}"
        );
    }
}

//! Class accuracy: how often a linear probe reads off an image the class that it was drawn as.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, Par, Side};

use crate::features::{at_least, same_columns};
use crate::{Error, Features, Result};

/// Every so many-th real image is kept from the probe, and says how well it reads.
const KEPT_OUT: usize = 5;
/// The ridge, as a share of the features' mean variance.
const RIDGE: f64 = 1e-2;
/// Images whose features are in f64 at once.
const ROWS: usize = 2048;

/// How well classes are read off images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassAccuracy {
    /// Share of the samples whose class is read right.
    pub samples: f64,
    /// The ceiling: share of real images, which the probe has not seen, that are read right.
    pub real: f64,
    /// Real images that the probe has not seen.
    pub unseen: usize,
}

/// Images' features, each with the number of its class.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    /// A row an image.
    pub features: &'a Features,
    /// Its class.
    pub labels: &'a [usize],
}

/// Class accuracy of samples, by a probe that learns from four of five real images.
///
/// The probe is ridge regression to one column a class, `W = (X^T X + l I)^-1 X^T Y`: X the features less
/// their mean, Y one where an image is of the class, less its mean, `l` a hundredth of the features' mean
/// variance times the number of images. An image is read as the class of the largest column. (Hastie, Tibshirani,
/// Friedman, The Elements of Statistical Learning, section 4.2.) It has no iterations and no seed.
///
/// # Errors
/// [`Error::TooFewImages`] for fewer real images than [`KEPT_OUT`], or no samples; [`Error::OtherFeatures`];
/// [`Error::Statistics`] if all real images are alike.
///
/// # Panics
/// If there are not as many labels as images, or a label is `classes` or larger.
pub fn class_accuracy(
    real: Labelled<'_>,
    samples: Labelled<'_>,
    classes: usize,
) -> Result<ClassAccuracy> {
    same_columns(real.features.columns(), samples.features.columns())?;
    at_least(KEPT_OUT, real.features, "class accuracy")?;
    at_least(1, samples.features, "class accuracy")?;
    for side in [real, samples] {
        assert_eq!(side.features.rows(), side.labels.len());
        assert!(side.labels.iter().all(|&label| label < classes));
    }
    let is_unseen = |image: &usize| image % KEPT_OUT == KEPT_OUT - 1;
    let (unseen, seen): (Vec<usize>, Vec<usize>) =
        (0..real.labels.len()).partition(|image| is_unseen(image));
    let of = |images: &[usize]| -> Vec<usize> { images.iter().map(|&i| real.labels[i]).collect() };
    let probe = Probe::fit(&real.features.select(&seen), &of(&seen), classes)?;
    Ok(ClassAccuracy {
        samples: probe.accuracy(samples.features, samples.labels),
        real: probe.accuracy(&real.features.select(&unseen), &of(&unseen)),
        unseen: unseen.len(),
    })
}

/// A linear map from features to a score a class.
struct Probe {
    mean: Vec<f64>,
    /// `[features, classes]`
    weights: Mat<f64>,
    /// A score a class, added.
    bias: Vec<f64>,
}

impl Probe {
    fn fit(features: &Features, labels: &[usize], classes: usize) -> Result<Self> {
        let (rows, columns) = (features.rows(), features.columns());
        let mut mean = vec![0.0; columns];
        for row in features.values().chunks_exact(columns) {
            for (mean, &value) in mean.iter_mut().zip(row) {
                *mean += f64::from(value) / rows as f64;
            }
        }
        let mut bias = vec![0.0; classes];
        for &label in labels {
            bias[label] += 1.0 / rows as f64;
        }
        let mut gram = Mat::zeros(columns, columns);
        let mut target = Mat::zeros(columns, classes);
        for first in (0..rows).step_by(ROWS) {
            let x = centred(features, first, &mean);
            let is_of = |i: usize, j: usize| f64::from(u8::from(labels[first + i] == j));
            let y = Mat::from_fn(x.nrows(), classes, |i, j| is_of(i, j) - bias[j]);
            matmul(&mut gram, Accum::Add, x.transpose(), &x, 1.0, Par::rayon(0));
            matmul(&mut target, Accum::Add, x.transpose(), &y, 1.0, Par::rayon(0));
        }
        let trace: f64 = (0..columns).map(|j| gram[(j, j)]).sum();
        for j in 0..columns {
            gram[(j, j)] += RIDGE * trace / columns as f64;
        }
        let cholesky = gram.llt(Side::Lower).map_err(|_| Error::Statistics {
            reason: "all real images have the same features: no class can be learned".to_owned(),
        })?;
        Ok(Self { mean, weights: cholesky.solve(&target), bias })
    }

    fn accuracy(&self, features: &Features, labels: &[usize]) -> f64 {
        let classes = self.bias.len();
        let right = |first: usize| {
            let x = centred(features, first, &self.mean);
            let mut scores = Mat::zeros(x.nrows(), classes);
            matmul(&mut scores, Accum::Replace, &x, &self.weights, 1.0, Par::rayon(0));
            let score = |image: usize, class: usize| scores[(image, class)] + self.bias[class];
            let read = |image: usize| {
                (0..classes).max_by(|&a, &b| score(image, a).total_cmp(&score(image, b)))
            };
            (0..x.nrows()).filter(|&image| read(image) == Some(labels[first + image])).count()
        };
        let right: usize = (0..labels.len()).step_by(ROWS).map(right).sum();
        right as f64 / labels.len() as f64
    }
}

/// The features of at most [`ROWS`] images from one on, less their mean.
fn centred(features: &Features, first: usize, mean: &[f64]) -> Mat<f64> {
    let rows = ROWS.min(features.rows() - first);
    Mat::from_fn(rows, mean.len(), |i, j| f64::from(features.row(first + i)[j]) - mean[j])
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::{Key, Purpose};

    use super::*;

    /// Images of three classes in turn, the first features of which say the class, the others nothing.
    fn images(count: usize, seed: u64, clear: f32) -> (Features, Vec<usize>) {
        let mut values = Key::new(seed, 0, Purpose::Testing).normals(count * 6);
        let labels: Vec<usize> = (0..count).map(|image| image % 3).collect();
        for (image, label) in labels.iter().enumerate() {
            values[image * 6 + label] += clear;
        }
        (Features::new(6, values).unwrap(), labels)
    }

    fn accuracy(real: &(Features, Vec<usize>), own: &(Features, Vec<usize>)) -> ClassAccuracy {
        let labelled = |side: &'static str| {
            let (features, labels) = if side == "real" { real } else { own };
            Labelled { features, labels }
        };
        class_accuracy(labelled("real"), labelled("own"), 3).unwrap()
    }

    #[test]
    fn clear_classes_are_read_others_are_guessed() {
        let real = images(300, 1, 9.0);
        let clear = accuracy(&real, &images(90, 2, 9.0));
        assert_eq!((clear.samples, clear.real, clear.unseen), (1.0, 1.0, 60));
        let blurred = accuracy(&real, &images(900, 2, 0.0));
        assert!((blurred.samples - 1.0 / 3.0).abs() < 0.08, "{blurred:?}");
        let (features, mut labels) = images(90, 2, 9.0);
        labels.rotate_left(1);
        assert_eq!(accuracy(&real, &(features, labels)).samples, 0.0);
    }

    /// What the probe has seen it reads too well: with as many features as images it reads all of it.
    #[test]
    fn the_ceiling_is_of_images_that_the_probe_has_not_seen() {
        let noise = images(60, 3, 0.0);
        let found = accuracy(&noise, &noise);
        assert!(found.real < 0.6 && found.unseen == 12, "{found:?}");
    }

    #[test]
    fn too_few_or_alike_images_are_refused() {
        let (real, own) = (images(4, 1, 9.0), images(3, 2, 9.0));
        let (few, some) = (
            Labelled { features: &real.0, labels: &real.1 },
            Labelled { features: &own.0, labels: &own.1 },
        );
        assert!(matches!(class_accuracy(few, some, 3), Err(Error::TooFewImages { .. })));
        let alike = Features::new(6, vec![1.0; 60]).unwrap();
        let labels: Vec<usize> = (0..10).map(|image| image % 3).collect();
        let alike = Labelled { features: &alike, labels: &labels };
        assert!(matches!(class_accuracy(alike, some, 3), Err(Error::Statistics { .. })));
    }
}

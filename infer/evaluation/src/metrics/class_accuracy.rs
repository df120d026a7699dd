//! Class accuracy: how often a linear probe reads off an image the class that it was drawn as.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, Par, Side};

use crate::features::{at_least, same_columns};
use crate::{Error, Features, Result};

/// Every so many-th real image of a class is kept from the probe, and says how well it reads.
const KEPT_OUT: usize = 5;
/// The ridge, as a share of the features' mean variance.
const RIDGE: f64 = 1e-2;
/// Images whose features are in f64 at once.
const ROWS: usize = 2048;

/// Images' features, each with the number of its class.
#[derive(Clone, Copy, Debug)]
pub struct Labelled<'a> {
    /// A row an image.
    pub features: &'a Features,
    /// Its class.
    pub labels: &'a [usize],
}

/// A linear probe that reads classes off features, and how well it reads those of real images.
///
/// It is ridge regression to one column a class, `W = (X^T X + l I)^-1 X^T Y`: X the features less their mean, Y one
/// where an image is of the class, less its mean, `l` a hundredth of the features' mean variance times the number of
/// images. An image is read as the class of the largest column. (Hastie, Tibshirani, Friedman, The Elements of
/// Statistical Learning, section 4.2.) It has no iterations and no seed.
#[derive(Clone, Debug)]
pub struct ClassProbe {
    mean: Vec<f64>,
    /// `[features, classes]`
    weights: Mat<f64>,
    /// A score a class, added.
    bias: Vec<f64>,
    ceiling: f64,
    unseen: usize,
}

impl ClassProbe {
    /// Learns from four of five real images of each class; the fifth is kept out, and says how well it reads.
    ///
    /// # Errors
    /// [`Error::TooFewImages`] if no class has `KEPT_OUT` images; [`Error::Statistics`] if all images are alike.
    ///
    /// # Panics
    /// If there are not as many labels as images, or a label is `classes` or larger.
    pub fn fit(real: Labelled<'_>, classes: usize) -> Result<Self> {
        real.check(classes);
        let mut met = vec![0_usize; classes];
        let (unseen, seen): (Vec<usize>, Vec<usize>) = (0..real.labels.len()).partition(|&image| {
            let met = &mut met[real.labels[image]];
            *met += 1;
            met.is_multiple_of(KEPT_OUT)
        });
        if unseen.is_empty() {
            let (what, images, needed) = ("class accuracy", real.labels.len(), KEPT_OUT * classes);
            return Err(Error::TooFewImages { what, images, needed });
        }
        let of = |images: &[usize]| -> Vec<usize> {
            images.iter().map(|&image| real.labels[image]).collect()
        };
        let probe = Self::of(&real.features.select(&seen), &of(&seen), classes)?;
        let kept = Labelled { features: &real.features.select(&unseen), labels: &of(&unseen) };
        Ok(Self { ceiling: probe.accuracy(kept)?, unseen: unseen.len(), ..probe })
    }

    /// The ceiling: the share of real images, which it has not seen, that it reads right; and how many they are.
    pub fn ceiling(&self) -> (f64, usize) {
        (self.ceiling, self.unseen)
    }

    fn of(features: &Features, labels: &[usize], classes: usize) -> Result<Self> {
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
        let weights = cholesky.solve(&target);
        Ok(Self { mean, weights, bias, ceiling: 0.0, unseen: 0 })
    }

    /// Class accuracy: the share of images whose class is read right.
    ///
    /// # Errors
    /// [`Error::OtherFeatures`]; [`Error::TooFewImages`] for none.
    ///
    /// # Panics
    /// As [`fit`](Self::fit).
    pub fn accuracy(&self, images: Labelled<'_>) -> Result<f64> {
        let (features, labels, classes) = (images.features, images.labels, self.bias.len());
        images.check(classes);
        same_columns(self.mean.len(), features.columns())?;
        at_least(1, features, "class accuracy")?;
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
        Ok(right as f64 / labels.len() as f64)
    }
}

impl Labelled<'_> {
    fn check(self, classes: usize) {
        assert_eq!(self.features.rows(), self.labels.len());
        assert!(self.labels.iter().all(|&label| label < classes));
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

    fn labelled((features, labels): &(Features, Vec<usize>)) -> Labelled<'_> {
        Labelled { features, labels }
    }

    fn accuracy(real: &(Features, Vec<usize>), own: &(Features, Vec<usize>)) -> f64 {
        ClassProbe::fit(labelled(real), 3).unwrap().accuracy(labelled(own)).unwrap()
    }

    #[test]
    fn clear_classes_are_read_others_are_guessed() {
        let real = images(300, 1, 9.0);
        assert_eq!(accuracy(&real, &images(90, 2, 9.0)), 1.0);
        assert_eq!(ClassProbe::fit(labelled(&real), 3).unwrap().ceiling(), (1.0, 60));
        let blurred = accuracy(&real, &images(900, 2, 0.0));
        assert!((blurred - 1.0 / 3.0).abs() < 0.08, "{blurred}");
        let (features, mut labels) = images(90, 2, 9.0);
        labels.rotate_left(1);
        assert_eq!(accuracy(&real, &(features, labels)), 0.0);
    }

    /// Classes in turn, five of them: every fifth image would be of the same class.
    #[test]
    fn images_of_every_class_are_kept_out_whatever_their_order() {
        let mut values = Key::new(4, 0, Purpose::Testing).normals(100 * 6);
        let labels: Vec<usize> = (0..100).map(|image| image % 5).collect();
        for (image, label) in labels.iter().enumerate() {
            values[image * 6 + label] += 9.0;
        }
        let features = Features::new(6, values).unwrap();
        let real = Labelled { features: &features, labels: &labels };
        assert_eq!(ClassProbe::fit(real, 5).unwrap().ceiling(), (1.0, 20));
    }

    /// What the probe has seen it reads too well: with as many features as images it reads all of it.
    #[test]
    fn the_ceiling_is_of_images_that_the_probe_has_not_seen() {
        let noise = images(60, 3, 0.0);
        let (ceiling, unseen) = ClassProbe::fit(labelled(&noise), 3).unwrap().ceiling();
        assert!(ceiling < 0.7 && unseen == 12, "{ceiling} of {unseen}");
        assert!(accuracy(&noise, &noise) > ceiling);
    }

    #[test]
    fn too_few_or_alike_images_are_refused() {
        let few = images(12, 1, 9.0);
        assert!(matches!(ClassProbe::fit(labelled(&few), 3), Err(Error::TooFewImages { .. })));
        let alike = Features::new(6, vec![1.0; 60]).unwrap();
        let labels = vec![0; 10];
        let alike = Labelled { features: &alike, labels: &labels };
        assert!(matches!(ClassProbe::fit(alike, 3), Err(Error::Statistics { .. })));
    }
}

//! Linear probes: each reads one attribute off the pixels.

use std::ops::Range;

use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;

use super::attributes::Attribute;
use super::fit::{ROWS, fit};
use super::standardise::Standardise;

/// Softmax regressions on standardised pixels, one an attribute, side by side in one matrix.
#[derive(Clone, Debug)]
pub struct Probes {
    attributes: Vec<Attribute>,
    standardise: Standardise,
    /// `[features + 1, values of all attributes]`; the last row is the bias.
    weights: Array2<f32>,
}

impl Probes {
    /// Fits a probe for each attribute.
    ///
    /// `pixels` is `[records, features]`, `targets` one list for each attribute with the index of
    /// each record's value; `None` keeps the record out of that probe. `progress` is told the share
    /// that is done, 0..1. The result depends on nothing else.
    ///
    /// # Panics
    /// If there are no attributes or records, or their numbers differ.
    pub fn fit(
        attributes: Vec<Attribute>,
        pixels: &[u8],
        targets: &[Vec<Option<usize>>],
        progress: impl FnMut(f64),
    ) -> Self {
        assert_eq!(attributes.len(), targets.len());
        let records = targets[0].len();
        assert!(records > 0 && targets.iter().all(|list| list.len() == records));
        let features = pixels.len() / records;
        let (standardise, weights) =
            fit(pixels, features, targets, &columns(&attributes), progress);
        Self { attributes, standardise, weights }
    }

    /// The attributes they read.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The values they read off images, `[records, features]`: a list for each attribute with an
    /// index into its values for each record.
    pub fn read(&self, pixels: &[u8]) -> Vec<Vec<usize>> {
        let rows: Vec<usize> = (0..pixels.len() / self.standardise.features()).collect();
        let columns = columns(&self.attributes);
        let read: Vec<Vec<usize>> = rows
            .par_chunks(ROWS)
            .flat_map_iter(|rows| {
                let scores = self.standardise.rows(pixels, rows).dot(&self.weights);
                let largest = |scores: ArrayView1<'_, f32>| {
                    let values = columns
                        .iter()
                        .map(|columns| argmax(scores.slice_axis(Axis(0), columns.clone().into())));
                    values.collect::<Vec<usize>>()
                };
                scores.axis_iter(Axis(0)).map(largest).collect::<Vec<_>>()
            })
            .collect();
        (0..columns.len())
            .map(|attribute| read.iter().map(|values| values[attribute]).collect())
            .collect()
    }
}

/// The columns of each attribute.
fn columns(attributes: &[Attribute]) -> Vec<Range<usize>> {
    let columns = attributes.iter().scan(0, |next, attribute| {
        let first = *next;
        *next += attribute.values.len();
        Some(first..*next)
    });
    columns.collect()
}

/// The first of the largest.
pub(super) fn argmax(scores: ArrayView1<'_, f32>) -> usize {
    let larger = |best: (usize, f32), (index, &score): (usize, &f32)| {
        if score > best.1 { (index, score) } else { best }
    };
    scores.iter().enumerate().fold((0, f32::NEG_INFINITY), larger).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixelflow::noise::{Key, Purpose};

    fn attribute(name: &str, values: usize) -> Attribute {
        Attribute {
            name: name.to_owned(),
            values: (0..values).map(|value| Some(value.to_string())).collect(),
            rare: Vec::new(),
        }
    }

    /// Noise of 12 features, in which feature `a` is bright for the first attribute's value `a` and
    /// feature `4 + b` for the second one's value `b`.
    fn records(count: usize) -> (Vec<u8>, Vec<Vec<Option<usize>>>) {
        let draws = Key::new(1, 0, Purpose::Testing).uniforms(count * 12);
        let mut pixels: Vec<u8> = draws.iter().map(|draw| (draw * 120.0) as u8).collect();
        let (first, second): (Vec<_>, Vec<_>) = (0..count).map(|n| (n % 4, n / 4 % 3)).unzip();
        for (row, (a, b)) in first.iter().zip(&second).enumerate() {
            pixels[row * 12 + a] += 100;
            pixels[row * 12 + 4 + b] += 100;
        }
        let targets = |values: Vec<usize>| values.into_iter().map(Some).collect();
        (pixels, vec![targets(first), targets(second)])
    }

    #[test]
    fn they_learn_what_pixels_show() {
        let (pixels, targets) = records(600);
        let attributes = vec![attribute("a", 4), attribute("b", 3)];
        let (train, rest) = pixels.split_at(400 * 12);
        let known: Vec<_> = targets.iter().map(|list| list[..400].to_vec()).collect();
        let probes = Probes::fit(attributes, train, &known, |_| {});
        for (read, targets) in probes.read(rest).iter().zip(&targets) {
            let right = read.iter().zip(&targets[400..]);
            let right = right.filter(|(read, target)| Some(**read) == **target).count();
            assert!(right >= 190, "{right} of 200");
        }
    }

    #[test]
    fn the_same_images_give_the_same_probes_on_any_number_of_threads() {
        let (pixels, targets) = records(300);
        let fitted = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let attributes = vec![attribute("a", 4), attribute("b", 3)];
            pool.unwrap().install(|| Probes::fit(attributes, &pixels, &targets, |_| {}).weights)
        };
        assert_eq!(fitted(1), fitted(3));
    }

    #[test]
    fn a_record_without_a_value_does_not_touch_the_probe() {
        let (pixels, mut targets) = records(300);
        targets[1].fill(None);
        let probes =
            Probes::fit(vec![attribute("a", 4), attribute("b", 3)], &pixels, &targets, |_| {});
        let (first, second) = probes.weights.view().split_at(Axis(1), 4);
        assert!(first.iter().any(|weight| *weight != 0.0));
        assert!(second.iter().all(|weight| *weight == 0.0));
    }
}

//! Accuracies, attribute by attribute, and their means.

use serde::Serialize;

use super::attributes::Attribute;

/// How well one attribute is read off images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttributeScore {
    /// The attribute.
    pub attribute: String,
    /// Number of values that its probe tells apart.
    pub values: usize,
    /// Values left out: too few training images have them.
    pub rare: Vec<Option<String>>,
    /// Held-out images that count: those with one of the values.
    pub images: usize,
    /// Accuracy of always naming the value most frequent in training, 0..1.
    pub chance: f64,
    /// Accuracy on the real images, 0..1.
    pub real: f64,
    /// Accuracy on the images drawn from the same captions, 0..1.
    pub generated: Option<f64>,
    /// `generated / real`, if anything is read off real images.
    pub ratio: Option<f64>,
}

/// Means over the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Means {
    /// Of [`AttributeScore::chance`].
    pub chance: f64,
    /// Of [`AttributeScore::real`].
    pub real: f64,
    /// Of [`AttributeScore::generated`].
    pub generated: Option<f64>,
    /// Of [`AttributeScore::ratio`].
    pub ratio: Option<f64>,
}

impl AttributeScore {
    /// Compares what was read with the targets, a value an image; `None` if no image counts.
    pub fn new(
        attribute: &Attribute,
        targets: &[Option<usize>],
        real: &[usize],
        generated: Option<&[usize]>,
    ) -> Option<Self> {
        let images = targets.iter().flatten().count();
        if images == 0 {
            return None;
        }
        let share = |right: usize| right as f64 / images as f64;
        let accuracy = |read: &[usize]| {
            let right = read.iter().zip(targets);
            share(right.filter(|(read, target)| Some(**read) == **target).count())
        };
        let real = accuracy(real);
        let generated = generated.map(accuracy);
        let ratio = generated.filter(|_| real > 0.0).map(|generated| generated / real);
        Some(Self {
            attribute: attribute.name.clone(),
            values: attribute.values.len(),
            rare: attribute.rare.clone(),
            images,
            chance: share(targets.iter().filter(|target| **target == Some(0)).count()),
            real,
            generated,
            ratio,
        })
    }
}

impl Means {
    /// Over all attributes; `None` if there are none.
    pub fn of(scores: &[AttributeScore]) -> Option<Self> {
        let mean = |values: Vec<f64>| {
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        Some(Self {
            chance: mean(scores.iter().map(|score| score.chance).collect())?,
            real: mean(scores.iter().map(|score| score.real).collect())?,
            generated: mean(scores.iter().filter_map(|score| score.generated).collect()),
            ratio: mean(scores.iter().filter_map(|score| score.ratio).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute() -> Attribute {
        Attribute {
            name: "hair".to_owned(),
            values: vec![None, Some("black".to_owned())],
            rare: Vec::new(),
        }
    }

    #[test]
    fn images_with_a_value_left_out_do_not_count() {
        let targets = [Some(0), Some(1), None, Some(1), Some(0)];
        let score =
            AttributeScore::new(&attribute(), &targets, &[0, 1, 0, 0, 0], Some(&[1, 1, 1, 0, 0]))
                .unwrap();
        assert_eq!((score.images, score.chance, score.real), (4, 0.5, 0.75));
        assert_eq!((score.generated, score.ratio), (Some(0.5), Some(0.5 / 0.75)));
        assert_eq!(AttributeScore::new(&attribute(), &[None], &[0], None), None);
    }

    #[test]
    fn means_are_over_attributes() {
        let score = |targets: &[Option<usize>], generated| {
            AttributeScore::new(&attribute(), targets, &[0, 1], generated).unwrap()
        };
        let scores = [
            score(&[Some(0), Some(1)], Some([0, 0].as_slice())),
            score(&[Some(0), Some(0)], Some([0, 0].as_slice())),
        ];
        let means = Means::of(&scores).unwrap();
        assert_eq!((means.chance, means.real), (0.75, 0.75));
        assert_eq!((means.generated, means.ratio), (Some(0.75), Some(1.25)));
        let real = Means::of(&[score(&[Some(1), Some(1)], None)]).unwrap();
        assert_eq!((real.generated, real.ratio), (None, None));
        assert_eq!(Means::of(&[]), None);
    }
}

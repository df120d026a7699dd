//! Images per class: whether labels were drawn evenly, and whether a class is missing.

use serde::{Deserialize, Serialize};

/// How many images each class has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCounts {
    /// One a class.
    pub counts: Vec<u64>,
    /// Classes without an image.
    pub missing: Vec<usize>,
    /// Images whose label is no class.
    pub strangers: u64,
}

impl ClassCounts {
    /// Counts labels.
    pub fn of(labels: impl IntoIterator<Item = usize>, classes: usize) -> Self {
        let (mut counts, mut strangers) = (vec![0; classes], 0);
        for label in labels {
            *counts.get_mut(label).unwrap_or(&mut strangers) += 1;
        }
        let missing = (0..classes).filter(|&class| counts[class] == 0).collect();
        Self { counts, missing, strangers }
    }

    /// Whether all classes have equally many images, as class-balanced sampling draws them. FID of balanced
    /// labels is about 0.1 lower than that of random ones, so it is said beside the number.
    pub fn is_balanced(&self) -> bool {
        self.strangers == 0 && self.counts.windows(2).all(|pair| pair[0] == pair[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_classes_and_strangers_are_named() {
        let counts = ClassCounts::of([0, 2, 2, 7], 4);
        assert_eq!((counts.counts.as_slice(), counts.strangers), ([1, 0, 2, 0].as_slice(), 1));
        assert_eq!(counts.missing, [1, 3]);
        assert!(!counts.is_balanced() && ClassCounts::of([1, 0, 0, 1], 2).is_balanced());
    }
}

//! The share of a batch that one of several trainers computes.

use std::cmp::Reverse;
use std::ops::Range;

/// Some of the parts that [`PackedBatch::cut`](crate::PackedBatch::cut) deals a batch into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which of the parts.
    pub parts: Range<usize>,
    /// How many there are.
    pub of: usize,
}

impl Share {
    /// The whole batch.
    pub const WHOLE: Self = Self { parts: 0..1, of: 1 };

    /// Positions in the batch, ascending, of the examples in these parts, whose `stages` are those of all examples.
    ///
    /// Packed and cut by themselves, they are the same parts: examples are sorted by stage, and every `of`-th is a
    /// part's.
    ///
    /// # Panics
    /// If the examples cannot be divided into so many parts.
    pub fn positions(&self, stages: &[usize]) -> Vec<usize> {
        assert!(stages.len().is_multiple_of(self.of), "{} equal parts", self.of);
        let mut packed: Vec<usize> = (0..stages.len()).collect();
        packed.sort_by_key(|&position| Reverse(stages[position]));
        let dealt = packed.into_iter().enumerate();
        let mut own: Vec<usize> = dealt
            .filter(|(place, _)| self.parts.contains(&(place % self.of)))
            .map(|(_, position)| position)
            .collect();
        own.sort_unstable();
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_every_example_once() {
        let stages = [2, 0, 1, 1, 0, 2, 2, 0, 1, 0, 2, 1];
        for (of, cuts) in [(1, vec![0, 1]), (4, vec![0, 2, 4]), (6, vec![0, 1, 3, 6])] {
            let share = |range: &[usize]| Share { parts: range[0]..range[1], of };
            let mut all: Vec<usize> =
                cuts.windows(2).flat_map(|range| share(range).positions(&stages)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..12).collect::<Vec<_>>(), "{of}");
        }
    }

    #[test]
    fn every_so_manyth_of_the_sorted_examples_is_a_part_s() {
        // Sorted: 0 5 (stage 2), 2 3 (1), 1 4 (0).
        let stages = [2, 0, 1, 1, 0, 2];
        assert_eq!(Share { parts: 0..1, of: 2 }.positions(&stages), [0, 1, 2]);
        assert_eq!(Share { parts: 1..2, of: 2 }.positions(&stages), [3, 4, 5]);
        assert_eq!(Share { parts: 1..3, of: 3 }.positions(&stages), [1, 2, 4, 5]);
    }
}

//! The share of a batch that one of several trainers computes.

use std::cmp::Reverse;

/// Every so manyth of the parts that [`PackedBatch::cut`](crate::PackedBatch::cut) deals a batch into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The first of its parts, and the number of the trainer.
    pub rank: usize,
    /// Trainers that share the batch.
    pub ranks: usize,
    /// Parts of the batch.
    pub parts: usize,
}

impl Share {
    /// The whole batch.
    pub const WHOLE: Self = Self::alone(1);

    /// The whole batch, in so many parts.
    pub const fn alone(parts: usize) -> Self {
        Self { rank: 0, ranks: 1, parts }
    }

    /// How many of the parts it has: those of number `rank`, `rank + ranks`, and so on.
    pub fn own_parts(&self) -> usize {
        self.parts.saturating_sub(self.rank).div_ceil(self.ranks)
    }

    /// How many parts the trainer that has the most of them has.
    pub fn rounds(&self) -> usize {
        self.parts.div_ceil(self.ranks)
    }

    /// Positions in the batch, ascending, of the examples in these parts, whose `stages` are those of all examples.
    ///
    /// Packed and cut by themselves, they are the same parts: examples are sorted by stage, and every `parts`-th is a
    /// part's.
    ///
    /// # Panics
    /// If the examples cannot be divided into so many parts.
    pub fn positions(&self, stages: &[usize]) -> Vec<usize> {
        assert!(stages.len().is_multiple_of(self.parts), "{} equal parts", self.parts);
        let mut packed: Vec<usize> = (0..stages.len()).collect();
        packed.sort_by_key(|&position| Reverse(stages[position]));
        let dealt = packed.into_iter().enumerate();
        let mut own: Vec<usize> = dealt
            .filter(|(place, _)| place % self.parts % self.ranks == self.rank)
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
        for (ranks, parts) in [(1, 1), (2, 4), (3, 4), (4, 6), (12, 12)] {
            let share = |rank| Share { rank, ranks, parts };
            let mut all: Vec<usize> =
                (0..ranks).flat_map(|rank| share(rank).positions(&stages)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..12).collect::<Vec<_>>(), "{ranks} {parts}");
            let own: Vec<usize> = (0..ranks).map(|rank| share(rank).own_parts()).collect();
            assert_eq!((own.iter().sum(), own[0]), (parts, share(0).rounds()));
        }
    }

    #[test]
    fn every_so_manyth_of_the_sorted_examples_is_a_part_s() {
        // Sorted: 0 5 (stage 2), 2 3 (1), 1 4 (0).
        let stages = [2, 0, 1, 1, 0, 2];
        let positions = |rank, ranks, parts| Share { rank, ranks, parts }.positions(&stages);
        assert_eq!(positions(0, 2, 2), [0, 1, 2]);
        assert_eq!(positions(1, 2, 2), [3, 4, 5]);
        // Of the parts 0 3, 5 1 and 2 4 the first and the last.
        assert_eq!(positions(0, 2, 3), [0, 2, 3, 4]);
    }
}

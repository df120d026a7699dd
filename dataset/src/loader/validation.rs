//! Which records a validation looks at.

use pixelflow::noise::{Key, Purpose};

/// No epoch's number: the draw has nothing in common with the order of any.
const NO_EPOCH: u64 = u64::MAX;

/// `n` of `count` record numbers, drawn by `seed`, ascending; all of them if there are no more.
///
/// The first records would not do: data sets are often sorted by class.
pub fn validation_records(count: usize, n: usize, seed: u64) -> Vec<usize> {
    let mut records: Vec<usize> = (0..count).collect();
    Key::new(seed, NO_EPOCH, Purpose::ExampleOrder).shuffle(&mut records);
    records.truncate(n);
    records.sort_unstable();
    records
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn they_are_drawn_from_everywhere_without_repetition_and_by_seed_alone() {
        let drawn = validation_records(1000, 100, 3);
        assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 100);
        // Of every tenth of the data set about ten.
        for tenth in 0..10 {
            let count = drawn.iter().filter(|&&record| record / 100 == tenth).count();
            assert!((3..20).contains(&count), "{count} of tenth {tenth}");
        }
        assert_eq!(drawn, validation_records(1000, 100, 3));
        assert_ne!(drawn, validation_records(1000, 100, 4));
        assert_eq!(validation_records(5, 9, 3), [0, 1, 2, 3, 4]);
    }
}

//! Which example of a batch trains which stage.

use pixelflow::noise::{Key, Purpose};

/// The stage of every example of batch number `step`, shuffled.
///
/// Stages are dealt in turn, on from where the previous batch stopped: in any run of consecutive
/// batches no stage has more than one example more than another. When `batch` is a multiple of
/// `stages` every batch has equally many of each, as in the reference.
///
/// # Panics
/// If `stages` is 0.
pub fn assign_stages(seed: u64, step: u64, batch: usize, stages: usize) -> Vec<usize> {
    // 128 bits: the number of examples seen so far may not fit into 64.
    let first = (u128::from(step) * batch as u128 % stages as u128) as usize;
    let mut assigned: Vec<usize> = (first..first + batch).map(|place| place % stages).collect();
    Key::new(seed, step, Purpose::StageOrder).shuffle(&mut assigned);
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(stages: usize, assigned: &[usize]) -> Vec<usize> {
        (0..stages).map(|stage| assigned.iter().filter(|&&given| given == stage).count()).collect()
    }

    #[test]
    fn a_multiple_of_the_stages_gives_equally_many_of_each() {
        for step in 0..20 {
            assert_eq!(counts(4, &assign_stages(3, step, 12, 4)), [3, 3, 3, 3]);
        }
    }

    #[test]
    fn any_run_of_batches_is_balanced_within_one() {
        for (batch, stages) in [(1, 4), (3, 4), (6, 4), (5, 3), (7, 1)] {
            let batches: Vec<Vec<usize>> =
                (0..12).map(|step| assign_stages(3, step, batch, stages)).collect();
            for start in 0..batches.len() {
                for end in start + 1..=batches.len() {
                    let counts = counts(stages, &batches[start..end].concat());
                    let (least, most) = (counts.iter().min(), counts.iter().max());
                    assert!(most.unwrap() - least.unwrap() <= 1, "{batch} {stages}: {counts:?}");
                }
            }
        }
    }

    #[test]
    fn the_order_changes_from_batch_to_batch_and_with_the_seed() {
        let order = |seed, step| assign_stages(seed, step, 16, 4);
        assert_eq!(order(3, 5), order(3, 5));
        assert_ne!(order(3, 5), order(3, 6));
        assert_ne!(order(3, 5), order(4, 5));
    }

    #[test]
    fn the_last_step_of_all_does_not_overflow() {
        assert_eq!(assign_stages(0, u64::MAX, 6, 4).len(), 6);
    }
}

//! Where runs can be compared: after the same steps, and after as many images.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::metrics::ValidationRecord;

/// The validation losses of all runs at one place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Meeting {
    /// The step, or the number of images.
    pub at: u64,
    /// The loss of each run.
    pub losses: Vec<f64>,
    /// Which of them lie between two validations and are interpolated.
    pub interpolated: Vec<bool>,
}

/// The losses after steps at which every run has a validation.
pub(super) fn at_equal_steps(runs: &[Vec<&ValidationRecord>]) -> Vec<Meeting> {
    let steps = |run: &Vec<&ValidationRecord>| -> BTreeSet<u64> {
        run.iter().map(|record| record.step).collect()
    };
    let common = runs.iter().map(steps).reduce(|a, b| &a & &b).unwrap_or_default();
    let loss = |run: &Vec<&ValidationRecord>, step: u64| {
        run.iter().rfind(|record| record.step == step).map_or(f64::NAN, |record| record.loss)
    };
    let meeting = |at: u64| Meeting {
        at,
        losses: runs.iter().map(|run| loss(run, at)).collect(),
        interpolated: vec![false; runs.len()],
    };
    common.into_iter().map(meeting).collect()
}

/// The losses after as many images as some run has a validation at and none has not come to: of the others they lie on
/// the straight line between two validations.
pub(super) fn at_equal_images(runs: &[Vec<&ValidationRecord>]) -> Vec<Meeting> {
    let images: BTreeSet<u64> = runs.iter().flatten().map(|record| record.images).collect();
    let meeting = |at: u64| {
        let found = runs.iter().map(|run| loss_after(run, at)).collect::<Option<Vec<_>>>()?;
        let (losses, interpolated) = found.into_iter().unzip();
        Some(Meeting { at, losses, interpolated })
    };
    images.into_iter().filter_map(meeting).collect()
}

/// A run's loss after so many images, and whether it is interpolated; `None` before its first and after its last
/// validation.
fn loss_after(run: &[&ValidationRecord], images: u64) -> Option<(f64, bool)> {
    let after = run.iter().position(|record| record.images >= images)?;
    let right = run[after];
    if right.images == images {
        return Some((right.loss, false));
    }
    let left = run[after.checked_sub(1)?];
    let share = (images - left.images) as f64 / (right.images - left.images) as f64;
    Some((left.loss + share * (right.loss - left.loss), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(batch: u64, losses: &[(u64, f64)]) -> Vec<ValidationRecord> {
        let record = |&(step, loss): &(u64, f64)| ValidationRecord {
            step,
            images: batch * step,
            loss,
            stage_losses: Vec::new(),
        };
        losses.iter().map(record).collect()
    }

    #[test]
    fn runs_meet_where_they_have_taken_as_many_steps_or_images() {
        let small = run(10, &[(10, 0.5), (20, 0.4), (40, 0.2)]);
        let large = run(20, &[(10, 0.45), (15, 0.4), (40, 0.1)]);
        let runs = [small.iter().collect::<Vec<_>>(), large.iter().collect()];
        let meeting = |at, losses: [f64; 2], interpolated: [bool; 2]| Meeting {
            at,
            losses: losses.to_vec(),
            interpolated: interpolated.to_vec(),
        };
        let steps = at_equal_steps(&runs);
        let none = [false; 2];
        assert_eq!(steps, [meeting(10, [0.5, 0.45], none), meeting(40, [0.2, 0.1], none)]);
        let images = at_equal_images(&runs);
        // At 200 both have one; at 300 the first run is half-way between 0.4 and 0.2.
        assert_eq!(images[0], meeting(200, [0.4, 0.45], none));
        assert_eq!((images[1].at, &images[1].interpolated), (300, &vec![true, false]));
        assert!((images[1].losses[0] - 0.3).abs() < 1e-12);
        assert_eq!(
            (images.len(), images[2].at),
            (3, 400),
            "what a run has not come to is no place"
        );
    }
}

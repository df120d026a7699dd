//! The count of steps that were rejected: their loss or gradient was not finite, and they have changed no weight.

use serde::{Deserialize, Serialize};

/// How often the learning rate is halved before the run ends: to a thousandth.
const MOST_ROLLBACKS: u32 = 10;

/// Rejected steps of a run, and how often it went back to earlier weights because of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejections {
    /// Steps that were rejected.
    pub steps: u64,
    /// Those since the last update or rollback.
    pub in_a_row: u64,
    /// How often the run went back to earlier weights.
    pub rollbacks: u32,
    /// Steps of the run of which the weights know nothing: rejected ones, and those before a rollback.
    pub without_update: u64,
    /// The step whose weights these are, since a rollback until the next update.
    pub weights_of: Option<u64>,
}

impl Rejections {
    /// What the learning rate is multiplied with: a half for each rollback.
    pub fn rate(&self) -> f64 {
        0.5_f64.powi(self.rollbacks as i32)
    }

    /// Whether the run may go back once more.
    pub fn may_roll_back(&self) -> bool {
        self.rollbacks < MOST_ROLLBACKS
    }

    /// The step whose weights a run has after `step` steps.
    pub fn step_of_weights(&self, step: u64) -> u64 {
        self.weights_of.unwrap_or(step - self.in_a_row)
    }

    /// Counts a step that was rejected.
    pub fn reject(&mut self) {
        self.steps += 1;
        self.in_a_row += 1;
        self.without_update += 1;
    }

    /// Notes that a step has updated the weights.
    pub fn update(&mut self) {
        self.in_a_row = 0;
        self.weights_of = None;
    }

    /// Notes that the run, after `step` steps, has the weights of the checkpoint of `earlier`, which had
    /// `updates`.
    pub fn roll_back(&mut self, step: u64, earlier: u64, updates: u64) {
        self.in_a_row = 0;
        self.rollbacks += 1;
        self.without_update = step - updates;
        self.weights_of = Some(earlier);
    }

    /// Forgets the rejected steps since the last update or rollback; gives how many they were.
    pub fn take_back(&mut self) -> u64 {
        let taken = std::mem::take(&mut self.in_a_row);
        self.steps -= taken;
        self.without_update -= taken;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_last_update_or_of_the_checkpoint_gone_back_to() {
        let mut rejections = Rejections::default();
        rejections.reject();
        rejections.reject();
        assert_eq!((rejections.step_of_weights(12), rejections.without_update), (10, 2));
        rejections.roll_back(12, 8, 8);
        assert_eq!((rejections.step_of_weights(12), rejections.without_update), (8, 4));
        rejections.reject();
        // Not 12, whose weights are those of 8 again.
        assert_eq!((rejections.step_of_weights(13), rejections.rate()), (8, 0.5));
        rejections.update();
        assert_eq!((rejections.step_of_weights(14), rejections.steps), (14, 3));
        assert_eq!(rejections.without_update, 5);
    }

    #[test]
    fn what_is_taken_back_leaves_the_state_before() {
        let before =
            Rejections { steps: 3, without_update: 7, rollbacks: 1, ..Rejections::default() };
        let mut rejections = before;
        rejections.reject();
        rejections.reject();
        assert_eq!(rejections.take_back(), 2);
        assert_eq!(rejections, before);
    }

    #[test]
    fn the_rate_does_not_go_below_a_thousandth() {
        let mut rejections = Rejections::default();
        while rejections.may_roll_back() {
            rejections.roll_back(1, 0, 0);
        }
        assert_eq!(rejections.rate(), 1.0 / 1024.0);
    }
}

//! How often something is done.

use serde::{Deserialize, Serialize};

/// Something done every so many steps; written as a number, 0 for never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cadence(u64);

impl Cadence {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// Every `steps` steps; 0 for never.
    pub const fn every(steps: u64) -> Self {
        Self(steps)
    }

    /// Whether it is never done.
    pub const fn is_never(self) -> bool {
        self.0 == 0
    }

    /// Whether it is to be done when `step` steps have been taken; never at step 0.
    pub const fn is_due(self, step: u64) -> bool {
        step > 0 && self.0 > 0 && step.is_multiple_of(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiples_are_due_but_not_the_start() {
        let due =
            |cadence: Cadence| -> Vec<u64> { (0..10).filter(|s| cadence.is_due(*s)).collect() };
        assert_eq!(due(Cadence::every(4)), [4, 8]);
        assert_eq!(due(Cadence::every(1)), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(due(Cadence::NEVER).is_empty());
    }
}

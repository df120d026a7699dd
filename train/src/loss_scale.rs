//! The factor of the loss in f16, whose smallest numbers are too large for many gradients.
//!
//! Micikevicius et al., arXiv 1710.03740, section 3.2: the loss is multiplied before the backward pass, the gradients
//! are divided afterwards, in f32. The factor is halved when a gradient overflows, and doubled when none has for long.
//! Where others pass over the batch that overflowed, ours is computed again: no image is lost.

use serde::{Deserialize, Serialize};

use crate::precision::Precision;

/// Steps without an overflow after which the factor is doubled.
const PATIENCE: u64 = 2000;
/// The largest factor: f16 reaches to 65504, and losses are near 1.
const MOST: f64 = 16_777_216.0;

/// The factor of the loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossScale {
    factor: f64,
    /// Steps since it was changed.
    steps: u64,
}

impl Default for LossScale {
    fn default() -> Self {
        Self { factor: 65_536.0, steps: 0 }
    }
}

impl LossScale {
    /// A factor that is chosen.
    #[cfg(all(test, feature = "flex"))]
    pub fn of(factor: f64) -> Self {
        Self { factor, steps: 0 }
    }

    /// The factor in a format: 1 where gradients are not too small.
    pub fn factor(self, precision: Precision) -> f64 {
        if precision == Precision::F16 { self.factor } else { 1.0 }
    }

    /// Takes in a step without an overflow; says whether the factor has grown.
    pub fn succeed(&mut self) -> bool {
        self.steps += 1;
        let grows = self.steps >= PATIENCE && self.factor < MOST;
        if grows {
            *self = Self { factor: 2.0 * self.factor, steps: 0 };
        }
        grows
    }

    /// Takes in an overflow; `false` if the factor is 1 and cannot be at fault.
    pub fn back_off(&mut self) -> bool {
        let shrinks = self.factor > 1.0;
        if shrinks {
            *self = Self { factor: (self.factor / 2.0).max(1.0), steps: 0 };
        }
        shrinks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_down_to_one_and_doubles_with_patience() {
        let mut scale = LossScale::default();
        let halvings = std::iter::repeat_with(|| scale.back_off()).take_while(|&is| is).count();
        assert_eq!((halvings, scale.factor(Precision::F16)), (16, 1.0));
        let growths = (0..3 * PATIENCE).filter(|_| scale.succeed()).count();
        assert_eq!((growths, scale.factor(Precision::F16)), (3, 8.0));
        assert_eq!(scale.factor(Precision::Bf16), 1.0);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut scale = LossScale::default();
        let growths = (0..100 * PATIENCE).filter(|_| scale.succeed()).count();
        assert_eq!((growths, scale.factor), (8, MOST));
    }
}

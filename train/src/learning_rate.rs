//! The learning rate of each step: a linear warm-up, then constant, along a cosine or along a line.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How the learning rate goes on after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// It stays at its peak.
    Constant,
    /// It falls along half a cosine until the last step.
    Cosine,
    /// It falls along a straight line until the last step.
    Linear,
}

/// The learning rate as a function of the step.
///
/// With peak `p`, minimum `m`, `w` warm-up steps and `n` steps in all, step `s` (the first is 0)
/// has
///
/// - `p (s + 1) / w` while `s < w`,
/// - then `p` if constant,
/// - or with `u = (s - t) / (n - 1 - t)`, where `t` is the step at the peak (the last one of the warm-up, or 0),
///   `m + (p - m) (1 + cos(pi u)) / 2` along the cosine and `m + (p - m) (1 - u)` along the line. The last step has
///   `m`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRate {
    /// Highest value.
    pub peak: f64,
    /// What cosine and line fall to.
    pub minimum: f64,
    /// Steps until the peak is reached.
    pub warmup_steps: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// How it goes on after the warm-up.
    pub schedule: Schedule,
}

impl LearningRate {
    /// The learning rate of step `step`, counted from 0; after the last step that of the end.
    pub fn at(&self, step: u64) -> f64 {
        let Self { peak, minimum, warmup_steps, schedule, .. } = *self;
        if step < warmup_steps {
            return peak * (step + 1) as f64 / warmup_steps as f64;
        }
        match schedule {
            Schedule::Constant => peak,
            Schedule::Cosine => {
                minimum + (peak - minimum) * 0.5 * (1.0 + (PI * self.progress(step)).cos())
            }
            Schedule::Linear => minimum + (peak - minimum) * (1.0 - self.progress(step)),
        }
    }

    /// The share of the way from the step at the peak to the last one.
    fn progress(&self, step: u64) -> f64 {
        let (top, last) = (self.warmup_steps.saturating_sub(1), self.steps.saturating_sub(1));
        let whole = last.saturating_sub(top).max(1);
        (step.min(last).max(top) - top) as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSINE: LearningRate = LearningRate {
        peak: 1e-3,
        minimum: 1e-5,
        warmup_steps: 10,
        steps: 110,
        schedule: Schedule::Cosine,
    };

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-15, "{found} instead of {expected}");
    }

    #[test]
    fn the_warm_up_is_a_straight_line_that_ends_at_the_peak() {
        assert_close(COSINE.at(0), 1e-4);
        assert_close(COSINE.at(4), 5e-4);
        assert_close(COSINE.at(9), 1e-3);
    }

    #[test]
    fn the_cosine_goes_from_peak_to_minimum() {
        assert_close(COSINE.at(9), 1e-3);
        assert_close(COSINE.at(59), f64::midpoint(1e-3, 1e-5));
        assert_close(COSINE.at(109), 1e-5);
        assert_close(COSINE.at(1_000_000), 1e-5);
        let falls = (9..109).all(|step| COSINE.at(step) > COSINE.at(step + 1));
        assert!(falls, "the learning rate falls at every step");
    }

    #[test]
    fn the_line_goes_from_peak_to_minimum() {
        let line = LearningRate { schedule: Schedule::Linear, ..COSINE };
        assert_close(line.at(9), 1e-3);
        assert_close(line.at(59), f64::midpoint(1e-3, 1e-5));
        assert_close(line.at(34), 1e-5 + 0.75 * (1e-3 - 1e-5));
        assert_close(line.at(109), 1e-5);
        assert_close(line.at(1_000_000), 1e-5);
    }

    #[test]
    fn constant_means_constant() {
        let constant = LearningRate { schedule: Schedule::Constant, ..COSINE };
        assert_close(constant.at(9), 1e-3);
        assert_close(constant.at(10), 1e-3);
        assert_close(constant.at(1_000_000), 1e-3);
    }

    #[test]
    fn without_warm_up_the_peak_comes_first() {
        let rate = LearningRate { warmup_steps: 0, ..COSINE };
        assert_close(rate.at(0), 1e-3);
        assert_close(rate.at(109), 1e-5);
        let all_warm_up = LearningRate { warmup_steps: 110, ..COSINE };
        assert_close(all_warm_up.at(109), 1e-3);
        let single = LearningRate { warmup_steps: 0, steps: 1, ..COSINE };
        assert_close(single.at(0), 1e-3);
    }
}

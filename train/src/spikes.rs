//! Clipping of gradient spikes: a norm far above what norms have been of late is brought down.
//!
//! `ZClip` (arXiv 2504.02507): with the moving mean `m` and deviation `d` of the norms, a norm `g` has the score
//! `z = (g - m) / d`. Above the threshold `h` it is clipped to `m + d h^2 / z`: the further out, the closer to the
//! mean. Mean and deviation go on with the clipped norm, so that a spike does not hide the next.

use serde::{Deserialize, Serialize};

/// Norms from which the first mean and deviation are made; none of them is clipped.
const FIRST: u64 = 25;
/// Decay of the moving mean and variance.
const DECAY: f64 = 0.97;
/// Added to the deviation.
const EPSILON: f64 = 1e-6;

/// What the norms of gradients have been so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spikes {
    /// Norms seen.
    norms: u64,
    /// Their moving mean.
    mean: f64,
    /// Their moving variance.
    variance: f64,
    /// Norms that were clipped.
    pub clipped: u64,
}

impl Spikes {
    /// The largest norm that a gradient of norm `norm` may keep, if it is a spike: its score is above `threshold`.
    pub fn limit(&self, norm: f64, threshold: f64) -> Option<f64> {
        let deviation = self.variance.sqrt();
        let score = (norm - self.mean) / (deviation + EPSILON);
        (self.norms >= FIRST && score > threshold)
            .then(|| self.mean + deviation * threshold * threshold / score)
    }

    /// Takes in a norm, and what it was clipped to.
    pub fn add(&mut self, norm: f64, limit: Option<f64>) {
        self.norms += 1;
        self.clipped += u64::from(limit.is_some());
        let norm = limit.unwrap_or(norm);
        // The plain mean and variance of the first ones (Welford), the moving ones of all others.
        let share = if self.norms <= FIRST { 1.0 / self.norms as f64 } else { 1.0 - DECAY };
        let before = norm - self.mean;
        self.mean += share * before;
        let after = norm - self.mean;
        self.variance = if self.norms <= FIRST {
            self.variance + share * (before * after - self.variance)
        } else {
            DECAY * self.variance + (1.0 - DECAY) * after * after
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!(
            (found - expected).abs() < 1e-12 * expected.abs().max(1.0),
            "{found}, not {expected}"
        );
    }

    fn after(norms: impl IntoIterator<Item = f64>) -> Spikes {
        let mut spikes = Spikes::default();
        norms.into_iter().for_each(|norm| spikes.add(norm, spikes.limit(norm, 2.5)));
        spikes
    }

    #[test]
    fn mean_and_variance_begin_with_those_of_the_first_norms() {
        let norms: Vec<f64> = (0..25).map(|i| f64::from(i % 5)).collect();
        let spikes = after(norms);
        assert_close(spikes.mean, 2.0);
        assert_close(spikes.variance, 2.0);
        assert_eq!(spikes.clipped, 0);
    }

    #[test]
    fn a_spike_is_brought_closer_to_the_mean_the_further_out_it_is() {
        let spikes = after((0..25).map(|i| f64::from(i % 5)));
        let deviation = 2_f64.sqrt();
        assert_eq!(spikes.limit(5.0, 2.5), None);
        for norm in [6.0, 20.0, 1e6] {
            let score = (norm - 2.0) / (deviation + 1e-6);
            assert_close(spikes.limit(norm, 2.5).unwrap(), 2.0 + deviation * 6.25 / score);
        }
        assert!(spikes.limit(1e6, 2.5) < spikes.limit(20.0, 2.5));
    }

    #[test]
    fn statistics_go_on_with_what_was_clipped() {
        let mut spikes = after((0..25).map(|i| f64::from(i % 5)));
        let limit = spikes.limit(20.0, 2.5);
        spikes.add(20.0, limit);
        let clipped = limit.unwrap();
        let mean = 0.97 * 2.0 + 0.03 * clipped;
        assert_close(spikes.mean, mean);
        assert_close(spikes.variance, 0.97 * 2.0 + 0.03 * (clipped - mean) * (clipped - mean));
        assert_eq!(spikes.clipped, 1);
    }
}

//! How much of a drawing is done.

use std::cmp::Ordering;

use pixelflow::pipeline::Begin;
use pixelflow::sampler::Sampler;

/// The work of each stage: its steps, each as much as it has pixels.
#[derive(Clone, Debug)]
pub(super) struct ProgressShare(Vec<f64>);

impl ProgressShare {
    /// Of a sampler, from where an edit begins; an adaptive solver's steps are not known before, and counted alike
    /// in all stages.
    pub(super) fn new(sampler: &Sampler, begin: Option<Begin>) -> Self {
        let (first, time) = match begin {
            None => (0, 0.0),
            Some(Begin::Stage(stage)) => (stage, 0.0),
            Some(Begin::Strength(strength)) => sampler.place_of_strength(strength),
        };
        let left = |stage: usize| match stage.cmp(&first) {
            Ordering::Less => 0.0,
            Ordering::Equal => 1.0 - time,
            Ordering::Greater => 1.0,
        };
        let work = |(stage, &steps): (usize, &usize)| {
            left(stage) * 4_f64.powi(stage as i32) * steps as f64
        };
        Self(sampler.steps().iter().enumerate().map(work).collect())
    }

    /// The share that is done at a time within a stage, 0 to 1.
    pub(super) fn at(&self, stage: usize, time: f64) -> f64 {
        let before: f64 = self.0.iter().take(stage).sum();
        let within = self.0.get(stage).copied().unwrap_or(0.0) * time.clamp(0.0, 1.0);
        (before + within) / self.0.iter().sum::<f64>().max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pixelflow::cascade::CascadeConfig;
    use pixelflow::sampler::SamplerConfig;

    #[test]
    fn a_step_counts_as_its_pixels_do() {
        let cascade = CascadeConfig { stages: 2, train_timesteps: 1000 }.build().unwrap();
        let config = SamplerConfig { steps: vec![4, 1], ..SamplerConfig::default() };
        let sampler = config.check(cascade).unwrap();
        let share = ProgressShare::new(&sampler, None);
        assert_eq!([share.at(0, 0.5), share.at(1, 0.0), share.at(1, 1.0)], [0.25, 0.5, 1.0]);
        let share = ProgressShare::new(&sampler, Some(Begin::Stage(1)));
        assert_eq!([share.at(1, 0.0), share.at(1, 0.5)], [0.0, 0.5]);
        let (stage, time) = sampler.place_of_strength(0.75);
        assert_eq!(stage, 0);
        let share = ProgressShare::new(&sampler, Some(Begin::Strength(0.75)));
        let first = 4.0 * (1.0 - time);
        assert!((share.at(0, 1.0) - first / (first + 4.0)).abs() < 1e-12);
    }
}

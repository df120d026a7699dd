//! How much of a drawing is done.

use pixelflow::sampler::Sampler;

/// The work of each stage: its steps, each as much as it has pixels.
#[derive(Clone, Debug)]
pub(super) struct ProgressShare(Vec<f64>);

impl ProgressShare {
    /// Of a sampler; an adaptive solver's steps are not known before, and counted alike in all stages.
    pub(super) fn new(sampler: &Sampler) -> Self {
        let work = |(stage, steps): (usize, &usize)| 4_f64.powi(stage as i32) * *steps as f64;
        Self(sampler.steps().iter().enumerate().map(work).collect())
    }

    /// The share that is done at a time within a stage, 0 to 1.
    pub(super) fn at(&self, stage: usize, time: f64) -> f64 {
        let before: f64 = self.0.iter().take(stage).sum();
        let within = self.0.get(stage).copied().unwrap_or(0.0) * time.clamp(0.0, 1.0);
        (before + within) / self.0.iter().sum::<f64>()
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
        let share = ProgressShare::new(&config.check(cascade).unwrap());
        assert_eq!([share.at(0, 0.5), share.at(1, 0.0), share.at(1, 1.0)], [0.25, 0.5, 1.0]);
    }
}

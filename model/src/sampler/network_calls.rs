//! When the network is asked within a stage, and how often in all: what an image costs on any machine.

use super::Sampler;
use super::fixed_steps::Method;
use super::solver::times;

impl Sampler {
    /// Network calls of each image, known beforehand; `None` for a solver that chooses its own steps.
    ///
    /// A call is a pass of one image through the network. Where guidance's scale is not 1 there are two, also
    /// with a guide; until `zero_until` of CFG-Zero* there is none.
    pub fn network_calls(&self, is_text: bool) -> Option<usize> {
        let method = Method::of(self.config.solver)?;
        let of_stage = |stage: usize| {
            let times = times(self, stage);
            let calls = |&t: &f64| match self.timestep(stage, t) {
                still if !self.moves_at(still) => 0,
                timestep if self.guidance_scale(stage, timestep, is_text) == 1.0 => 1,
                _ => 2,
            };
            let of_step = |(done, span): (usize, &[f64])| {
                let asked = if method.asks_twice(done) { span } else { &span[..1] };
                asked.iter().map(calls).sum::<usize>()
            };
            times.windows(2).enumerate().map(of_step).sum::<usize>()
        };
        Some((0..self.cascade.stages().len()).map(of_stage).sum())
    }

    /// The network's timestep at time `t` within a stage.
    pub(super) fn timestep(&self, stage: usize, t: f64) -> f64 {
        let stage = &self.cascade.stages()[stage];
        stage.timestep_at(if self.config.reference { t } else { t.min(stage.last_time()) })
    }

    /// The guidance scale at a timestep of the network.
    pub(super) fn guidance_scale(&self, stage: usize, timestep: f64, is_text: bool) -> f64 {
        let guidance = &self.config.guidance;
        let (stages, time) = (self.cascade.stages().len(), self.global_time(timestep));
        if self.config.reference && !is_text {
            guidance.reference_scale_at(stage, stages, time)
        } else {
            guidance.scale_at(stage, stages, time)
        }
    }

    /// Whether the guidance rule lets anything move at a timestep: where not, the network is not asked.
    pub(super) fn moves_at(&self, timestep: f64) -> bool {
        self.global_time(timestep) >= self.config.guidance_rule.zero_until()
    }

    /// Global time, 0 is pure noise and 1 the image.
    fn global_time(&self, timestep: f64) -> f64 {
        timestep / self.cascade.train_timesteps() as f64
    }
}

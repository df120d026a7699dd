//! What to sample with.

use serde::{Deserialize, Serialize};

use super::{Guidance, GuidanceRule};
use crate::cascade::Cascade;
use crate::{Error, Result};

/// A solver of the flow's differential equation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SolverKind {
    /// First order, one evaluation a step.
    #[default]
    Euler,
    /// Second order, two evaluations a step, the last of them where it leaves noise: Euler draws better.
    Heun,
    /// Fifth order with adaptive steps (Dormand and Prince 1980); `steps` is not used.
    Dopri5,
    /// Adams and Bashforth's method of second order, one evaluation a step.
    Ab2,
    /// Adams and Bashforth's method of third order, one evaluation a step and one more in the first.
    Ab3,
    /// DPM-Solver++ (2M), second order, one evaluation a step (arXiv 2211.01095).
    Dpmpp2m,
    /// UniPC of second order, one evaluation a step (arXiv 2302.04867).
    Unipc,
}

impl SolverKind {
    /// All kinds, in the order that they are documented in.
    pub const ALL: [Self; 7] =
        [Self::Euler, Self::Heun, Self::Dopri5, Self::Ab2, Self::Ab3, Self::Dpmpp2m, Self::Unipc];
}

/// Settings of a sampler; [`check`](SamplerConfig::check) turns them into a [`Sampler`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplerConfig {
    /// The solver. Default Euler.
    pub solver: SolverKind,
    /// Whether to reproduce the reference with its flaws. Default false.
    ///
    /// The reference's Euler wastes its last step (it has length 1/N), its Dopri5 controls the
    /// error over the whole batch and overshoots the end of the stage, and its guidance table
    /// knows four stages only.
    pub reference: bool,
    /// Steps of each stage: one number for all, or one number a stage. Default 10.
    pub steps: Vec<usize>,
    /// Warp of the time within a stage, `t / (shift + (1 - shift) t)`; 1 is none. Default 1.
    pub shift: f64,
    /// Classifier-free guidance. Default stage-wise with scale 2.4.
    pub guidance: Guidance,
    /// How guidance combines the two velocities. Default the plain rule.
    pub guidance_rule: GuidanceRule,
    /// Relative tolerance of Dopri5. Default 1e-3.
    pub rtol: f64,
    /// Absolute tolerance of Dopri5. Default 1e-6.
    pub atol: f64,
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self {
            solver: SolverKind::default(),
            reference: false,
            steps: vec![10],
            shift: 1.0,
            guidance: Guidance::default(),
            guidance_rule: GuidanceRule::default(),
            rtol: 1e-3,
            atol: 1e-6,
        }
    }
}

/// Checked settings for one cascade.
#[derive(Clone, Debug)]
pub struct Sampler {
    pub(super) config: SamplerConfig,
    pub(super) cascade: Cascade,
    /// Steps of each stage.
    pub(super) steps: Vec<usize>,
}

impl SamplerConfig {
    /// Checks the settings against a cascade.
    ///
    /// # Errors
    /// [`Error::InvalidSampler`] naming the field, its value and what it may be.
    pub fn check(self, cascade: Cascade) -> Result<Sampler> {
        let stages = cascade.stages().len();
        let invalid = |reason: String| Err(Error::InvalidSampler { reason });
        let steps = match self.steps.as_slice() {
            [all] => vec![*all; stages],
            each if each.len() == stages => each.to_vec(),
            other => {
                return invalid(format!(
                    "steps has {} numbers, it must have 1, or one for each of the {stages} stages",
                    other.len()
                ));
            }
        };
        if let Some(count) = steps.iter().find(|&&count| count == 0 || count > 10_000) {
            return invalid(format!("steps contains {count}, every number must be 1 to 10000"));
        }
        if !(self.shift.is_finite() && self.shift > 0.0) {
            return invalid(format!("shift is {}, it must be positive", self.shift));
        }
        for (name, value, least) in [("rtol", self.rtol, 1e-9), ("atol", self.atol, 1e-12)] {
            if !(least..=1.0).contains(&value) {
                return invalid(format!("{name} is {value}, it must be {least:e} to 1"));
            }
        }
        if self.reference && !matches!(self.solver, SolverKind::Euler | SolverKind::Dopri5) {
            return invalid(format!(
                "the reference has no {:?} solver, only Euler and Dopri5; drop `reference`",
                self.solver
            ));
        }
        self.guidance.check(stages, self.reference)?;
        self.guidance_rule.check(self.reference)?;
        Ok(Sampler { config: self, cascade, steps })
    }
}

impl Sampler {
    /// The settings.
    pub fn config(&self) -> &SamplerConfig {
        &self.config
    }

    /// The cascade.
    pub fn cascade(&self) -> &Cascade {
        &self.cascade
    }

    /// Steps of each stage; an adaptive solver chooses its own.
    pub fn steps(&self) -> &[usize] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::CascadeConfig;

    #[test]
    fn impossible_settings_are_named() {
        let cases = [
            (SamplerConfig { steps: vec![], ..Default::default() }, "steps has 0 numbers"),
            (SamplerConfig { steps: vec![4, 4], ..Default::default() }, "steps has 2 numbers"),
            (SamplerConfig { steps: vec![0], ..Default::default() }, "steps contains 0"),
            (SamplerConfig { shift: 0.0, ..Default::default() }, "shift is 0"),
            (SamplerConfig { shift: f64::NAN, ..Default::default() }, "shift is NaN"),
            (SamplerConfig { rtol: 0.0, ..Default::default() }, "rtol is 0"),
            (
                SamplerConfig { reference: true, solver: SolverKind::Heun, ..Default::default() },
                "no Heun",
            ),
        ];
        let cascade = CascadeConfig::default().build().unwrap();
        for (config, expected) in cases {
            let message = config.check(cascade.clone()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}

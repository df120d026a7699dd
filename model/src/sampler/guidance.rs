//! Classifier-free guidance: how far the velocity is pushed away from the unconditional one.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The guidance scale over the stages; the velocity is `v_null + g (v_cond - v_null)`, with a
/// [guide](super::Networks) `v_guide + g (v_cond - v_guide)`.
///
/// At `g = 1` the unconditional velocity is not needed, and not computed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "schedule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Guidance {
    /// `1 + (scale - 1) ramp(stage)`: none in the first stage, all in the last (paper, section
    /// 4.3).
    StageWise {
        /// Scale of the last stage.
        scale: f64,
    },
    /// The same scale everywhere.
    Constant {
        /// The scale.
        scale: f64,
    },
    /// A scale within an interval of global time, none outside (Kynkäänniemi et al. 2024).
    Interval {
        /// The scale within the interval.
        scale: f64,
        /// Start of the interval, 0 is pure noise.
        from: f64,
        /// End of the interval, 1 is the image.
        to: f64,
    },
}

impl Default for Guidance {
    fn default() -> Self {
        Self::StageWise { scale: 2.4 }
    }
}

/// The paper's ramp at 0, 1/3, 2/3 and 1 of the way through the stages.
const RAMP: [f64; 4] = [0.0, 1.0 / 6.0, 2.0 / 3.0, 1.0];

impl Guidance {
    /// The scale in `stage` of `stages` at global time `time` (network timestep / N, 0..1).
    ///
    /// For other than four stages the ramp is interpolated linearly; a single stage has it all.
    pub fn scale_at(&self, stage: usize, stages: usize, time: f64) -> f64 {
        match *self {
            Self::StageWise { scale } => 1.0 + (scale - 1.0) * ramp(stage, stages),
            Self::Constant { scale } => scale,
            Self::Interval { scale, from, to } => {
                if (from..=to).contains(&time) {
                    scale
                } else {
                    1.0
                }
            }
        }
    }

    /// The largest scale.
    pub fn scale(&self) -> f64 {
        match *self {
            Self::StageWise { scale } | Self::Constant { scale } | Self::Interval { scale, .. } => {
                scale
            }
        }
    }

    /// Whether the scale is 1 everywhere, where nothing is guided.
    pub fn is_neutral(&self) -> bool {
        self.scale() == 1.0
    }

    /// The reference's scale: its table is indexed by the stage, however many there are.
    pub fn reference_scale_at(&self, stage: usize, stages: usize, time: f64) -> f64 {
        match *self {
            Self::StageWise { scale } => 1.0 + (scale - 1.0) * RAMP[stage.min(RAMP.len() - 1)],
            _ => self.scale_at(stage, stages, time),
        }
    }

    pub(super) fn check(&self, stages: usize, reference: bool) -> Result<()> {
        let invalid = |reason: String| Err(Error::InvalidSampler { reason });
        let scale = self.scale();
        if !(0.0..=1000.0).contains(&scale) {
            return invalid(format!("guidance scale is {scale}, it must be 0 to 1000"));
        }
        if let Self::Interval { from, to, .. } = *self
            && !(0.0 <= from && from < to && to <= 1.0)
        {
            return invalid(format!("guidance interval is {from} to {to}, it must lie in 0 to 1"));
        }
        if reference && stages > RAMP.len() && matches!(self, Self::StageWise { .. }) {
            return invalid(format!(
                "the reference's guidance table has {} stages, the cascade has {stages}; \
                 drop `reference`, or use constant guidance",
                RAMP.len()
            ));
        }
        Ok(())
    }
}

/// The paper's ramp for any number of stages.
fn ramp(stage: usize, stages: usize) -> f64 {
    if stages == 1 {
        return 1.0;
    }
    // In thirds of the way: exact at four stages.
    let (place, last) = (3 * stage, stages - 1);
    let (below, rest) = (place / last, place % last);
    let above = RAMP[(below + 1).min(3)];
    RAMP[below] + (above - RAMP[below]) * rest as f64 / last as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scales(guidance: Guidance, stages: usize) -> Vec<f64> {
        (0..stages).map(|stage| guidance.scale_at(stage, stages, 0.5)).collect()
    }

    #[test]
    fn four_stages_are_the_papers_table() {
        let guidance = Guidance::StageWise { scale: 4.0 };
        assert_eq!(scales(guidance, 4), [1.0, 1.5, 3.0, 4.0]);
    }

    #[test]
    fn any_number_of_stages_ramps_up_to_the_whole_scale() {
        for stages in 1..=9 {
            let scales = scales(Guidance::StageWise { scale: 3.0 }, stages);
            assert!(scales.windows(2).all(|pair| pair[0] < pair[1]), "{scales:?}");
            assert_eq!(*scales.last().unwrap(), 3.0);
        }
    }

    #[test]
    fn an_interval_guides_only_inside() {
        let guidance = Guidance::Interval { scale: 3.0, from: 0.25, to: 0.75 };
        let at = |time| guidance.scale_at(0, 4, time);
        assert_eq!([at(0.2), at(0.25), at(0.5), at(0.8)], [1.0, 3.0, 3.0, 1.0]);
    }

    #[test]
    fn impossible_guidance_is_named() {
        let message = |guidance: Guidance| guidance.check(5, true).unwrap_err().to_string();
        assert!(message(Guidance::Constant { scale: -1.0 }).contains("scale is -1"));
        let reversed = Guidance::Interval { scale: 2.0, from: 0.9, to: 0.1 };
        assert!(message(reversed).contains("0.9 to 0.1"));
        assert!(message(Guidance::StageWise { scale: 2.0 }).contains("table has 4 stages"));
    }
}

//! How guidance makes one velocity of the conditional and the unconditional one.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The rule that combines the two velocities; the scale `g` is [`Guidance`](super::Guidance)'s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum GuidanceRule {
    /// `v_null + g (v_cond - v_null)` (Ho and Salimans 2022).
    #[default]
    Plain,
    /// CFG-Zero*: `s v_null + g (v_cond - s v_null)`, `s = <v_cond, v_null> / |v_null|^2` for each
    /// image; and no velocity at all while the flow begins (Fan et al. 2025, arXiv 2503.18886).
    CfgZeroStar {
        /// How much of `s` counts: `1 + strength (s - 1)`. 1 is the paper's, 0 is the plain rule.
        strength: f64,
        /// Global time, 0 is pure noise, until which the velocity is zero. The paper's first 4 % of
        /// the steps are 0.04; 0 is never. The network is not asked there; it counts as evaluations all the same.
        zero_until: f64,
    },
    /// Adaptive projected guidance: in terms of the predicted end of the stage, `d = x + (1 - t) v`,
    /// the part of `d_cond - d_null` along `d_cond`, which saturates colours, is weakened (Sadat et al.
    /// 2024, arXiv 2410.02416).
    ///
    /// The paper's momentum is left out: an image would depend on how often its solver asks.
    Apg {
        /// Factor of the parallel part, the paper's `η`. 0 is the paper's, 1 is the plain rule.
        parallel: f64,
        /// Root mean square of `d_cond - d_null` at most; 0 is no limit. The paper's limit `r` is on the
        /// norm, which would mean something else at each resolution: `r = threshold sqrt(values)`.
        threshold: f64,
    },
}

/// What a rule combines, for the rows that are guided.
#[derive(Debug)]
pub(super) struct Parts<B: Backend> {
    /// Conditional velocity, `[rows, channels, height, width]`.
    pub(super) conditional: Tensor<B, 4>,
    /// Unconditional velocity.
    pub(super) unconditional: Tensor<B, 4>,
    /// Scale of each row, `[rows, 1, 1, 1]`.
    pub(super) scale: Tensor<B, 4>,
}

impl GuidanceRule {
    /// The global time until which there is no velocity.
    pub(super) fn zero_until(self) -> f64 {
        match self {
            Self::CfgZeroStar { zero_until, .. } => zero_until,
            _ => 0.0,
        }
    }

    /// The guided velocity; `state` is what the velocities are of, and `left` is `1 - t` for each row.
    pub(super) fn combine<B: Backend>(
        self,
        parts: Parts<B>,
        state: impl FnOnce() -> Tensor<B, 4>,
        left: impl FnOnce() -> Tensor<B, 4>,
    ) -> Tensor<B, 4> {
        let Parts { conditional, unconditional, scale } = parts;
        match self {
            Self::Plain => unconditional.clone() + (conditional - unconditional) * scale,
            Self::CfgZeroStar { strength, .. } => {
                let share = dot(conditional.clone(), unconditional.clone())
                    / dot(unconditional.clone(), unconditional.clone()).clamp_min(TINY);
                let share = (share - 1.0) * strength as f32 + 1.0;
                let start = unconditional * share;
                start.clone() + (conditional - start) * scale
            }
            Self::Apg { parallel, threshold } => {
                let left = left();
                let end = state() + conditional.clone() * left.clone();
                let difference = (conditional.clone() - unconditional) * left.clone();
                let difference = limited(difference, threshold);
                let along = dot(difference.clone(), end.clone())
                    / dot(end.clone(), end.clone()).clamp_min(TINY);
                let kept = difference - end * along * (1.0 - parallel) as f32;
                conditional + kept * (scale - 1.0) / left
            }
        }
    }

    pub(super) fn check(self, reference: bool) -> Result<()> {
        let invalid = |reason: String| Err(Error::InvalidSampler { reason });
        if reference && self != Self::Plain {
            return invalid("the reference has plain guidance only; drop `reference`".to_owned());
        }
        let fields = match self {
            Self::Plain => [("", 0.0, 1.0); 2],
            Self::CfgZeroStar { strength, zero_until } => {
                [("strength", strength, 1.0), ("zero_until", zero_until, 1.0)]
            }
            Self::Apg { parallel, threshold } => {
                [("parallel", parallel, 1.0), ("threshold", threshold, 1000.0)]
            }
        };
        match fields.into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value)) {
            Some((name, value, most)) => {
                invalid(format!("{name} of the guidance rule is {value}, it must be 0 to {most}"))
            }
            None => Ok(()),
        }
    }
}

/// Least divisor of a projection: velocities of nothing have no direction.
const TINY: f32 = 1e-20;

/// The inner product of each row, `[rows, 1, 1, 1]`.
fn dot<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 4> {
    let [rows, channels, height, width] = a.dims();
    (a * b).reshape([rows, channels * height * width]).sum_dim(1).reshape([rows, 1, 1, 1])
}

/// Rows whose root mean square is at most `threshold`; 0 is no limit.
fn limited<B: Backend>(rows: Tensor<B, 4>, threshold: f64) -> Tensor<B, 4> {
    if threshold == 0.0 {
        return rows;
    }
    let [_, channels, height, width] = rows.dims();
    let values = (channels * height * width) as f32;
    let size = (dot(rows.clone(), rows.clone()) / values).sqrt().clamp_min(TINY);
    rows * (size.recip() * threshold as f32).clamp_max(1.0)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::TensorData;
    use burn_flex::{Flex, FlexDevice};

    use super::*;
    use crate::noise::{Key, Purpose};

    const SHAPE: [usize; 4] = [2, 3, 4, 4];
    const COUNT: usize = 2 * 3 * 4 * 4;
    const SCALES: [f64; 2] = [3.0, 1.5];
    const LEFT: [f64; 2] = [0.75, 0.25];

    fn doubles(seed: u64) -> Vec<f64> {
        Key::new(seed, 0, Purpose::Testing).normals(COUNT).into_iter().map(f64::from).collect()
    }

    fn tensor(values: &[f64]) -> Tensor<Flex, 4> {
        let shape = if values.len() == 2 { [2, 1, 1, 1] } else { SHAPE };
        let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
        Tensor::from_data(TensorData::new(values, shape), &FlexDevice)
    }

    fn combined(rule: GuidanceRule) -> Vec<f64> {
        let [conditional, unconditional, state] = [1, 2, 3].map(|seed| tensor(&doubles(seed)));
        let parts = Parts { conditional, unconditional, scale: tensor(&SCALES) };
        let guided = rule.combine(parts, || state, || tensor(&LEFT));
        guided.into_data().iter::<f64>().collect()
    }

    /// A rule written down again, in f64 for one image: `(conditional, unconditional, state, g, 1 - t)`.
    fn by_hand(one: impl Fn(&[f64], &[f64], &[f64], f64, f64) -> Vec<f64>) -> Vec<f64> {
        let [c, u, x] = [1, 2, 3].map(doubles);
        let row = |row: usize| {
            let span = row * COUNT / 2..(row + 1) * COUNT / 2;
            one(&c[span.clone()], &u[span.clone()], &x[span], SCALES[row], LEFT[row])
        };
        [row(0), row(1)].concat()
    }

    fn product(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-5, "{apart}");
    }

    #[test]
    fn each_rule_is_the_plain_one_at_its_neutral_setting() {
        let plain = combined(GuidanceRule::Plain);
        assert_close(
            &plain,
            &by_hand(|c, u, _, g, _| c.iter().zip(u).map(|(c, u)| u + g * (c - u)).collect()),
        );
        let neutral = GuidanceRule::CfgZeroStar { strength: 0.0, zero_until: 0.0 };
        assert_close(&combined(neutral), &plain);
        assert_close(&combined(GuidanceRule::Apg { parallel: 1.0, threshold: 0.0 }), &plain);
    }

    #[test]
    fn cfg_zero_star_scales_the_unconditional_velocity() {
        let found = combined(GuidanceRule::CfgZeroStar { strength: 1.0, zero_until: 0.0 });
        assert_close(
            &found,
            &by_hand(|c, u, _, g, _| {
                let s = product(c, u) / product(u, u);
                c.iter().zip(u).map(|(c, u)| s * u + g * (c - s * u)).collect()
            }),
        );
    }

    #[test]
    fn apg_weakens_what_is_parallel_and_limits_the_rest() {
        let (parallel, threshold) = (0.25, 0.5);
        let found = combined(GuidanceRule::Apg { parallel, threshold });
        assert_close(
            &found,
            &by_hand(|c, u, x, g, left| {
                let end: Vec<f64> = c.iter().zip(x).map(|(c, x)| x + left * c).collect();
                let apart: Vec<f64> = c.iter().zip(u).map(|(c, u)| left * (c - u)).collect();
                let size = (product(&apart, &apart) / apart.len() as f64).sqrt();
                let factor = (threshold / size).min(1.0);
                let apart: Vec<f64> = apart.iter().map(|value| value * factor).collect();
                let along = product(&apart, &end) / product(&end, &end);
                let kept = apart.iter().zip(&end).map(|(a, e)| {
                    let (across, parallel_part) = (a - along * e, along * e);
                    across + parallel * parallel_part
                });
                c.iter().zip(kept).map(|(c, kept)| c + (g - 1.0) * kept / left).collect()
            }),
        );
    }

    #[test]
    fn impossible_rules_are_named() {
        for (rule, reference, expected) in [
            (GuidanceRule::CfgZeroStar { strength: 2.0, zero_until: 0.0 }, false, "strength"),
            (GuidanceRule::CfgZeroStar { strength: 1.0, zero_until: -1.0 }, false, "zero_until"),
            (GuidanceRule::Apg { parallel: f64::NAN, threshold: 0.0 }, false, "parallel"),
            (GuidanceRule::Apg { parallel: 0.0, threshold: 0.0 }, true, "plain guidance only"),
        ] {
            let message = rule.check(reference).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}

//! Which of a stage's training timesteps an example gets.

use pixelflow::noise::Key;
use serde::{Deserialize, Serialize};

/// How the training timesteps of a stage are distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Timesteps {
    /// All alike, as PixelFlow draws them.
    #[default]
    Uniform,
    /// `t = 1 / (1 + exp(-(mean + deviation n)))` of a stage's time, `n` a standard normal: more of the middle, where
    /// the velocity is hardest to tell (arXiv 2403.03206, section 3.1).
    LogitNormal {
        /// Above 0: more of the stage's end.
        mean: f64,
        /// The smaller, the more of the middle.
        deviation: f64,
    },
}

impl Timesteps {
    /// The timestep of an example, of `count` that the stage has, drawn with its key.
    pub fn index(self, key: Key, count: usize) -> usize {
        match self {
            Self::Uniform => key.below(count as u64) as usize,
            Self::LogitNormal { mean, deviation } => {
                let logit = mean + deviation * f64::from(key.normals(1)[0]);
                ((logistic(logit) * count as f64) as usize).min(count - 1)
            }
        }
    }

    /// Whether its numbers are a distribution's.
    pub fn is_sound(self) -> bool {
        match self {
            Self::Uniform => true,
            Self::LogitNormal { mean, deviation } => {
                mean.is_finite() && deviation.is_finite() && deviation > 0.0
            }
        }
    }
}

/// `1 / (1 + exp(-x))`, with the same bits on all machines.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

#[cfg(test)]
mod tests {
    use pixelflow::noise::Purpose;

    use super::*;

    const COUNT: usize = 1000;

    fn drawn(timesteps: Timesteps) -> Vec<usize> {
        let key = |example| Key::new(3, example, Purpose::Timestep);
        (0..20_000).map(|example| timesteps.index(key(example), COUNT)).collect()
    }

    /// Share of the timesteps below a share of the stage.
    fn below(drawn: &[usize], time: f64) -> f64 {
        let limit = (time * COUNT as f64) as usize;
        drawn.iter().filter(|&&index| index < limit).count() as f64 / drawn.len() as f64
    }

    #[test]
    fn logit_normal_has_the_quantiles_of_its_formula() {
        // logit(0.25) = -1.0986, logit(0.731) = 1: the normal distribution below (logit - mean) / deviation.
        for (mean, deviation, time, expected) in [
            (0.0, 1.0, 0.5, 0.5),
            (0.0, 1.0, 0.25, 0.1360),
            (0.0, 1.0, 0.7311, 0.8413),
            (0.5, 1.0, 0.5, 0.3085),
            (0.0, 0.5, 0.25, 0.0140),
        ] {
            let found = below(&drawn(Timesteps::LogitNormal { mean, deviation }), time);
            // Three standard errors of a share among 20,000.
            let error = 3.0 * (expected * (1.0 - expected) / 20_000_f64).sqrt();
            assert!(
                (found - expected).abs() < error,
                "{mean} {deviation} {time}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn the_ends_of_a_stage_are_timesteps_of_it() {
        for mean in [-800.0, 800.0] {
            let all = drawn(Timesteps::LogitNormal { mean, deviation: 1.0 });
            assert!(all.iter().all(|&index| index == if mean < 0.0 { 0 } else { COUNT - 1 }));
        }
    }
}

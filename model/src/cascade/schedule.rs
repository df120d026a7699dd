//! The schedule: rectified stage boundaries and the network timesteps of each stage.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Correlation of the block noise inside a 2x2 block (paper, section 3.2).
pub const GAMMA: f64 = -1.0 / 3.0;

/// Pixels of a side of an image, at most.
pub const MAX_SIDE: usize = 1 << 14;

/// How the cascade cuts time; [`build`](CascadeConfig::build) turns it into a [`Cascade`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CascadeConfig {
    /// Number of stages. Default 4.
    pub stages: usize,
    /// Number of timesteps a stage is trained on. Default 1000.
    pub train_timesteps: usize,
}

impl Default for CascadeConfig {
    fn default() -> Self {
        Self { stages: 4, train_timesteps: 1000 }
    }
}

/// The checked schedule of every stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Cascade {
    train_timesteps: usize,
    stages: Vec<Stage>,
}

/// One stage: its window of normalised time and its network timesteps.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Start of the stage before rectification; the renoising is defined by it.
    pub original_start_t: f64,
    /// Rectified start: how clean the renoised, upsampled image is, in 0..1.
    pub start_t: f64,
    /// End: how clean the image is when the stage is done, in 0..1.
    pub end_t: f64,
    /// The network's timestep for each of the `train_timesteps` points of the stage.
    pub timesteps: Vec<f64>,
}

impl Stage {
    /// First network timestep of the stage.
    pub fn first_timestep(&self) -> f64 {
        self.timesteps[0]
    }

    /// Last network timestep that training visits.
    pub fn last_timestep(&self) -> f64 {
        self.timesteps[self.timesteps.len() - 1]
    }

    /// The last time within the stage that training visits: `(N - 1) / N`.
    pub fn last_time(&self) -> f64 {
        (self.timesteps.len() as f64 - 1.0) / self.timesteps.len() as f64
    }

    /// The network's timestep at time `t` within the stage: the linear map that takes 0 to the
    /// first and `(N - 1) / N` to the last timestep, computed as the reference does, `k t + b`.
    pub fn timestep_at(&self, t: f64) -> f64 {
        let slope = (self.last_timestep() - self.first_timestep()) / self.last_time();
        slope * t + self.first_timestep()
    }

    /// The time within the stage at which the network's timestep is `timestep`.
    pub fn time_of(&self, timestep: f64) -> f64 {
        let slope = (self.last_timestep() - self.first_timestep()) / self.last_time();
        (timestep - self.first_timestep()) / slope
    }
}

impl CascadeConfig {
    /// Computes the schedule.
    ///
    /// # Errors
    /// [`Error::InvalidCascade`] when there is no stage, more than 16, or fewer timesteps than
    /// stages.
    pub fn build(&self) -> Result<Cascade> {
        let Self { stages, train_timesteps } = *self;
        let reason = if stages == 0 || stages > 16 {
            Some(format!("stages is {stages}, it must be 1 to 16"))
        } else if train_timesteps < 2.max(stages) || train_timesteps > 1_000_000 {
            Some(format!(
                "train_timesteps is {train_timesteps}, it must be {} to 1000000",
                2.max(stages)
            ))
        } else {
            None
        };
        match reason {
            Some(reason) => Err(Error::InvalidCascade { reason }),
            None => Ok(Cascade { train_timesteps, stages: schedule(train_timesteps, stages) }),
        }
    }
}

impl Cascade {
    /// The stages, lowest resolution first; never empty.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Number of timesteps of every stage.
    pub fn train_timesteps(&self) -> usize {
        self.train_timesteps
    }

    /// Time within a stage of its training timestep `index`: `index / N`.
    pub fn time(&self, index: usize) -> f64 {
        index as f64 / self.train_timesteps as f64
    }

    /// How much smaller than the final image stage `stage` is, per side: `2^(S - 1 - stage)`.
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn reduction(&self, stage: usize) -> usize {
        1 << (self.stages.len() - 1 - stage)
    }

    /// Sides of stage `stage` for a final image of `height` x `width`.
    ///
    /// # Panics
    /// If there is no such stage.
    pub fn sides(&self, stage: usize, height: usize, width: usize) -> (usize, usize) {
        let reduction = self.reduction(stage);
        (height / reduction, width / reduction)
    }

    /// The stage, and the time within it, at a network timestep: those of all stages are one rising line.
    ///
    /// The time is one that training visits, 0 to `(N - 1) / N`.
    pub fn place_of(&self, timestep: f64) -> (usize, f64) {
        let has_begun = |stage: &Stage| stage.first_timestep() <= timestep;
        let index = self.stages.iter().rposition(has_begun).unwrap_or(0);
        let stage = &self.stages[index];
        (index, stage.time_of(timestep).clamp(0.0, stage.last_time()))
    }

    /// Checks that an image of `height` x `width` pixels can go through the cascade.
    ///
    /// # Errors
    /// [`Error::InvalidSize`], naming the nearest sizes that work, unless both sides are positive
    /// multiples of `patch * 2^(stages - 1)` and at most [`MAX_SIDE`].
    pub fn check_size(&self, height: usize, width: usize, patch: usize) -> Result<()> {
        let multiple = patch * self.reduction(0);
        // Of two that are equally near, the smaller one.
        let nearest = |side: usize| {
            let rounded = (side.min(MAX_SIDE) + (multiple - 1) / 2) / multiple * multiple;
            rounded.min(MAX_SIDE / multiple * multiple).max(multiple)
        };
        let fits = |side: usize| side <= MAX_SIDE && side == nearest(side);
        if fits(height) && fits(width) {
            return Ok(());
        }
        Err(Error::InvalidSize {
            height,
            width,
            multiple,
            nearest_height: nearest(height),
            nearest_width: nearest(width),
        })
    }
}

/// Factor that rectifies a stage's start so that renoising can match mean and variance.
///
/// `1 / (sqrt(1 - 1/gamma) (1 - t) + t)` (paper, section 3.2).
pub(super) fn rectify_ratio(start_t: f64) -> f64 {
    1.0 / ((1.0 - 1.0 / GAMMA).sqrt() * (1.0 - start_t) + start_t)
}

/// All stages of a cascade of `count` stages and `n` timesteps.
fn schedule(n: usize, count: usize) -> Vec<Stage> {
    let windows: Vec<[f64; 3]> = (0..count).map(|stage| window(n, count, stage)).collect();
    let lengths: Vec<f64> = windows.iter().map(|[_, start, end]| end - start).collect();
    let total: f64 = lengths.iter().sum();
    let share = |stages: usize| lengths[..stages].iter().sum::<f64>() / total;

    let stage = |(index, &[original_start_t, start_t, end_t]): (usize, &[f64; 3])| {
        let last = index + 1 == count;
        let from = (n as f64 * share(index)) as usize;
        let to = if last { n - 1 } else { ((n as f64 * share(index + 1)) as usize).min(n - 1) };
        // Every stage but the last stops one point short of where the next begins.
        let intervals = if last { n - 1 } else { n };
        let timesteps = linspace(from as f64, to as f64, intervals).take(n).collect();
        Stage { original_start_t, start_t, end_t, timesteps }
    };
    windows.iter().enumerate().map(stage).collect()
}

/// `[original start, rectified start, end]` of a stage; `t` is stored in f32 by the reference.
fn window(n: usize, count: usize, stage: usize) -> [f64; 3] {
    let boundary = |stage: usize| (n as f64 * (stage as f64 / count as f64)) as usize;
    let time = |index: usize| f64::from(index as f32 / n as f32);
    let original = time(boundary(stage));
    let start = if stage == 0 { original } else { original * rectify_ratio(original) };
    let end = boundary(stage + 1);
    [original, start, if end < n { time(end) } else { 1.0 }]
}

/// `intervals + 1` evenly spaced points from `from` to `to`, exact at both ends.
fn linspace(from: f64, to: f64, intervals: usize) -> impl Iterator<Item = f64> {
    let step = (to - from) / intervals as f64;
    (0..=intervals).map(move |i| {
        if i <= intervals / 2 { from + step * i as f64 } else { to - step * (intervals - i) as f64 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_stage_is_plain_flow_matching() {
        let cascade = CascadeConfig { stages: 1, train_timesteps: 1000 }.build().unwrap();
        let stage = &cascade.stages()[0];
        assert_eq!((stage.start_t, stage.end_t), (0.0, 1.0));
        assert_eq!((stage.first_timestep(), stage.last_timestep()), (0.0, 999.0));
    }

    #[test]
    fn stages_join_in_network_time() {
        for stages in 2..=6 {
            let cascade = CascadeConfig { stages, train_timesteps: 997 }.build().unwrap();
            for pair in cascade.stages().windows(2) {
                let gap = pair[1].first_timestep() - pair[0].last_timestep();
                let step = pair[0].timesteps[1] - pair[0].timesteps[0];
                assert!((gap - step).abs() < 1e-9, "{stages} stages: {gap} {step}");
            }
        }
    }

    #[test]
    fn every_timestep_has_a_place_in_the_cascade() {
        let cascade = CascadeConfig { stages: 3, train_timesteps: 997 }.build().unwrap();
        assert_eq!(cascade.place_of(0.0), (0, 0.0));
        assert_eq!(cascade.place_of(997.0), (2, 996.0 / 997.0));
        for (index, stage) in cascade.stages().iter().enumerate() {
            for number in [0, 1, 500, 996] {
                let (found, time) = cascade.place_of(stage.timesteps[number]);
                assert_eq!(found, index);
                assert!((time - cascade.time(number)).abs() < 1e-9, "{index}, {number}: {time}");
            }
        }
    }

    #[test]
    fn impossible_cascades_are_refused() {
        for (stages, train_timesteps) in [(0, 1000), (17, 1000), (4, 3), (1, 1), (1, 2_000_000)] {
            let error = CascadeConfig { stages, train_timesteps }.build().unwrap_err();
            assert!(matches!(error, Error::InvalidCascade { .. }), "{error}");
        }
    }

    #[test]
    fn sizes_that_do_not_divide_name_their_neighbours() {
        let cascade = CascadeConfig::default().build().unwrap();
        assert!(cascade.check_size(256, 320, 4).is_ok());
        let message = cascade.check_size(36, 1000, 4).unwrap_err().to_string();
        assert!(message.contains("36x1000") && message.contains("32x992"), "{message}");
        // What is advised is itself allowed.
        for side in [0, 1, 48, 16_383, 16_384 + 32, usize::MAX] {
            match cascade.check_size(side, 32, 4).unwrap_err() {
                Error::InvalidSize { nearest_height, nearest_width, .. } => {
                    cascade.check_size(nearest_height, nearest_width, 4).unwrap();
                }
                other => panic!("{other}"),
            }
        }
    }
}

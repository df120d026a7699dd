//! The picture that an edit begins with, in the sides of every stage.

use super::solver::times;
use super::{Sampler, SolverKind};
use crate::cascade::halve;
use crate::{Error, Result};

/// How often a stage is gone through, at most.
pub const MOST_REPETITIONS: usize = 32;

/// Time within a stage that a repetition goes back to: the jump of `RePaint`, half a stage long.
pub(super) const BACK_TO: f64 = 0.5;

/// A picture that drawing begins with instead of noise, and which of its pixels stay.
///
/// Drawing begins in `stage` at `time` with what a training pair has there: the picture mixed with noise.
/// Where the mask is 0, the velocity is that of the picture's own path, `x_end - x_start` of its training
/// pair, and on entering a stage its `x_start` takes the place of the renoised image. The path is straight, so
/// that every solver follows it exactly, an adaptive one too: at every step known pixels are the picture's own
/// interpolation at that time. In between, states and velocities are mixed.
///
/// Sources that were weighed: `RePaint` (arXiv 2201.09865) replaces known pixels after every step and goes back
/// in time to harmonise the seam, which `repetitions` do here by half a stage; Flower (arXiv 2509.26287)
/// projects the predicted end of a flow onto what is known and mixes it with new noise, which for a mask is the
/// same replacement, of the end instead of the state; `LanPaint` (arXiv 2502.03491) lets Langevin steps run
/// within a step, with several evaluations and step sizes of their own. The cascade's coarse stages already let
/// what is drawn see the whole picture.
#[derive(Clone, Debug)]
pub struct Original {
    /// Height and width of the finished images.
    pub(super) size: [usize; 2],
    pub(super) channels: usize,
    /// The picture in the sides of each stage, as far as it is large enough.
    levels: Vec<Option<Vec<f32>>>,
    /// The share of each pixel that is drawn anew, in the sides of each stage.
    masks: Option<Vec<Vec<f32>>>,
    pub(super) stage: usize,
    pub(super) time: f64,
    pub(super) repetitions: usize,
}

/// What a picture is, and what shall become of it; [`Sampler::original`] takes it.
#[derive(Clone, Debug)]
pub struct OriginalConfig {
    /// The picture, `[channels, height, width]` in -1..1.
    pub pixels: Vec<f32>,
    /// Its channels, height and width: the sides of a stage.
    pub shape: [usize; 3],
    /// The share of each pixel of a finished image that is drawn anew, 0..1, row by row; without it all are.
    pub mask: Option<Vec<f32>>,
    /// The stage that drawing begins in.
    pub stage: usize,
    /// The time within it, 0 to less than 1.
    pub time: f64,
    /// How often each stage is gone through: the seam of what stays and what is drawn is harmonised by going
    /// back to the middle of the stage with new noise.
    pub repetitions: usize,
}

impl Sampler {
    /// The place where an edit of a strength, 0 to 1, begins: at the network's timestep `(1 - strength) N`, or
    /// at a time of the solver's own that is less than half a training timestep from there.
    pub fn place_of_strength(&self, strength: f64) -> (usize, f64) {
        let steps = self.cascade.train_timesteps() as f64;
        let (stage, time) = self.cascade.place_of((1.0 - strength) * steps);
        (stage, self.own_time_near(stage, time))
    }

    /// The solver's own time of a stage, if one is nearer than half a training timestep, else the time itself.
    ///
    /// A sliver of a step would make a multistep solver's slope of slopes a quotient of rounding errors.
    pub(super) fn own_time_near(&self, stage: usize, time: f64) -> f64 {
        let steps = self.cascade.train_timesteps() as f64;
        let is_near = |own: &f64| (own - time).abs() < 0.5 / steps && *own < 1.0;
        let own = match self.config.solver {
            SolverKind::Dopri5 => None,
            _ => times(self, stage).into_iter().find(is_near),
        };
        own.unwrap_or(time)
    }

    /// A picture in the sides of every stage of images of `size`.
    ///
    /// # Errors
    /// [`Error::InvalidStart`] for a picture, mask, stage or time that does not fit, which says what would.
    pub fn original(&self, config: OriginalConfig, size: [usize; 2]) -> Result<Original> {
        let OriginalConfig { pixels, shape, mask, stage, time, repetitions } = config;
        let (stages, [channels, height, width]) = (self.cascade.stages().len(), shape);
        let sides = |stage| self.cascade.sides(stage, size[0], size[1]);
        let wrong = |reason: String| Err(Error::InvalidStart { reason });
        if stage >= stages {
            return wrong(format!("stage {stage} of {stages}, counted from 0"));
        }
        if !(0.0..1.0).contains(&time) {
            return wrong(format!("time {time}, it must be from 0 to less than 1"));
        }
        if !(1..=MOST_REPETITIONS).contains(&repetitions) {
            return wrong(format!(
                "{repetitions} repetitions, they must be 1 to {MOST_REPETITIONS}"
            ));
        }
        if mask.as_ref().is_some_and(|mask| mask.len() != size[0] * size[1]) {
            return wrong(format!("the mask is not of {}x{} pixels", size[0], size[1]));
        }
        // A stage begins with the picture in half its sides; all else needs it in the stage's own, and a mask
        // in those of all later ones.
        let least = match (&mask, time > 0.0) {
            (Some(_), _) => stages - 1,
            (None, true) => stage,
            (None, false) => stage.saturating_sub(1),
        };
        let Some(own) = (least..stages).find(|&own| sides(own) == (height, width)) else {
            let fitting: Vec<String> = (least..stages)
                .map(sides)
                .map(|(height, width)| format!("{height}x{width}"))
                .collect();
            let fitting = fitting.join(" or ");
            return wrong(format!(
                "the picture has {height}x{width} pixels, it must have {fitting}"
            ));
        };
        if pixels.len() != channels * height * width {
            return wrong(format!("{} values are no picture of {shape:?}", pixels.len()));
        }
        let halves = |image: Vec<f32>, channels: usize, from: usize| {
            std::iter::successors(Some((image, from)), move |(image, at)| {
                let below = at.checked_sub(1)?;
                let (height, width) = self.cascade.sides(*at, size[0], size[1]);
                Some((halve(image, channels, height, width), below))
            })
        };
        let mut levels = vec![None; stages];
        for (level, at) in halves(pixels, channels, own) {
            levels[at] = Some(level);
        }
        let masks = mask.map(|mask| {
            let mut masks: Vec<_> = halves(mask, 1, stages - 1).map(|(mask, _)| mask).collect();
            masks.reverse();
            masks
        });
        Ok(Original { size, channels, levels, masks, stage, time, repetitions })
    }
}

impl Original {
    /// The picture in the sides of a stage, `[channels, height, width]`; `None` where it is too small.
    pub(super) fn level(&self, stage: usize) -> Option<&Vec<f32>> {
        self.levels[stage].as_ref()
    }

    /// The share of each pixel of a stage that is drawn anew; `None` if all are.
    pub(super) fn mask(&self, stage: usize) -> Option<&Vec<f32>> {
        Some(&self.masks.as_ref()?[stage])
    }

    /// The time that a stage is begun at.
    pub(super) fn begins_at(&self, stage: usize) -> f64 {
        if stage == self.stage { self.time } else { 0.0 }
    }

    /// The time within a stage that a repetition goes back to: never before the edit began.
    pub(super) fn goes_back_to(&self, stage: usize, sampler: &Sampler) -> f64 {
        sampler.own_time_near(stage, self.begins_at(stage).max(BACK_TO))
    }
}

//! Means over some steps.

use serde::{Deserialize, Serialize};

use super::record::null_is_nan;
use crate::stopwatch::StepTimes;
use crate::trainer::StepOutcome;

/// Means over some steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// Loss over all images.
    #[serde(deserialize_with = "null_is_nan")]
    pub loss: f64,
    /// Loss over the images of each stage; `None` where there were none.
    pub stage_losses: Vec<Option<f64>>,
    /// Norm of the gradient before clipping.
    #[serde(deserialize_with = "null_is_nan")]
    pub gradient_norm: f64,
    /// Images a second, without previews, validation and checkpoints.
    #[serde(deserialize_with = "null_is_nan")]
    pub images_per_second: f64,
    /// The parts of one of the steps; `None` of runs of earlier programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<StepTimes>,
}

/// Adds up what steps report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Means {
    /// Sum of the losses and number of images, by stage.
    stages: Vec<(f64, u64)>,
    gradient_norms: f64,
    steps: u64,
    seconds: f64,
    #[serde(default)]
    times: Option<StepTimes>,
}

impl Means {
    /// Nothing yet, for a cascade of `stages`.
    pub fn new(stages: usize) -> Self {
        let stages = vec![(0.0, 0); stages];
        Self { stages, gradient_norms: 0.0, steps: 0, seconds: 0.0, times: None }
    }

    /// These means if they are of a cascade of `stages`, else nothing yet.
    #[must_use]
    pub fn of_stages(self, stages: usize) -> Self {
        if self.stages.len() == stages { self } else { Self::new(stages) }
    }

    /// Whether no step was added since the last time.
    pub fn is_empty(&self) -> bool {
        self.steps == 0
    }

    /// Adds a step that took `seconds`, and `times` for its parts if they were measured.
    pub fn add(&mut self, outcome: &StepOutcome, seconds: f64, times: Option<StepTimes>) {
        for (loss, stage) in outcome.losses.losses.iter().zip(&outcome.losses.stages) {
            let (sum, count) = &mut self.stages[*stage];
            *sum += f64::from(*loss);
            *count += 1;
        }
        self.gradient_norms += outcome.gradient_norm;
        self.steps += 1;
        self.seconds += seconds;
        self.times = times.or(self.times);
    }

    /// The means since the last time; begins anew.
    pub fn take(&mut self) -> Mean {
        let taken = std::mem::replace(self, Self::new(self.stages.len()));
        let images: u64 = taken.stages.iter().map(|(_, count)| count).sum();
        let sum: f64 = taken.stages.iter().map(|(sum, _)| sum).sum();
        let stage = |(sum, count): &(f64, u64)| (*count > 0).then(|| sum / *count as f64);
        Mean {
            loss: sum / images as f64,
            stage_losses: taken.stages.iter().map(stage).collect(),
            gradient_norm: taken.gradient_norms / taken.steps as f64,
            images_per_second: images as f64 / taken.seconds,
            times: taken.times,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::ExampleLosses;

    fn step(losses: &[f32], stages: &[usize], gradient_norm: f64) -> StepOutcome {
        let losses = ExampleLosses { losses: losses.to_vec(), stages: stages.to_vec() };
        StepOutcome { step: 1, losses, gradient_norm, scaled: None }
    }

    #[test]
    fn every_image_counts_alike_and_a_stage_without_images_has_no_loss() {
        let mut means = Means::new(3);
        means.add(&step(&[1.0, 3.0], &[0, 2], 1.0), 0.5, None);
        let times = StepTimes { data: 1.0, ..StepTimes::default() };
        means.add(&step(&[5.0], &[2], 2.0), 1.5, Some(times));
        let mean = means.take();
        assert_eq!(mean.loss, 3.0);
        assert_eq!(mean.stage_losses, [Some(1.0), None, Some(4.0)]);
        assert_eq!((mean.gradient_norm, mean.images_per_second), (1.5, 1.5));
        assert_eq!(mean.times, Some(times));
        means.add(&step(&[7.0], &[1], 4.0), 1.0, None);
        let mean = means.take();
        assert_eq!((mean.stage_losses, mean.times), (vec![None, Some(7.0), None], None));
    }
}

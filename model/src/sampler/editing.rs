//! A stepper that begins with a picture, keeps a part of it, and goes through stages again.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::known::Known;
use super::original::Original;
use super::path::{Path, start};
use super::solver::{Solver, times};
use super::stepper::Phase;
use super::{GuidedVelocity, StageCache, Stepper, Velocity};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// How often the present stage was gone through, and what that took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Again {
    /// Times that it was gone through.
    pub(super) repetition: usize,
    /// Steps of them.
    pub(super) steps: usize,
    /// Evaluations of each image in them; empty for none.
    pub(super) evaluations: Vec<usize>,
}

impl<B: PixelFlowBackend> Stepper<'_, B> {
    /// Begins with a picture, of which a part may stay: see [`Original`].
    ///
    /// # Errors
    /// [`Error::InvalidStart`] if it is of other images, or the stepper has begun.
    pub fn editing(mut self, original: Original) -> Result<Self> {
        let wrong = |reason: String| Err(Error::InvalidStart { reason });
        if !matches!(self.phase, Phase::Between(None)) || self.stage > 0 {
            return wrong("they have begun already".to_owned());
        }
        let (size, channels) = (original.size, original.channels);
        if size != self.size || channels != self.networks.model.channels() {
            let reason = format!("the picture is for {channels} channels of {size:?} pixels");
            return wrong(reason);
        }
        self.stage = original.stage;
        self.evaluations = vec![vec![0; self.conditions.images()]; original.stage];
        self.original = Some(original);
        Ok(self)
    }

    /// The state that an edit begins with.
    pub(super) fn first_state(&self, original: &Original) -> Tensor<B, 4> {
        let stage = &self.sampler.cascade.stages()[original.stage];
        let noise = self.edit_noise(original.stage, 0);
        let half = original.stage.checked_sub(1).map(|below| self.level(original, below));
        match original.level(original.stage) {
            Some(_) => {
                let clean = self.level(original, original.stage);
                Path::new(stage, half, clean, noise).at(original.time)
            }
            None => start(stage, half, noise),
        }
    }

    /// The part of the batch that stays in a stage, and the path that it follows.
    pub(super) fn known_in(&self, index: usize, repetition: usize) -> Option<(Known<B>, Path<B>)> {
        let original = self.original.as_ref()?;
        let mask = original.mask(index)?.clone();
        let [_, _, height, width] = self.shape(index, 1);
        let mask = Tensor::from_data(TensorData::new(mask, [1, 1, height, width]), &self.device);
        let half = index.checked_sub(1).map(|below| self.level(original, below));
        let (clean, noise) = (self.level(original, index), self.edit_noise(index, repetition));
        let path = Path::new(&self.sampler.cascade.stages()[index], half, clean, noise);
        Some((Known { mask, velocity: path.velocity() }, path))
    }

    /// The picture in the sides of a stage, for each image.
    fn level(&self, original: &Original, index: usize) -> Tensor<B, 4> {
        let level = original.level(index).cloned().unwrap_or_default();
        let data = TensorData::new(level, self.shape(index, 1));
        Tensor::from_data(data, &self.device).repeat_dim(0, self.conditions.images())
    }

    fn edit_noise(&self, index: usize, repetition: usize) -> Tensor<B, 4> {
        let shape = self.shape(index, self.conditions.images());
        let [_, channels, height, width] = shape;
        let noise = self.noise.edit(index, repetition, channels, height, width);
        Tensor::from_data(TensorData::new(noise, shape), &self.device)
    }

    /// Whether a stage that is solved is to be gone through again.
    pub(super) fn goes_back(&self) -> bool {
        let repetitions = self.original.as_ref().map_or(1, |original| original.repetitions);
        self.again.repetition + 1 < repetitions
    }

    /// Steps of all repetitions of a stage after its first, where they are known beforehand.
    pub(super) fn steps_again(&self, index: usize) -> usize {
        let Some(original) = &self.original else { return 0 };
        let later = times(&self.sampler, index);
        let later = later
            .iter()
            .filter(|&&time| time > original.goes_back_to(index, &self.sampler))
            .count();
        (original.repetitions - 1) * later
    }

    /// Goes back within a stage that is solved, with new noise.
    ///
    /// The picture that the stage has come to is found from both ends of its path, the start by one evaluation
    /// at its end: see [`Path::clean`].
    ///
    /// # Errors
    /// What the velocity cannot compute.
    pub(super) fn go_back(&mut self) -> Result<()> {
        let (Phase::Solving(solver), Some(original)) = (&self.phase, &self.original) else {
            unreachable!("an edit goes back from the end of a stage");
        };
        let (index, images) = (self.stage, self.conditions.images());
        let time = original.goes_back_to(index, &self.sampler);
        let (end, spent) = (solver.state().narrow(0, 0, images), solver.evaluations(images));
        let (steps, stage) = (solver.steps(), self.sampler.cascade.stages()[index].clone());
        let asks = stage.end_t < 1.0;
        let start = if asks {
            let Self { networks, sampler, conditions, caches, calls, known, .. } = self;
            let known = known.as_ref();
            let mut velocity = GuidedVelocity {
                networks,
                sampler,
                conditions,
                stage: index,
                caches,
                calls,
                known,
            };
            let rows: Vec<usize> = (0..images).collect();
            end.clone() - velocity.at(&vec![1.0; images], end.clone(), &rows)?
        } else {
            // The last stage ends with the clean picture itself.
            end.clone()
        };
        let clean = Path { start, end }.clean(&stage);
        self.again.repetition += 1;
        self.again.steps += steps;
        self.again.evaluations.resize(images, 0);
        for (sum, spent) in self.again.evaluations.iter_mut().zip(spent) {
            *sum += spent + usize::from(asks);
        }
        let noise = self.edit_noise(index, self.again.repetition);
        let mut state = Path::of_clean(&stage, clean, noise).at(time);
        self.known = None;
        if let Some((known, path)) = self.known_in(index, self.again.repetition) {
            state = known.blend(state, path.at(time));
            self.known = Some(known);
        }
        let state = state.repeat_dim(0, self.sampler.copies());
        self.phase = Phase::Solving(Solver::new(&self.sampler, index, time, state));
        self.calls_before.clone_from(&self.calls);
        self.prepare();
        Ok(())
    }

    /// The predicted clean images, in the sides of the newest stage: the picture that both ends of the stage's
    /// path, as its newest slope has them, are mixed from. In the last stage it is the [preview](Self::preview).
    ///
    /// Where no slope is known, at the ends of a stage, it asks the network once, which does not change what is
    /// drawn. `None` before the first stage.
    ///
    /// # Shapes
    /// - output: `[images, channels, height, width]`, in the sides of the newest stage
    ///
    /// # Errors
    /// What the velocity cannot compute.
    pub fn clean_preview(&mut self) -> Result<Option<Tensor<B, 4>>> {
        let images = self.conditions.images();
        let rows: Vec<usize> = (0..images).collect();
        let (index, times, state, slope) = match &self.phase {
            Phase::Between(None) => return Ok(None),
            Phase::Between(Some(state)) => (self.stage - 1, vec![1.0; images], state.clone(), None),
            Phase::Solving(solver) => {
                (self.stage, solver.times(images), solver.state(), solver.slope())
            }
        };
        let state = state.narrow(0, 0, images);
        let stage = self.sampler.cascade.stages()[index].clone();
        let is_over = matches!(self.phase, Phase::Between(_));
        if is_over && stage.end_t >= 1.0 {
            return Ok(Some(state));
        }
        let slope = if let Some(slope) = slope {
            slope.narrow(0, 0, images)
        } else {
            let mut fresh: [StageCache<B>; 2] = Default::default();
            let Self { networks, sampler, conditions, caches, known, .. } = self;
            let (calls, caches) =
                (&mut *vec![0; images], if is_over { &mut fresh } else { caches });
            let known = known.as_ref();
            GuidedVelocity { networks, sampler, conditions, stage: index, caches, calls, known }
                .at(&times, state.clone(), &rows)?
        };
        let column = |values: Vec<f32>| super::velocity::column(&values, &state);
        let passed = column(times.iter().map(|&time| time as f32).collect());
        let left = column(times.iter().map(|&time| (1.0 - time) as f32).collect());
        let start = state.clone() - slope.clone() * passed;
        let end = state + slope * left;
        Ok(Some(Path { start, end }.clean(&stage)))
    }
}

//! Saving a stepper, and going on from where it was.

use burn::tensor::read_sync;

use super::dopri5::{Batch, PerImage};
use super::fixed_steps::{FixedSteps, History, Method};
use super::saved_state::{BEFORE, HostTensor, PREDICTIONS, Place, SLOPE, STATE, SavedState};
use super::solver::{Solver, times, tolerance};
use super::stepper::Phase;
use super::{Conditions, Networks, NoiseSource, Sampler, SolverKind, Stepper};
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// Steps and evaluations of a saved state at most; far more than any run has.
const MOST_COUNTED: usize = 1 << 30;

impl Sampler {
    /// Images that go on where a stepper of the same model, conditions and noise was
    /// [saved](Stepper::save).
    ///
    /// # Errors
    /// As [`stepper`](Self::stepper); [`Error::SavedState`] for the state of another run.
    pub fn resume<'n, B: PixelFlowBackend>(
        &self,
        networks: impl Into<Networks<B>>,
        conditions: Conditions<B>,
        noise: impl NoiseSource + 'n,
        saved: &SavedState,
    ) -> Result<Stepper<'n, B>> {
        let numbers = &saved.numbers;
        let mut stepper = self.stepper(networks, conditions, noise, numbers.size)?;
        let images = stepper.conditions.images();
        let is_of_this_run = numbers.sampler == self.config
            && numbers.images == images
            && numbers.evaluations.len() == numbers.stage
            && numbers.evaluations.iter().all(|stage| stage.len() == images)
            && numbers.evaluations.iter().flatten().all(|&count| count <= MOST_COUNTED)
            && numbers.calls.as_ref().is_none_or(|calls| calls.len() == images)
            && numbers.calls.iter().flatten().all(|&count| count <= MOST_COUNTED);
        if !is_of_this_run || numbers.stage > self.cascade.stages().len() {
            let reason = "it is of a run with other settings, or of other images".to_owned();
            return Err(Error::SavedState { reason });
        }
        stepper.stage = numbers.stage;
        stepper.evaluations.clone_from(&numbers.evaluations);
        if let Some(calls) = &numbers.calls {
            stepper.calls.clone_from(calls);
            stepper.calls_before.clone_from(calls);
        }
        stepper.phase = stepper.phase_of(saved)?;
        stepper.prepare();
        Ok(stepper)
    }
}

impl<B: PixelFlowBackend> Stepper<'_, B> {
    /// All that is needed to go on from here, read from the device.
    ///
    /// # Errors
    /// [`Error::Device`].
    pub async fn save_async(&self) -> Result<SavedState> {
        let (place, state, slope) = match &self.phase {
            Phase::Between(state) => (Place::Before, state.clone(), None),
            Phase::Solving(solver) => {
                let (place, slope) = match solver {
                    Solver::Steps(steps) => {
                        (Place::Steps { start: steps.start(), done: steps.done() }, None)
                    }
                    Solver::PerImage(per_image) => match per_image.places() {
                        Some((places, slope)) => {
                            (Place::PerImage { places, steps: per_image.steps() }, Some(slope))
                        }
                        None => (Place::Start(solver.time()), None),
                    },
                    Solver::Batch(batch) => match batch.place() {
                        Some((place, slope)) => (Place::Batch(place), Some(slope)),
                        None => (Place::Start(solver.time()), None),
                    },
                };
                (place, Some(solver.state()), slope)
            }
        };
        let images = self.conditions.images();
        let at = (self.stage, place);
        // What was asked at a start that nothing is kept of will be asked again.
        let at_start = matches!(at.1, Place::Start(_));
        let calls = if at_start { &self.calls_before } else { &self.calls };
        let counts = (&self.evaluations[..], &calls[..]);
        let mut saved = SavedState::new(&self.sampler.config, self.size, images, at, counts);
        let mut tensors = vec![(STATE, state), (SLOPE, slope)];
        if let Phase::Solving(Solver::Steps(steps)) = &self.phase {
            let History { predictions, before } = steps.history();
            tensors.push((BEFORE, before.clone()));
            tensors.extend(PREDICTIONS.into_iter().zip(predictions.iter().cloned().map(Some)));
        }
        for (name, tensor) in tensors {
            if let Some(tensor) = tensor {
                saved.tensors.insert(name.to_owned(), HostTensor::read(tensor).await?);
            }
        }
        Ok(saved)
    }

    /// As [`save_async`](Self::save_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// [`Error::Device`].
    ///
    /// # Panics
    /// As [`step`](Self::step).
    pub fn save(&self) -> Result<SavedState> {
        read_sync(self.save_async())
    }

    /// Where a saved stepper was.
    fn phase_of(&self, saved: &SavedState) -> Result<Phase<B>> {
        let (stage, copies) = (saved.numbers.stage, self.sampler.copies());
        let tensor = |name, stage| {
            let shape = self.shape(stage, saved.numbers.images * copies);
            Ok::<_, Error>(saved.tensor(name, shape)?.upload::<B>(&self.device))
        };
        let place = &saved.numbers.place;
        if *place == Place::Before {
            let before = stage.checked_sub(1).map(|before| tensor(STATE, before)).transpose()?;
            return Ok(Phase::Between(before));
        }
        let wrong = || Error::SavedState { reason: "its place is not in the cascade".to_owned() };
        if stage >= self.sampler.cascade.stages().len() {
            return Err(wrong());
        }
        let state = tensor(STATE, stage)?;
        let (sampler, kind) = (&self.sampler, self.sampler.config.solver);
        let is_time = |time: &f64| (0.0..=1.0).contains(time);
        Ok(Phase::Solving(match (place, kind, copies) {
            (Place::Start(time), ..) if (0.0..1.0).contains(time) => {
                Solver::new(sampler, stage, *time, state)
            }
            (Place::Steps { start, done }, ..) if (0.0..1.0).contains(start) => {
                let method = Method::of(kind).ok_or_else(wrong)?;
                let solver = FixedSteps::new(method, &times(sampler, stage), *start, state);
                if *done >= solver.steps() {
                    return Err(wrong());
                }
                let predictions = PREDICTIONS[..method.kept(*done)].iter();
                let predictions =
                    predictions.map(|name| tensor(name, stage)).collect::<Result<_>>()?;
                let before =
                    method.keeps_state(*done).then(|| tensor(BEFORE, stage)).transpose()?;
                Solver::Steps(solver.after(*done, History { predictions, before }))
            }
            (Place::PerImage { places, steps }, SolverKind::Dopri5, 1)
                if places.len() == saved.numbers.images
                    && places.iter().all(|p| is_time(&p.time) && p.step > 0.0)
                    && places.iter().any(|p| p.time < 1.0)
                    && places.iter().all(|p| p.evaluations.max(*steps) <= MOST_COUNTED) =>
            {
                let tensors = [state, tensor(SLOPE, stage)?];
                Solver::PerImage(PerImage::at(places, tensors, tolerance(sampler), *steps))
            }
            (Place::Batch(place), SolverKind::Dopri5, 2)
                if is_time(&place.time)
                    && place.step > 0.0
                    && place.evaluations.max(place.accepted) <= MOST_COUNTED =>
            {
                let tensors = [state, tensor(SLOPE, stage)?];
                Solver::Batch(Batch::at(*place, tensors, tolerance(sampler)))
            }
            _ => return Err(wrong()),
        }))
    }
}

//! Saving a stepper, and going on from where it was.

use burn::tensor::read_sync;

use super::dopri5::{Batch, PerImage};
use super::editing::Again;
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
        self.stepper(networks, conditions, noise, saved.numbers.size)?.go_on(saved)
    }
}

impl<B: PixelFlowBackend> Stepper<'_, B> {
    /// Goes on where another stepper of the same model, conditions, noise and edit was [saved](Self::save).
    ///
    /// # Errors
    /// [`Error::SavedState`] for the state of another run.
    pub fn go_on(mut self, saved: &SavedState) -> Result<Self> {
        let (numbers, images) = (&saved.numbers, self.conditions.images());
        let first = self.original.as_ref().map_or(0, |original| original.stage);
        let is_of_this_run = numbers.sampler == self.sampler.config
            && numbers.size == self.size
            && numbers.stage >= first
            && numbers.again.as_ref().is_none_or(|again| self.has_gone(again, &numbers.place))
            && numbers.images == images
            && numbers.evaluations.len() == numbers.stage
            && numbers.evaluations.iter().all(|stage| stage.len() == images)
            && numbers.evaluations.iter().flatten().all(|&count| count <= MOST_COUNTED)
            && numbers.calls.as_ref().is_none_or(|calls| calls.len() == images)
            && numbers.calls.iter().flatten().all(|&count| count <= MOST_COUNTED);
        if !is_of_this_run || numbers.stage > self.sampler.cascade.stages().len() {
            let reason = "it is of a run with other settings, or of other images".to_owned();
            return Err(Error::SavedState { reason });
        }
        self.stage = numbers.stage;
        self.evaluations.clone_from(&numbers.evaluations);
        if let Some(calls) = &numbers.calls {
            self.calls.clone_from(calls);
            self.calls_before.clone_from(calls);
        }
        self.again = numbers.again.clone().unwrap_or_default();
        self.phase = self.phase_of(saved)?;
        // Between two stages it is that of the one before, which can still be looked at.
        let (stage, repetition) = match (&self.phase, &self.original) {
            (Phase::Between(Some(_)), Some(original)) => (self.stage - 1, original.repetitions - 1),
            _ => (self.stage, self.again.repetition),
        };
        if !matches!(self.phase, Phase::Between(None)) {
            self.known = self.known_in(stage, repetition).map(|(known, _)| known);
        }
        self.prepare();
        Ok(self)
    }

    /// Whether an edit of this kind goes through a stage so often.
    fn has_gone(&self, again: &Again, place: &Place) -> bool {
        let repetitions = self.original.as_ref().map_or(1, |original| original.repetitions);
        let counts = again.evaluations.iter().chain([&again.steps]);
        *place != Place::Before
            && (1..repetitions).contains(&again.repetition)
            && again.evaluations.len() == self.conditions.images()
            && counts.into_iter().all(|&count| count <= MOST_COUNTED)
    }

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
        saved.numbers.again = Some(self.again.clone()).filter(|again| again.repetition > 0);
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
            let first = self.original.as_ref().map_or(0, |original| original.stage);
            let before = stage.checked_sub(1).filter(|_| stage > first);
            let before = before.map(|before| tensor(STATE, before)).transpose()?;
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

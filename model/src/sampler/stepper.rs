//! The run through the stages, one step at a time.

use burn::tensor::{Tensor, TensorData, read_sync};

use super::editing::Again;
use super::halving::double;
use super::known::Known;
use super::original::Original;
use super::solver::Solver;
use super::velocity::Velocity;
use super::{
    Conditions, GuidedVelocity, Networks, NoiseSource, Sampler, SolverKind, StageCache, StageStart,
};
use crate::cascade::Renoise;
use crate::ops::PixelFlowBackend;
use crate::{Error, Result};

/// A batch of images on its way through the cascade.
///
/// It stands still between two calls of [`step`](Self::step): there it can be looked at
/// ([`state`](Self::state), [`preview`](Self::preview)), given away ([`save`](Self::save)) and gone on
/// from later ([`Sampler::resume`]), or dropped. It owns all it needs, and touches no file, thread,
/// clock or environment.
pub struct Stepper<'n, B: PixelFlowBackend> {
    pub(super) networks: Networks<B>,
    pub(super) sampler: Sampler,
    pub(super) conditions: Conditions<B>,
    pub(super) noise: Box<dyn NoiseSource + 'n>,
    pub(super) size: [usize; 2],
    pub(super) device: B::Device,
    /// The stage that comes next, or that the solver is in.
    pub(super) stage: usize,
    pub(super) phase: Phase<B>,
    pub(super) caches: [StageCache<B>; 2],
    /// Evaluations of each image in each finished stage.
    pub(super) evaluations: Vec<Vec<usize>>,
    /// Network calls of each image so far.
    pub(super) calls: Vec<usize>,
    /// Those that were made when the stage began.
    pub(super) calls_before: Vec<usize>,
    /// The picture that the images begin with, if they are edits.
    pub(super) original: Option<Original>,
    /// What stays of it, in the present stage.
    pub(super) known: Option<Known<B>>,
    pub(super) again: Again,
}

/// Where a stepper is.
pub(super) enum Phase<B: PixelFlowBackend> {
    /// Before a stage, with what the stage before it left.
    Between(Option<Tensor<B, 4>>),
    /// In a stage.
    Solving(Solver<B>),
}

/// Where a run that does not begin with noise starts: at a time within a stage.
#[derive(Clone, Debug)]
pub struct Start<B: PixelFlowBackend> {
    /// The stage.
    pub stage: usize,
    /// The time within it, 0 to less than 1.
    pub time: f64,
    /// The state at that time, `[images, channels, height, width]` in the stage's own sides.
    pub state: Tensor<B, 4>,
}

/// News of a stepper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// A stage has begun; nothing is solved yet.
    Stage(StageStart),
    /// A step is made.
    Step(StepDone),
}

/// A step that is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepDone {
    /// The stage.
    pub stage: usize,
    /// Steps of this stage so far; a solver's first step size is chosen in steps that do not count.
    pub step: usize,
    /// Time within the stage of the image that is furthest behind, 0..1.
    pub time: f64,
    /// Network evaluations (NFE) so far, over all stages, of the image that needed most.
    pub evaluations: usize,
    /// Whether the stage is done.
    pub stage_is_done: bool,
}

impl Sampler {
    /// Images of `height` x `width` pixels, not yet begun; `networks` is a model, or a model and its
    /// guide.
    ///
    /// # Errors
    /// [`Error::InvalidSize`] for a size that does not fit, [`Error::ClassOutOfRange`] for a class the
    /// model does not have, [`Error::InvalidSampler`] for a guide that does not fit the model.
    pub fn stepper<'n, B: PixelFlowBackend>(
        &self,
        networks: impl Into<Networks<B>>,
        conditions: Conditions<B>,
        noise: impl NoiseSource + 'n,
        [height, width]: [usize; 2],
    ) -> Result<Stepper<'n, B>> {
        let networks = networks.into();
        networks.check()?;
        self.cascade.check_size(height, width, networks.model.patch_size())?;
        conditions.check_classes(networks.model.classes())?;
        Ok(Stepper {
            device: networks.model.device(),
            networks,
            sampler: self.clone(),
            calls: vec![0; conditions.images()],
            calls_before: vec![0; conditions.images()],
            conditions,
            noise: Box::new(noise),
            size: [height, width],
            stage: 0,
            phase: Phase::Between(None),
            caches: Default::default(),
            evaluations: Vec::new(),
            original: None,
            known: None,
            again: Again::default(),
        })
    }

    /// Images that go on from a state.
    ///
    /// # Errors
    /// As [`stepper`](Self::stepper); [`Error::InvalidStart`] for a stage, a time or a state that does
    /// not fit.
    pub fn stepper_from<'n, B: PixelFlowBackend>(
        &self,
        networks: impl Into<Networks<B>>,
        conditions: Conditions<B>,
        noise: impl NoiseSource + 'n,
        size: [usize; 2],
        start: Start<B>,
    ) -> Result<Stepper<'n, B>> {
        let mut stepper = self.stepper(networks, conditions, noise, size)?;
        let Start { stage, time, state } = start;
        let stages = self.cascade.stages().len();
        let wrong = |reason: String| Err(Error::InvalidStart { reason });
        if stage >= stages {
            return wrong(format!("stage {stage} of {stages}, counted from 0"));
        }
        if !(0.0..1.0).contains(&time) {
            return wrong(format!("time {time}, it must be from 0 to less than 1"));
        }
        let images = stepper.conditions.images();
        let (found, expected) = (state.dims(), stepper.shape(stage, images));
        if found != expected {
            return wrong(format!(
                "the state is {found:?}, in stage {stage} it must be {expected:?}"
            ));
        }
        let state = state.repeat_dim(0, self.copies());
        stepper.evaluations = vec![vec![0; images]; stage];
        stepper.stage = stage;
        stepper.phase = Phase::Solving(Solver::new(self, stage, time, state));
        stepper.prepare();
        Ok(stepper)
    }

    /// How often the state is carried: the reference's Dopri5 has it twice, with separate noise from
    /// stage 1 on.
    pub(super) fn copies(&self) -> usize {
        if self.config.reference && self.config.solver == SolverKind::Dopri5 { 2 } else { 1 }
    }
}

impl<B: PixelFlowBackend> Stepper<'_, B> {
    /// Enters a stage or makes one step of its solver, and waits for the device once at most; `None`
    /// when the images are done.
    ///
    /// # Errors
    /// [`Error::NotFinite`] and [`Error::SolverStuck`] where the model misbehaves, [`Error::Device`].
    pub async fn step_async(&mut self) -> Result<Option<Progress>> {
        if self.is_done() {
            return Ok(None);
        }
        let Self { networks, sampler, conditions, stage, caches, calls, known, .. } = self;
        match &mut self.phase {
            Phase::Between(_) => Ok(Some(Progress::Stage(self.enter()))),
            Phase::Solving(solver) => {
                let (stage, known) = (*stage, known.as_ref());
                let mut velocity =
                    GuidedVelocity { networks, sampler, conditions, stage, caches, calls, known };
                let made = solver.step(&mut velocity).await.and_then(|()| self.after_step());
                if made.is_err() {
                    // A solver that has failed cannot go on: nothing comes after an error.
                    self.stage = self.sampler.cascade.stages().len();
                }
                made.map(|done| Some(Progress::Step(done)))
            }
        }
    }

    /// As [`step_async`](Self::step_async), waiting for the device where the platform can.
    ///
    /// # Errors
    /// As [`step_async`](Self::step_async).
    ///
    /// # Panics
    /// In a browser, whose devices answer only what awaits them.
    pub fn step(&mut self) -> Result<Option<Progress>> {
        read_sync(self.step_async())
    }

    /// Whether all stages are done.
    pub fn is_done(&self) -> bool {
        self.stage == self.sampler.cascade.stages().len()
    }

    /// The state of all images, in the sides of the newest stage; `None` before the first.
    ///
    /// # Shapes
    /// - output: `[images, channels, height, width]`, pixels in -1..1 at the end
    pub fn state(&self) -> Option<Tensor<B, 4>> {
        Some(self.carried()?.narrow(0, 0, self.conditions.images()))
    }

    /// The state as the solver carries it: the reference's Dopri5 has it twice.
    pub(super) fn carried(&self) -> Option<Tensor<B, 4>> {
        match &self.phase {
            Phase::Between(state) => state.clone(),
            Phase::Solving(solver) => Some(solver.state()),
        }
    }

    /// The predicted end of the stage for all images, `x + (1 - t) v`: in the last stage, clean images.
    ///
    /// It takes the newest slope of the solver; at the start of a stage, where there is none, it asks
    /// the network once, which does not change what is drawn. `None` before the first stage.
    ///
    /// # Shapes
    /// - output: `[images, channels, height, width]`, in the sides of the newest stage
    ///
    /// # Errors
    /// What the velocity cannot compute.
    pub fn preview(&mut self) -> Result<Option<Tensor<B, 4>>> {
        let images = self.conditions.images();
        let Phase::Solving(solver) = &self.phase else {
            return Ok(self.state());
        };
        let heading = if let Some(heading) = solver.heading() {
            heading
        } else {
            let (state, time) = (solver.state().narrow(0, 0, images), solver.time());
            let Self { networks, sampler, conditions, stage, caches, known, .. } = self;
            let (stage, calls, known) = (*stage, &mut *vec![0; images], known.as_ref());
            let mut velocity =
                GuidedVelocity { networks, sampler, conditions, stage, caches, calls, known };
            let rows: Vec<usize> = (0..images).collect();
            let slope = velocity.at(&vec![time; images], state.clone(), &rows)?;
            state + slope * (1.0 - time) as f32
        };
        Ok(Some(heading.narrow(0, 0, images)))
    }

    /// Network evaluations (NFE) of each image in each stage so far, `[stage][image]`.
    pub fn evaluations(&self) -> Vec<Vec<usize>> {
        let mut all = self.evaluations.clone();
        if let Phase::Solving(solver) = &self.phase {
            let before = self.again.evaluations.iter().copied().chain(std::iter::repeat(0));
            let newest = solver.evaluations(self.conditions.images()).into_iter();
            all.push(newest.zip(before).map(|(newest, before)| newest + before).collect());
        }
        all
    }

    /// Network evaluations of each image over all stages so far.
    pub fn total_evaluations(&self) -> Vec<usize> {
        let all = self.evaluations();
        (0..self.conditions.images()).map(|i| all.iter().map(|stage| stage[i]).sum()).collect()
    }

    /// Network calls of each image so far: as evaluations, but guidance's second one is counted, and what is
    /// not asked is not. Previews are not counted; nor are, of a saved state that does not tell, those before.
    pub fn network_calls(&self) -> &[usize] {
        &self.calls
    }

    /// The shape of `images` states in a stage.
    pub(super) fn shape(&self, stage: usize, images: usize) -> [usize; 4] {
        let (height, width) = self.sampler.cascade.sides(stage, self.size[0], self.size[1]);
        [images, self.networks.model.channels(), height, width]
    }

    /// Enters the next stage.
    fn enter(&mut self) -> StageStart {
        let (index, copies) = (self.stage, self.sampler.copies());
        let [_, channels, height, width] = self.shape(index, 1);
        let upload = |values: Vec<f32>| {
            let count = values.len() / (channels * height * width);
            let data = TensorData::new(values, [count, channels, height, width]);
            Tensor::<B, 4>::from_data(data, &self.device)
        };
        let known = self.known_in(index, 0);
        let phase = std::mem::replace(&mut self.phase, Phase::Between(None));
        let state = match (phase, &self.original) {
            (Phase::Between(Some(before)), _) => {
                let block = |copy| self.noise.block(index, copy, channels, height, width);
                let blocks = upload((0..copies).flat_map(block).collect());
                let stage = &self.sampler.cascade.stages()[index];
                let Renoise { alpha, beta } = Renoise::entering(stage);
                let renoised = double(before) * alpha + blocks * beta;
                match &known {
                    Some((known, path)) => {
                        known.blend(renoised, path.start.clone().repeat_dim(0, copies))
                    }
                    None => renoised,
                }
            }
            (_, Some(original)) => match &known {
                Some((_, path)) => path.at(original.time),
                None => self.first_state(original),
            }
            .repeat_dim(0, copies),
            _ => upload(self.noise.initial(channels, height, width)).repeat_dim(0, copies),
        };
        let time = self.original.as_ref().map_or(0.0, |original| original.begins_at(index));
        let solver = Solver::new(&self.sampler, index, time, state);
        let stages = self.sampler.cascade.stages().len();
        let steps = solver.steps_in_all().map(|steps| steps + self.steps_again(index));
        self.known = known.map(|(known, _)| known);
        self.phase = Phase::Solving(solver);
        self.calls_before.clone_from(&self.calls);
        self.prepare();
        StageStart { stage: index, stages, height, width, steps }
    }

    /// Computes what the steps of the stage will need, where their times are known.
    pub(super) fn prepare(&mut self) {
        let Phase::Solving(Solver::Steps(solver)) = &self.phase else {
            return;
        };
        let [_, _, height, width] = solver.state().dims();
        let Self { networks, sampler, conditions, stage, caches, calls, known, .. } = self;
        let (stage, known) = (*stage, known.as_ref());
        let mut velocity =
            GuidedVelocity { networks, sampler, conditions, stage, caches, calls, known };
        velocity.expect(solver.asked(), [height, width]);
    }

    /// What a step has brought; leaves the stage if it is done, or goes back in it.
    fn after_step(&mut self) -> Result<StepDone> {
        let Phase::Solving(solver) = &self.phase else {
            unreachable!("a step is made by a solver");
        };
        let done = StepDone {
            stage: self.stage,
            step: self.again.steps + solver.steps(),
            time: solver.time(),
            evaluations: self.total_evaluations().into_iter().max().unwrap_or(0),
            stage_is_done: solver.is_done() && !self.goes_back(),
        };
        if done.stage_is_done {
            let state = solver.state();
            self.evaluations = self.evaluations();
            self.again = Again::default();
            self.phase = Phase::Between(Some(state));
            self.caches = Default::default();
            self.stage += 1;
        } else if solver.is_done() {
            self.go_back()?;
        }
        Ok(done)
    }
}

//! The training loop.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use burn::tensor::backend::AutodiffBackend;
use infer::QualityMeter;
use pixelflow::Error as ModelError;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::loader::BatchStream;
use pixelflow_host::device::used_memory;
use pixelflow_host::interrupt::Interrupt;
use pixelflow_ranks::Job;

use crate::checkpoint::{Due, State, Store};
use crate::config::CheckedConfig;
use crate::data::Data;
use crate::evaluation::measure;
use crate::metrics::{EvaluationRecord, Record, Score, TrainingRecord, ValidationRecord};
use crate::observer::Observers;
use crate::optimizer::OptimizerConfig;
use crate::patch_grid::PatchGrid;
use crate::precision::Precision;
use crate::preview::preview;
use crate::ranks::{Place, Signs, agree, any_rank, weights_hash};
use crate::stopwatch::{Part, Stopwatch};
use crate::trainer::Trainer;
use crate::validation::validate;
use crate::{Error, Result};

/// A run, ready to go on from its state.
pub struct Run<'a, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Its settings.
    pub config: &'a CheckedConfig,
    /// Its images.
    pub data: &'a Data,
    /// Where its checkpoints are.
    pub store: &'a Store,
    /// What its images are measured with, if they are.
    pub meter: Option<&'a QualityMeter>,
    /// Model and optimiser.
    pub trainer: Trainer<A>,
    /// How far it has come.
    pub state: State,
    /// Whether the state is another than that of the newest checkpoint.
    pub is_unsaved: bool,
    /// The ranks that train together, of which the first observes and saves.
    pub job: &'a mut Job,
    /// What previews are looked at with.
    pub patch_grid: PatchGrid,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps are taken.
    Finished,
    /// The user wanted it to stop; the state is saved, if there is any.
    Interrupted,
}

impl<A> Run<'_, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Trains until all steps are taken or the user interrupts. Whatever ends it, a panic too: the
    /// state after the last whole step is saved first.
    ///
    /// # Errors
    /// [`Error::Data`] for images that cannot be read, [`Error::Diverged`], and
    /// [`Error::SaveCheckpoint`] if the last state could not be saved.
    pub fn train(
        &mut self,
        interrupt: &Interrupt,
        observers: &mut Observers<'_>,
    ) -> Result<Ending> {
        observers.begun();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let ending = self.advance(interrupt, observers)?;
            self.trainer.gather(self.job)?;
            Ok(ending)
        }));
        let saved = if !(self.is_unsaved && self.job.leads()) {
            Ok(())
        } else if self.trainer.is_whole() {
            self.save(observers)
        } else if self.trainer.is_sharded() {
            Err(Error::LostShards { step: self.state.step })
        } else {
            Err(Error::HalfAStep { step: self.state.step + 1 })
        };
        observers.ended();
        match (ended, saved) {
            (Ok(Ok(ending)), saved) => saved.map(|()| {
                self.prune(observers);
                ending
            }),
            // Older checkpoints stay: who knows what is wrong with this one.
            (ended, saved) => {
                if let Err(error) = saved {
                    observers.note(&error.to_string());
                }
                ended.unwrap_or_else(|panic| resume_unwind(panic))
            }
        }
    }

    /// The loop itself.
    fn advance(&mut self, interrupt: &Interrupt, observers: &mut Observers<'_>) -> Result<Ending> {
        let settings = self.config.settings();
        let steps = settings.train.steps;
        let share = self.place().share(settings.train.gradient_accumulation);
        let mut batches = self.data.training.stream_share(self.state.step..steps, share);
        if self.state.step == 0 {
            // What the untrained model draws: the later pictures show the progress.
            self.state.due.preview = true;
        }
        let mut is_asked = self.agree(interrupt)?;
        self.observe(interrupt, observers)?;
        let mut has_saved = false;
        while self.state.step < steps && !any_rank(self.job, interrupt.is_wanted())? {
            // Weights that a step has gone on from are sound: only now older checkpoints may go.
            if self.step(&mut batches, observers)? && std::mem::take(&mut has_saved) {
                self.prune(observers);
            }
            let step = self.state.step;
            if (settings.log.every.is_due(step) || step == steps) && !self.state.period.is_empty() {
                let record = Record::Training(self.record());
                observers.record(&record);
            }
            self.state.due = Due {
                validation: settings.validation.every.is_due(step),
                preview: settings.preview.every.is_due(step),
                evaluation: settings.evaluation.every.is_due(step),
                averages: settings.averages.every.is_due(step),
            };
            is_asked |= self.agree(interrupt)?;
            self.observe(interrupt, observers)?;
            if std::mem::take(&mut is_asked) || settings.checkpoint.every.is_due(step) {
                has_saved = self.save_or_go_on(observers)?;
            }
        }
        Ok(if self.state.step == steps { Ending::Finished } else { Ending::Interrupted })
    }

    /// This process's place among the ranks.
    pub(crate) fn place(&self) -> Place {
        let shards = self.config.settings().ranks.shard_optimizer;
        Place { rank: self.job.rank(), ranks: self.job.ranks(), shards }
    }

    /// Whether some rank was asked to save; brings the state to the first rank if it is needed there.
    fn agree(&mut self, interrupt: &Interrupt) -> Result<bool> {
        let (settings, step) = (self.config.settings(), self.state.step);
        let save = interrupt.take_save_request();
        let is_compared = !self.job.is_alone() && settings.ranks.compare_every.is_due(step);
        let mut skipped = Vec::new();
        if !self.job.is_alone() {
            let met = self.data.training.skipped().errors.into_keys();
            skipped.extend(met.filter(|record| !self.state.skipped.contains(record)));
        }
        let own = Signs {
            save,
            needs_whole: save || settings.checkpoint.every.is_due(step) || self.is_drawing_due(),
            weights: is_compared.then(|| weights_hash(&self.trainer.inner_network())),
            skipped,
        };
        let agreed = agree(self.job, &own, step)?;
        self.state.skipped.extend(agreed.skipped);
        if agreed.needs_whole {
            self.trainer.gather(self.job)?;
        }
        Ok(agreed.save)
    }

    /// Whether something is due that needs the average.
    fn is_drawing_due(&self) -> bool {
        let Due { validation, preview, evaluation, averages: _ } = self.state.due;
        self.job.leads() && (validation || preview || evaluation)
    }

    /// One step on the next batch; says whether it has updated the weights.
    fn step(&mut self, batches: &mut BatchStream, observers: &mut Observers<'_>) -> Result<bool> {
        let started = Instant::now();
        let is_measured = self.config.settings().log.every.is_due(self.state.step + 1);
        let device = || self.trainer.device().clone();
        let measured = is_measured.then(|| Stopwatch::of_device::<A>(device()));
        let mut watch = measured.unwrap_or_else(Stopwatch::stopped);
        let parts = self.config.settings().train.gradient_accumulation;
        let share = self.place().share(parts);
        let batch = batches.next().expect("there is a batch for every step")?;
        let records: Vec<(usize, usize)> =
            batch.positions.iter().copied().zip(batch.records.iter().copied()).collect();
        let batch = self.data.text.attach(batch, &self.data.training, share.own_parts())?;
        watch.lap(Part::Data);
        let rate = self.learning_rate_at(self.state.step);
        let outcome = self.trainer.step_among(self.job, (&batch, &share), rate, &mut watch)?;
        self.is_unsaved = true;
        if !outcome.is_finite() {
            return self.reject(&outcome, &records, observers).map(|()| false);
        }
        let seconds = started.elapsed().as_secs_f64();
        self.state.step += 1;
        self.state.rejections.update();
        self.state.spikes = self.trainer.optimizer().spikes();
        self.state.loss_scale = self.trainer.loss_scale();
        if let Some([before, now]) = outcome.scaled {
            let why =
                if now < before { "gradients have overflowed" } else { "no gradient overflows" };
            let step = self.state.step;
            observers.note(&format!("step {step}: {why} in f16: the loss is scaled by {now} now"));
        }
        self.state.images += outcome.losses.losses.len() as u64;
        self.state.seconds += seconds;
        self.state.period.add(&outcome, seconds, watch.times());
        Ok(true)
    }

    /// The learning rate of a step, counted from 0.
    pub(crate) fn learning_rate_at(&self, step: u64) -> f64 {
        self.state.rejections.rate() * self.config.learning_rate().at(step)
    }

    /// The error that something is no longer finite, and from where to go on.
    pub(crate) fn diverged(&self, step: u64, what: String) -> Error {
        let mut steps = self.store.steps().unwrap_or_default();
        steps.retain(|earlier| *earlier < self.state.step);
        let earlier = steps.pop().map_or_else(
            || "begin a new run".to_owned(),
            |step| {
                format!(
                    "go on from an earlier checkpoint: --resume {}",
                    self.store.path(step).display()
                )
            },
        );
        Error::Diverged { step, what, earlier }
    }

    /// How many records could not be used since the run began, with those that were left out before it.
    pub(crate) fn skipped(&mut self) -> usize {
        let met = self.data.training.skipped();
        self.state.skipped.extend(met.errors.keys());
        self.state.skipped.len() + met.left_out.records
    }

    fn record(&mut self) -> TrainingRecord {
        let skipped = self.skipped();
        let State { step, images, seconds, records, .. } = self.state;
        let train = &self.config.settings().train;
        TrainingRecord {
            step,
            images,
            epoch: images as f64 / records as f64,
            learning_rate: self.learning_rate_at(step - 1),
            ema_decay: OptimizerConfig::from(train)
                .ema_decay_at((self.state.updates() as usize).saturating_sub(1)),
            skipped,
            rejected: self.state.rejections.steps,
            spikes: self.state.spikes.clipped,
            loss_scale: (train.precision == Precision::F16)
                .then(|| self.state.loss_scale.factor(train.precision)),
            seconds,
            memory: used_memory(),
            means: self.state.period.take(),
        }
    }

    /// Does what is due after a step; what an interrupt cuts off stays due.
    fn observe(&mut self, interrupt: &Interrupt, observers: &mut Observers<'_>) -> Result<()> {
        if !self.job.leads() {
            self.state.due = Due::default();
            return Ok(());
        }
        let (config, data) = (self.config, self.data);
        let settings = config.settings();
        self.state.due.validation &=
            data.validation.is_some() && !settings.validation.every.is_never();
        self.state.due.preview &= !settings.preview.every.is_never();
        self.state.due.evaluation &= self.meter.is_some();
        self.state.due.averages &= settings.averages.kept().is_some();
        if self.state.due.averages {
            self.keep_averages(observers);
            self.done(|due| due.averages = false);
        }
        if self.state.due.validation {
            let Some(record) = self.validate(interrupt, observers)? else { return Ok(()) };
            if !record.loss.is_finite() {
                let what = format!("validation loss {}", record.loss);
                return Err(self.diverged(record.step, what));
            }
            observers.record(&Record::Validation(record));
            self.done(|due| due.validation = false);
        }
        if self.state.due.preview {
            let (average, device) = (self.trainer.average(), self.trainer.device().clone());
            let mut goes_on = || self.goes_on(interrupt, observers);
            let drawn = preview(&average, config, data, &device, &mut goes_on);
            let drawn = drawn.map_err(|error| self.not_drawn(error))?;
            let Some(preview) = drawn else { return Ok(()) };
            self.look_at(&preview.images, observers);
            observers.preview(self.state.step, &preview);
            self.done(|due| due.preview = false);
        }
        if let Some(meter) = self.meter.filter(|_| self.state.due.evaluation) {
            // It may take an hour and all memory: what was trained is safe before.
            if self.is_unsaved && settings.checkpoint.every.is_due(self.state.step) {
                self.save_or_go_on(observers)?;
            }
            match self.evaluate(meter, interrupt, observers) {
                Ok(None) => return Ok(()),
                Ok(Some(record)) => observers.record(&Record::Evaluation(record)),
                // What cannot be measured today is no fault of the run.
                Err(
                    error @ (Error::Infer(_)
                    | Error::Model(
                        ModelError::NotFinite { .. } | ModelError::SolverStuck { .. },
                    )),
                ) => {
                    let step = self.state.step;
                    observers
                        .note(&format!("step {step} is not measured: {error}; the run goes on"));
                }
                Err(error) => return Err(error),
            }
            self.done(|due| due.evaluation = false);
        }
        Ok(())
    }

    /// The error that no preview can be drawn: weights can be finite, and what is drawn with them not.
    fn not_drawn(&self, error: Error) -> Error {
        match error {
            Error::Model(ModelError::NotFinite { .. } | ModelError::SolverStuck { .. })
                if self.state.step > 0 =>
            {
                self.diverged(self.state.step, "no preview can be drawn".to_owned())
            }
            other => other,
        }
    }

    /// Notes that something is no longer due.
    fn done(&mut self, note: impl FnOnce(&mut Due)) {
        note(&mut self.state.due);
        // Before the first step there is nothing to save.
        self.is_unsaved |= self.state.step > 0;
    }

    /// Whether what is under way goes on; saves first if somebody wants it.
    fn goes_on(&mut self, interrupt: &Interrupt, observers: &mut Observers<'_>) -> Result<bool> {
        if self.is_unsaved && self.trainer.is_whole() && interrupt.take_save_request() {
            self.save_or_go_on(observers)?;
        }
        Ok(!interrupt.is_wanted())
    }

    /// The losses on images that training does not see; `None` if it was interrupted.
    fn validate(
        &mut self,
        interrupt: &Interrupt,
        observers: &mut Observers<'_>,
    ) -> Result<Option<ValidationRecord>> {
        let (config, data) = (self.config, self.data);
        let (average, device) = (self.trainer.average(), self.trainer.device().clone());
        let mut goes_on = || self.goes_on(interrupt, observers);
        let losses = validate(&average, config, data, &device, &mut goes_on)?;
        let stages = 0..config.settings().cascade.stages;
        Ok(losses.map(|losses| ValidationRecord {
            step: self.state.step,
            images: self.state.images,
            loss: losses.mean(),
            stage_losses: stages.map(|stage| losses.stage_mean(stage)).collect(),
        }))
    }

    /// Measures images from the moving average; `None` if it was interrupted.
    fn evaluate(
        &mut self,
        meter: &QualityMeter,
        interrupt: &Interrupt,
        observers: &mut Observers<'_>,
    ) -> Result<Option<EvaluationRecord>> {
        let (config, data) = (self.config, self.data);
        let (average, device) = (self.trainer.average(), self.trainer.device().clone());
        let mut goes_on = || self.goes_on(interrupt, observers);
        let scores = measure(&average, (config, data, meter), &device, interrupt, &mut goes_on)?;
        Ok(scores.map(|scores| EvaluationRecord {
            step: self.state.step,
            images: self.state.images,
            drawn: config.settings().evaluation.images,
            metrics: Score::by_key(scores),
        }))
    }
}

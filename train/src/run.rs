//! The training loop.

use std::time::Instant;

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::Loader;
use pixelflow_dataset::loader::BatchStream;
use pixelflow_host::interrupt::Interrupt;

use crate::checkpoint::{self, State, Store};
use crate::config::CheckedConfig;
use crate::data::Data;
use crate::metrics::{Means, Record, TrainingRecord, ValidationRecord};
use crate::observer::TrainObserver;
use crate::optimizer::OptimizerConfig;
use crate::preview::preview;
use crate::texts::TrainingBatch;
use crate::trainer::{StepOutcome, Trainer};
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
    /// Model and optimiser.
    pub trainer: Trainer<A>,
    /// How far it has come.
    pub state: State,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All steps are taken.
    Finished,
    /// The user wanted it to stop; the state is saved.
    Interrupted,
}

impl<A> Run<'_, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Trains until all steps are taken or the user interrupts; in both cases saves the state.
    ///
    /// # Errors
    /// [`Error::Data`] for images that cannot be read, [`Error::Diverged`],
    /// [`Error::SaveCheckpoint`], and what an observer says.
    pub fn train(
        &mut self,
        interrupt: &Interrupt,
        observer: &mut dyn TrainObserver,
    ) -> Result<Ending> {
        let settings = self.config.settings();
        let (steps, parts) = (settings.train.steps, settings.train.gradient_accumulation as u64);
        let first = self.state.step;
        let mut batches = self.data.training.stream(first * parts..steps * parts);
        let mut means = Means::new(settings.cascade.stages);
        let mut saved = first;
        if first == 0 && !settings.preview.every.is_never() {
            // What the untrained model draws: the later pictures show the progress.
            self.preview(observer)?;
        }
        while self.state.step < steps && !interrupt.is_wanted() {
            let started = Instant::now();
            let outcome = self.step(&mut batches, parts as usize)?;
            let seconds = started.elapsed().as_secs_f64();
            self.state.step += 1;
            self.state.images += outcome.losses.losses.len() as u64;
            self.state.seconds += seconds;
            means.add(&outcome, seconds);

            let step = self.state.step;
            if settings.log.every.is_due(step) || step == steps {
                observer.record(&Record::Training(self.record(&mut means)))?;
            }
            if settings.validation.every.is_due(step) {
                self.validate(observer)?;
            }
            if settings.preview.every.is_due(step) {
                self.preview(observer)?;
            }
            if settings.checkpoint.every.is_due(step) {
                self.save(observer)?;
                saved = step;
            }
        }
        if saved < self.state.step {
            self.save(observer)?;
        }
        Ok(if self.state.step == steps { Ending::Finished } else { Ending::Interrupted })
    }

    /// One step on the next `parts` batches.
    fn step(&mut self, batches: &mut BatchStream, parts: usize) -> Result<StepOutcome> {
        let batches: Vec<TrainingBatch> = batches
            .take(parts)
            .map(|batch| self.data.text.attach(batch?, &self.data.training))
            .collect::<Result<_>>()?;
        let learning_rate = self.config.learning_rate().at(self.state.step);
        let outcome = self.trainer.step(&batches, learning_rate);
        let (loss, gradient_norm) = (outcome.losses.mean(), outcome.gradient_norm);
        if loss.is_finite() && gradient_norm.is_finite() {
            Ok(outcome)
        } else {
            Err(Error::Diverged { step: self.state.step + 1, loss, gradient_norm })
        }
    }

    fn record(&self, means: &mut Means) -> TrainingRecord {
        let State { step, images, seconds, records } = self.state;
        TrainingRecord {
            step,
            images,
            epoch: images as f64 / records as f64,
            learning_rate: self.config.learning_rate().at(step - 1),
            ema_decay: OptimizerConfig::from(&self.config.settings().train)
                .ema_decay_at(step as usize - 1),
            skipped: self.data.training.skipped().count(),
            seconds,
            means: means.take(),
        }
    }

    fn validate(&self, observer: &mut dyn TrainObserver) -> Result<()> {
        let Some(loader) = &self.data.validation else {
            return Ok(());
        };
        let settings = self.config.settings();
        let batches = settings.validation.batches.min(whole_batches(loader, self.config));
        let average = self.trainer.average();
        let losses = validate(
            &average,
            loader,
            self.data.validation_text(),
            batches,
            self.trainer.device(),
        )?;
        let stages = 0..settings.cascade.stages;
        observer.record(&Record::Validation(ValidationRecord {
            step: self.state.step,
            images: self.state.images,
            loss: losses.mean(),
            stage_losses: stages.map(|stage| losses.stage_mean(stage)).collect(),
        }))
    }

    fn preview(&self, observer: &mut dyn TrainObserver) -> Result<()> {
        let (average, device) = (self.trainer.average(), self.trainer.device());
        let picture = preview(&average, self.config, self.data, device)?;
        observer.preview(self.state.step, &picture)
    }

    fn save(&self, observer: &mut dyn TrainObserver) -> Result<()> {
        let settings = self.config.settings();
        let description = self.data.description(settings);
        checkpoint::save(self.store, &self.trainer, &self.data.text, &self.state, &description)?;
        self.store.prune(&settings.checkpoint)?;
        observer.saved(self.state.step, &self.store.path(self.state.step))
    }
}

/// Batches in one pass over the validation images, at least one.
fn whole_batches(loader: &Loader, config: &CheckedConfig) -> u64 {
    (loader.records() / config.micro_batch()).max(1) as u64
}

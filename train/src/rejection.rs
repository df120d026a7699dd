//! Rejecting a step whose loss or gradient is not finite, and going back to earlier weights after too many.
//!
//! A rejected step has changed no weight: its batch is passed over, recorded by name, and the run goes on with the
//! next. Where `train.rejected_steps` in a row are rejected, the weights themselves are at fault: the run takes those
//! of the last checkpoint before them, halves its learning rate, and goes on with the batches that follow. It all
//! follows from the state: a run that is killed in between and resumed does the same.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;

use crate::Result;
use crate::checkpoint::{self, State};
use crate::metrics::{Record, RejectedRecord, RollbackRecord};
use crate::observer::Observers;
use crate::ranks::gather_records;
use crate::run::Run;
use crate::trainer::StepOutcome;

impl<A> Run<'_, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Rejects the step that has this outcome; `records` are this rank's share of its batch: place in it, and number.
    ///
    /// # Errors
    /// [`crate::Error::Diverged`] if the run may not go on, with the state after its last update; what reading the
    /// earlier weights says.
    pub(crate) fn reject(
        &mut self,
        outcome: &StepOutcome,
        records: &[(usize, usize)],
        observers: &mut Observers<'_>,
    ) -> Result<()> {
        let train = &self.config.settings().train;
        let what = match outcome.losses.mean() {
            loss if loss.is_finite() => format!("gradient norm {}", outcome.gradient_norm),
            loss => format!("loss {loss}"),
        };
        let step = self.state.step + 1;
        if train.rejected_steps == 0 {
            return Err(self.diverged(step, what));
        }
        self.state.step = step;
        self.state.rejections.reject();
        let in_a_row = self.state.rejections.in_a_row;
        let mut all = gather_records(self.job, records)?;
        all.sort_unstable();
        let images = all.into_iter().map(|(_, record)| self.data.training.name(record)).collect();
        let (seed, said) = (train.seed, what.clone());
        observers.record(&Record::Rejected(RejectedRecord {
            step,
            seed,
            what: said,
            in_a_row,
            images,
        }));
        if in_a_row < train.rejected_steps { Ok(()) } else { self.roll_back(what, observers) }
    }

    /// Goes back to the weights of the last checkpoint before the present ones, with half the learning rate.
    fn roll_back(&mut self, what: String, observers: &mut Observers<'_>) -> Result<()> {
        let (config, data, store) = (self.config.settings(), self.data, self.store);
        let weights = self.state.rejections.step_of_weights(self.state.step);
        let earlier = store.steps()?.into_iter().rfind(|&step| step < weights);
        let (Some(earlier), true) = (earlier, self.state.rejections.may_roll_back()) else {
            self.state.step -= self.state.rejections.take_back();
            return Err(self.diverged(self.state.step + 1, what));
        };
        let checkpoint = store.path(earlier);
        let before = State::read(&checkpoint)?;
        let (place, device) = (self.place(), self.trainer.device().clone());
        // Both together might not fit.
        self.trainer.let_go();
        self.trainer = checkpoint::load::<A>(&checkpoint, config, data, &before, (place, &device))?;
        self.state.rejections.roll_back(self.state.step, earlier, before.updates());
        self.state.spikes = before.spikes;
        self.state.loss_scale = before.loss_scale;
        // All have read the checkpoint before the first rank writes again.
        self.job.gather(Vec::new())?;
        self.trainer.gather(self.job)?;
        if !self.job.leads() {
            return Ok(());
        }
        if let Some(aside) = store.set_aside_after(earlier)? {
            observers
                .note(&format!("checkpoints after step {earlier} are now in {}", aside.display()));
        }
        if let Some(aside) = store.averages().set_aside_after(earlier)? {
            observers
                .note(&format!("averages after step {earlier} are now in {}", aside.display()));
        }
        let (step, rate) = (self.state.step, self.state.rejections.rate());
        observers.record(&Record::Rollback(RollbackRecord { step, to: earlier, rate }));
        self.save_or_go_on(observers).map(drop)
    }
}

//! What a run writes of its state: checkpoints, and snapshots of its averages.

use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;

use crate::averages::write_snapshot;
use crate::checkpoint::{self, STATE};
use crate::observer::Observers;
use crate::run::Run;
use crate::{Error, Result};

impl<A> Run<'_, A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Saves the state, and says whether it is. A disk that is full does not end the run: the next
    /// checkpoint may succeed.
    pub(crate) fn save_or_go_on(&mut self, observers: &mut Observers<'_>) -> Result<bool> {
        if !self.job.leads() {
            return Ok(false);
        }
        match self.save(observers) {
            Err(error @ Error::SaveCheckpoint { .. }) => {
                observers.note(&format!("{error}; the run goes on and tries again"));
                Ok(false)
            }
            other => other.map(|()| true),
        }
    }

    pub(crate) fn save(&mut self, observers: &mut Observers<'_>) -> Result<()> {
        if !(self.trainer.network().is_finite() && self.trainer.average().is_finite()) {
            let what = "weights that are not finite and were not saved".to_owned();
            return Err(self.diverged(self.state.step, what));
        }
        let description = self.data.description(self.config.settings());
        let path = self.store.path(self.state.step);
        let aside = self.store.set_aside_foreign(self.state.step).map_err(|error| {
            Error::SaveCheckpoint { path: path.clone(), reason: error.to_string() }
        })?;
        if let Some(aside) = aside {
            let (path, aside) = (path.display(), aside.display());
            observers
                .note(&format!("{path} is no checkpoint: it has no {STATE}; it is now in {aside}"));
        }
        self.skipped();
        self.state.note_save(self.store);
        let with = (&self.data.text, &self.config.settings().lora);
        checkpoint::save(self.store, &self.trainer, with, &self.state, &description)?;
        self.is_unsaved = false;
        observers.saved(self.state.step, &path);
        Ok(())
    }

    /// Removes old checkpoints; those that cannot be removed are named.
    pub(crate) fn prune(&self, observers: &mut Observers<'_>) {
        if let Err(error) = self.store.prune(&self.config.settings().checkpoint) {
            observers.note(&error.to_string());
        }
    }

    /// Writes a snapshot of the averages. A disk that is full does not end the run: there are other snapshots.
    pub(crate) fn keep_averages(&self, observers: &mut Observers<'_>) {
        let settings = self.config.settings();
        let (step, sigma_rel) = (self.state.step, &settings.averages.sigma_rel);
        let folder = self.store.averages().path(step);
        let description = self.data.description(settings);
        let written =
            write_snapshot(&folder, &self.trainer, &self.data.text, sigma_rel, &description);
        if let Err(error) = written {
            observers.note(&format!("no averages are kept of step {step}: {error}"));
        }
    }
}

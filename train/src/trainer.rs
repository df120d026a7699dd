//! The state of a training run and one step of it; the loop around it is in `run`, what ranks do together in `ranks`.

use std::collections::BTreeMap;

use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::loader::Share;
use pixelflow_ranks::{Job, RankError};

use crate::averages::PowerAverages;
use crate::gradient_norms::squared_norms;
use crate::lora::Lora;
use crate::loss_scale::LossScale;
use crate::network::Network;
use crate::optimizer::{Optimizer, WholeMoments};
use crate::parameters::{as_leaves, with_parameters};
use crate::precision::Precision;
use crate::ranks::{
    Delivery, Owners, Place, Reduction, gather_losses, gather_moments, gather_squares,
    spread_parameters,
};
use crate::spikes::Spikes;
use crate::step::{ExampleLosses, gradients, gradients_recomputed};
use crate::stopwatch::{Part, Stopwatch};
use crate::texts::TrainingBatch;

/// A network in training.
///
/// Everything random is in the batches, which are functions of (seed, step): the state is the
/// network, the optimiser and the number of steps.
#[derive(Debug)]
pub struct Trainer<A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// `None` only while a step moves the parameters.
    network: Option<Network<A>>,
    optimizer: Optimizer<A::InnerBackend>,
    averages: Option<PowerAverages<A::InnerBackend>>,
    /// What learns in place of the network.
    lora: Option<Lora<A>>,
    recompute: bool,
    precision: Precision,
    loss_scale: LossScale,
    place: Place,
    /// Which rank does what for each parameter; `None` if there are no others.
    owners: Option<Owners>,
    /// Where each rank has a part of the moments: all of them, until the next step.
    whole: Option<WholeMoments>,
    device: A::Device,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub struct StepOutcome {
    /// Number of this step, from 1.
    pub step: usize,
    /// Loss of every example.
    pub losses: ExampleLosses,
    /// Norm of the gradient of all parameters, before clipping.
    pub gradient_norm: f64,
    /// The factor of the loss before and after, if it has changed: gradients have overflowed, or have not for long.
    pub scaled: Option<[f64; 2]>,
}

impl StepOutcome {
    /// Whether loss and gradient are finite numbers; if not, the step was not taken.
    pub fn is_finite(&self) -> bool {
        self.losses.mean().is_finite() && self.gradient_norm.is_finite()
    }
}

impl<A> Trainer<A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Training of a network goes on from the optimiser's state.
    pub fn new(
        network: impl Into<Network<A>>,
        optimizer: Optimizer<A::InnerBackend>,
        device: A::Device,
    ) -> Self {
        Self {
            network: Some(network.into()),
            optimizer,
            averages: None,
            lora: None,
            recompute: false,
            precision: Precision::F32,
            loss_scale: LossScale::default(),
            place: Place::ALONE,
            owners: None,
            whole: None,
            device,
        }
    }

    /// The same as one of several ranks, whose optimiser has what this place owns.
    #[must_use]
    pub fn among(self, place: Place) -> Self {
        let owners = || Owners::of_module(&self.inner_network(), place.ranks);
        let owners = (place.ranks > 1).then(owners);
        Self { place, owners, ..self }
    }

    /// Whether each rank has the moments and averages of some parameters alone.
    pub fn is_sharded(&self) -> bool {
        self.owners.is_some() && self.place.shards
    }

    /// Where each rank has a part of the moments: all of them, once they were [brought together](Self::gather).
    pub fn whole(&self) -> Option<&WholeMoments> {
        self.whole.as_ref()
    }

    /// Brings all moments and averages to the first rank, if each has a part of them; all ranks take part.
    ///
    /// # Errors
    /// [`RankError`].
    pub fn gather(&mut self, job: &mut Job) -> Result<(), RankError> {
        if let (Some(owners), true) = (&self.owners, self.place.shards) {
            let sizes = Optimizer::sizes(self.optimizer.config(), &self.inner_network());
            self.whole = gather_moments(job, self.optimizer.moments(), (owners, &sizes))?;
        }
        Ok(())
    }

    /// The same, but adapters learn, of which the optimiser is, in place of the network.
    #[must_use]
    pub fn adapting(self, lora: Option<Lora<A>>) -> Self {
        let network = match &lora {
            Some(lora) => Some(lora.network()),
            None => self.network,
        };
        Self { network, lora, ..self }
    }

    /// What learns in place of the network, if something does.
    pub fn lora(&self) -> Option<&Lora<A>> {
        self.lora.as_ref()
    }

    /// The same, but activations are computed again in the backward pass instead of kept.
    #[must_use]
    pub fn recomputing(self, recompute: bool) -> Self {
        Self { recompute, ..self }
    }

    /// The same, but a step computes in this format, with this factor of the loss.
    #[must_use]
    pub fn computing_in(self, precision: Precision, loss_scale: LossScale) -> Self {
        Self { precision, loss_scale, ..self }
    }

    /// The factor of the loss.
    pub fn loss_scale(&self) -> LossScale {
        self.loss_scale
    }

    /// The same, with averages whose width is chosen after training.
    #[must_use]
    pub(crate) fn averaging(self, averages: Option<PowerAverages<A::InnerBackend>>) -> Self {
        Self { averages, ..self }
    }

    /// The averages whose width is chosen after training, if there are any.
    pub(crate) fn averages(&self) -> Option<&PowerAverages<A::InnerBackend>> {
        self.averages.as_ref()
    }

    /// The network.
    ///
    /// # Panics
    /// If an earlier step panicked half-way.
    pub fn network(&self) -> &Network<A> {
        self.network.as_ref().expect("no step is under way")
    }

    /// The optimiser.
    pub fn optimizer(&self) -> &Optimizer<A::InnerBackend> {
        &self.optimizer
    }

    /// The device.
    pub fn device(&self) -> &A::Device {
        &self.device
    }

    /// Whether the state is here and that after a whole step: no step stopped half-way in its update, and no other rank
    /// has a part of it.
    pub fn is_whole(&self) -> bool {
        self.network.is_some() && (!self.is_sharded() || self.whole.is_some())
    }

    /// Gives the memory of weights and moments back, before others take their place.
    pub fn let_go(&mut self) {
        (self.network, self.averages, self.lora, self.whole) = (None, None, None, None);
        self.optimizer =
            Optimizer::resume(*self.optimizer.config(), 0, BTreeMap::new(), Spikes::default());
    }

    /// The network without gradients.
    pub fn inner_network(&self) -> Network<A::InnerBackend> {
        self.network().valid()
    }

    /// The network with the moving average of its weights.
    ///
    /// # Panics
    /// If other ranks have parts of it that were not brought together.
    pub fn average(&self) -> Network<A::InnerBackend> {
        let network = self.inner_network();
        match (&self.lora, &self.whole) {
            (Some(lora), _) => lora.merged(&self.optimizer.average(&lora.adapters().valid())),
            (None, Some(whole)) => with_parameters(network, |name| {
                let [_, _, average] = whole.get(name)?;
                let data = TensorData::new(average.clone(), [average.len()]);
                Some(Tensor::from_data(data, &self.device))
            }),
            (None, None) => {
                assert!(!self.is_sharded(), "the averages were not brought together");
                self.optimizer.average(&network)
            }
        }
    }

    /// One step on the mean of some batches of equal size: gradients accumulate over them. Nothing
    /// changes if the outcome is not finite.
    ///
    /// # Panics
    /// If there is no batch, or an earlier step panicked half-way.
    pub fn step(&mut self, batches: &[TrainingBatch], learning_rate: f64) -> StepOutcome {
        let share = Share::alone(batches.len());
        let (mut job, mut watch) = (Job::alone(), Stopwatch::stopped());
        let alone = self.step_among(&mut job, (batches, &share), learning_rate, &mut watch);
        alone.expect("there are no other ranks")
    }

    /// The same with the other ranks of a job, of which each has a share of the batches; `watch` measures its parts.
    ///
    /// # Errors
    /// [`RankError`]: if it comes before the update, nothing has changed.
    ///
    /// # Panics
    /// If there is no batch, or an earlier step panicked half-way.
    pub fn step_among(
        &mut self,
        job: &mut Job,
        (batches, share): (&[TrainingBatch], &Share),
        learning_rate: f64,
        watch: &mut Stopwatch,
    ) -> Result<StepOutcome, RankError> {
        let (before, mut gradient_norm) = (self.loss_scale, f64::NAN);
        let losses = loop {
            let (own, gradients) = self.gradients(job, (batches, share), watch)?;
            let losses = gather_losses(job, &own, share)?;
            watch.lap(Part::Communication);
            if !losses.mean().is_finite() {
                break losses;
            }
            gradient_norm = self.update(job, gradients, learning_rate, watch)?;
            let overflowed = !gradient_norm.is_finite() && self.precision == Precision::F16;
            if !(overflowed && self.loss_scale.back_off()) {
                break losses;
            }
        };
        if gradient_norm.is_finite() {
            self.loss_scale.succeed();
            let updates = self.optimizer.steps() as u64;
            if let (Some(averages), Some(network)) = (&mut self.averages, &self.network) {
                averages.update(&network.valid(), updates);
            }
            watch.lap(Part::Optimizer);
        } else {
            // It was not the factor's fault.
            self.loss_scale = before;
        }
        let scales = [before, self.loss_scale].map(|scale| scale.factor(self.precision));
        let scaled = (scales[0] != scales[1]).then_some(scales);
        Ok(StepOutcome { step: self.optimizer.steps(), losses, gradient_norm, scaled })
    }

    /// Updates the weights, unless the gradient is not finite; gives its norm.
    fn update(
        &mut self,
        job: &mut Job,
        gradients: GradientsParams,
        learning_rate: f64,
        watch: &mut Stopwatch,
    ) -> Result<f64, RankError> {
        let mut sharded = None;
        if let (Some(owners), true) = (&self.owners, self.place.shards) {
            let own = squared_norms(&self.inner_network(), &gradients);
            watch.lap(Part::Optimizer);
            sharded = Some((owners, gather_squares(job, own, owners, &self.device)?));
            watch.lap(Part::Communication);
        }
        self.whole = None;
        let network = self.network.take().expect("no step is under way");
        let (stepped, norm) = match (&mut self.lora, sharded) {
            (Some(lora), _) => {
                let norm = lora.step(&mut self.optimizer, &network, gradients, learning_rate);
                (lora.network(), norm)
            }
            (None, None) => self.optimizer.step(network, gradients, learning_rate),
            (None, Some((owners, squares))) => {
                let own = (gradients, squares);
                let (stepped, norm) = self.optimizer.step_by_norm(network, own, learning_rate);
                watch.lap(Part::Optimizer);
                let whole = spread_parameters(job, stepped.valid(), owners, &self.device)?;
                watch.lap(Part::Communication);
                (as_leaves(Network::from_inner(whole)), norm)
            }
        };
        self.network = Some(stepped);
        watch.lap(Part::Optimizer);
        Ok(norm)
    }

    /// Losses of this rank's parts of a batch, and the gradient of the mean over the parts of all: of each parameter on its
    /// owner, if the optimiser is sharded.
    fn gradients(
        &self,
        job: &mut Job,
        (batches, share): (&[TrainingBatch], &Share),
        watch: &mut Stopwatch,
    ) -> Result<(ExampleLosses, GradientsParams), RankError> {
        let (precision, scale) = (self.precision, self.loss_scale.factor(self.precision));
        let weight = scale / share.parts as f64;
        let network = self.network();
        let inner = network.valid();
        let copy = precision.working_copy(network);
        let (mut alone, mut all) = (GradientsAccumulator::new(), ExampleLosses::default());
        let mut reduction = self.owners.as_ref().map(|owners| Reduction::new(owners, *share));
        for round in 0..share.rounds() {
            let gradients = batches.get(round).map(|batch| {
                let (losses, gradients) = if self.recompute {
                    gradients_recomputed(&copy, batch, weight, &self.device, watch)
                } else {
                    gradients(&copy, batch, weight, &self.device, watch)
                };
                all.extend(losses);
                precision.widen(network, gradients, 1.0 / scale)
            });
            match (&mut reduction, gradients) {
                (Some(reduction), gradients) => reduction.add(job, &inner, gradients)?,
                (None, Some(gradients)) => alone.accumulate(network, gradients),
                (None, None) => {}
            }
            let is_alone = reduction.is_none();
            watch.lap(if is_alone { Part::Backward } else { Part::Communication });
        }
        let delivery = if self.place.shards { Delivery::ToOwners } else { Delivery::ToAll };
        let gradients = match reduction {
            None => alone.grads(),
            Some(reduction) => reduction.finish(job, &inner, (delivery, &self.device))?,
        };
        watch.lap(Part::Communication);
        Ok((all, gradients))
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests;

//! The state of a training run and one step of it; the loop around it is in `run`.

use std::collections::BTreeMap;

use burn::module::AutodiffModule;
use burn::optim::GradientsAccumulator;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;

use crate::averages::PowerAverages;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::spikes::Spikes;
use crate::step::{ExampleLosses, gradients, gradients_recomputed};
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
    recompute: bool,
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
        Self { network: Some(network.into()), optimizer, averages: None, recompute: false, device }
    }

    /// The same, but activations are computed again in the backward pass instead of kept.
    #[must_use]
    pub fn recomputing(self, recompute: bool) -> Self {
        Self { recompute, ..self }
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

    /// Whether no step stopped half-way in its update, so that the state is that after a whole one.
    pub fn is_whole(&self) -> bool {
        self.network.is_some()
    }

    /// Gives the memory of weights and moments back, before others take their place.
    pub fn let_go(&mut self) {
        self.network = None;
        self.averages = None;
        self.optimizer =
            Optimizer::resume(*self.optimizer.config(), 0, BTreeMap::new(), Spikes::default());
    }

    /// The network without gradients.
    pub fn inner_network(&self) -> Network<A::InnerBackend> {
        self.network().valid()
    }

    /// The network with the moving average of its weights.
    pub fn average(&self) -> Network<A::InnerBackend> {
        self.optimizer.average(&self.inner_network())
    }

    /// One step on the mean of some batches of equal size: gradients accumulate over them. Nothing
    /// changes if the outcome is not finite.
    ///
    /// # Panics
    /// If there is no batch, or an earlier step panicked half-way.
    pub fn step(&mut self, batches: &[TrainingBatch], learning_rate: f64) -> StepOutcome {
        let weight = 1.0 / batches.len() as f64;
        let network = self.network.as_ref().expect("no step is under way");
        let mut accumulator = GradientsAccumulator::new();
        let mut all = ExampleLosses::default();
        for batch in batches {
            let (losses, gradients) = if self.recompute {
                gradients_recomputed(network, batch, weight, &self.device)
            } else {
                gradients(network, batch, weight, &self.device)
            };
            accumulator.accumulate(network, gradients);
            all.extend(losses);
        }
        let mut gradient_norm = f64::NAN;
        if all.mean().is_finite()
            && let Some(network) = self.network.take()
        {
            let stepped = self.optimizer.step(network, accumulator.grads(), learning_rate);
            gradient_norm = stepped.1;
            if let Some(averages) = self.averages.as_mut().filter(|_| gradient_norm.is_finite()) {
                averages.update(&stepped.0.valid(), self.optimizer.steps() as u64);
            }
            self.network = Some(stepped.0);
        }
        StepOutcome { step: self.optimizer.steps(), losses: all, gradient_norm }
    }
}

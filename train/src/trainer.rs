//! The state of a training run and one step of it; the loop around it is in `run`.

use std::collections::BTreeMap;

use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::backend::AutodiffBackend;
use pixelflow::ops::PixelFlowBackend;

use crate::averages::PowerAverages;
use crate::lora::Lora;
use crate::loss_scale::LossScale;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::precision::Precision;
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
    /// What learns in place of the network.
    lora: Option<Lora<A>>,
    recompute: bool,
    precision: Precision,
    loss_scale: LossScale,
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
            device,
        }
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

    /// Whether no step stopped half-way in its update, so that the state is that after a whole one.
    pub fn is_whole(&self) -> bool {
        self.network.is_some()
    }

    /// Gives the memory of weights and moments back, before others take their place.
    pub fn let_go(&mut self) {
        (self.network, self.averages, self.lora) = (None, None, None);
        self.optimizer =
            Optimizer::resume(*self.optimizer.config(), 0, BTreeMap::new(), Spikes::default());
    }

    /// The network without gradients.
    pub fn inner_network(&self) -> Network<A::InnerBackend> {
        self.network().valid()
    }

    /// The network with the moving average of its weights.
    pub fn average(&self) -> Network<A::InnerBackend> {
        match &self.lora {
            None => self.optimizer.average(&self.inner_network()),
            Some(lora) => lora.merged(&self.optimizer.average(&lora.adapters().valid())),
        }
    }

    /// One step on the mean of some batches of equal size: gradients accumulate over them. Nothing
    /// changes if the outcome is not finite.
    ///
    /// # Panics
    /// If there is no batch, or an earlier step panicked half-way.
    pub fn step(&mut self, batches: &[TrainingBatch], learning_rate: f64) -> StepOutcome {
        let (before, mut gradient_norm) = (self.loss_scale, f64::NAN);
        let losses = loop {
            let (losses, gradients) = self.gradients(batches);
            if !losses.mean().is_finite() {
                break losses;
            }
            let network = self.network.take().expect("no step is under way");
            let (stepped, norm) = match &mut self.lora {
                None => self.optimizer.step(network, gradients, learning_rate),
                Some(lora) => {
                    let norm = lora.step(&mut self.optimizer, &network, gradients, learning_rate);
                    (lora.network(), norm)
                }
            };
            self.network = Some(stepped);
            gradient_norm = norm;
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
        } else {
            // It was not the factor's fault.
            self.loss_scale = before;
        }
        let scales = [before, self.loss_scale].map(|scale| scale.factor(self.precision));
        let scaled = (scales[0] != scales[1]).then_some(scales);
        StepOutcome { step: self.optimizer.steps(), losses, gradient_norm, scaled }
    }

    /// Losses of some batches, and the gradient of their mean.
    fn gradients(&self, batches: &[TrainingBatch]) -> (ExampleLosses, GradientsParams) {
        let (precision, scale) = (self.precision, self.loss_scale.factor(self.precision));
        let weight = scale / batches.len() as f64;
        let network = self.network();
        let copy = precision.working_copy(network);
        let mut accumulator = GradientsAccumulator::new();
        let mut all = ExampleLosses::default();
        for batch in batches {
            let (losses, gradients) = if self.recompute {
                gradients_recomputed(&copy, batch, weight, &self.device)
            } else {
                gradients(&copy, batch, weight, &self.device)
            };
            accumulator.accumulate(network, precision.widen(network, gradients, 1.0 / scale));
            all.extend(losses);
        }
        (all, accumulator.grads())
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use burn::tensor::{FloatDType, Tensor};

    use super::*;
    use crate::optimizer::OptimizerConfig;
    use crate::step::tests::{Train, batch, network};

    fn step(precision: Precision, scale: LossScale) -> (Trainer<Train>, StepOutcome) {
        let network = network();
        let optimizer = Optimizer::new(OptimizerConfig::default(), &network.valid());
        let mut trainer =
            Trainer::new(network, optimizer, FlexDevice).computing_in(precision, scale);
        let outcome = trainer.step(&[batch()], 1e-4);
        (trainer, outcome)
    }

    #[test]
    fn a_batch_that_overflows_is_computed_again_with_a_smaller_factor() {
        let (_, exact) = step(Precision::F32, LossScale::default());
        let (_, plain) = step(Precision::F16, LossScale::of(16.0));
        let (trainer, again) = step(Precision::F16, LossScale::of(1e30));
        let [before, now] = again.scaled.unwrap();
        assert!(before == 1e30 && (1.0..1e30).contains(&now), "{before} {now}");
        assert_eq!(trainer.loss_scale().factor(Precision::F16), now);
        assert_eq!(again.step, 1);
        assert_eq!(plain.scaled, None);
        for outcome in [plain, again] {
            let error = (outcome.gradient_norm / exact.gradient_norm - 1.0).abs();
            assert!(error < 0.01, "{} of {}", outcome.gradient_norm, exact.gradient_norm);
            let error = (outcome.losses.mean() / exact.losses.mean() - 1.0).abs();
            assert!(error < 0.01 && error > 0.0, "{:?}", outcome.losses);
        }
    }

    #[test]
    fn what_is_not_the_factor_s_fault_leaves_it_alone() {
        let network = network();
        let optimizer = Optimizer::new(OptimizerConfig::default(), &network.valid());
        let scale = LossScale::of(64.0);
        let mut trainer =
            Trainer::new(network, optimizer, FlexDevice).computing_in(Precision::F16, scale);
        let mut damaged = batch();
        damaged.packed.targets[0] = f32::NAN;
        let outcome = trainer.step(&[damaged], 1e-4);
        assert!(!outcome.is_finite() && trainer.is_whole());
        assert_eq!((outcome.scaled, trainer.loss_scale()), (None, scale));
    }

    #[test]
    fn an_update_below_the_resolution_of_16_bits_is_not_lost() {
        let (trainer, _) = step(Precision::Bf16, LossScale::default());
        let matrix = |network: &Network<Train>| {
            network.transformer.transformer_blocks[0].mlp.fc1.weight.val().inner()
        };
        let (before, after) = (matrix(&network()), matrix(trainer.network()));
        let differing = |a: Tensor<Flex, 2>, b: Tensor<Flex, 2>| {
            let count = a.not_equal(b).int().sum().into_scalar();
            usize::try_from(count).unwrap()
        };
        let values = before.shape().num_elements();
        assert_eq!(differing(before.clone(), after.clone()), values);
        let [before, after] = [before, after].map(|x| x.cast(FloatDType::BF16));
        let seen = differing(before, after);
        assert!(seen < values / 2, "{seen} of {values}");
    }
}

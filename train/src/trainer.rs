//! The state of a training run and one step of it; the loop around it is in `run`.

use burn::optim::GradientsAccumulator;
use burn::tensor::backend::AutodiffBackend;
use pixelflow::PixelFlow;
use pixelflow::ops::PixelFlowBackend;
use pixelflow_dataset::PackedBatch;

use crate::optimizer::Optimizer;
use crate::recompute::gradients_recomputed;
use crate::step::{ExampleLosses, gradients, without_gradients};

/// A model in training.
///
/// Everything random is in the batches, which are functions of (seed, step): the state is the
/// model, the optimiser and the number of steps.
#[derive(Debug)]
pub struct Trainer<A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// `None` only while a step moves the parameters.
    model: Option<PixelFlow<A>>,
    optimizer: Optimizer<A::InnerBackend>,
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

impl<A> Trainer<A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// Training of `model` goes on from the optimiser's state.
    pub fn new(
        model: PixelFlow<A>,
        optimizer: Optimizer<A::InnerBackend>,
        device: A::Device,
    ) -> Self {
        Self {
            model: Some(model),
            optimizer,
            recompute: false,
            device,
        }
    }

    /// The same, but activations are computed again in the backward pass instead of kept.
    #[must_use]
    pub fn recomputing(self, recompute: bool) -> Self {
        Self { recompute, ..self }
    }

    /// The model.
    ///
    /// # Panics
    /// If an earlier step panicked half-way.
    pub fn model(&self) -> &PixelFlow<A> {
        self.model.as_ref().expect("no step is under way")
    }

    /// The optimiser.
    pub fn optimizer(&self) -> &Optimizer<A::InnerBackend> {
        &self.optimizer
    }

    /// The device.
    pub fn device(&self) -> &A::Device {
        &self.device
    }

    /// The model without gradients.
    pub fn inner_model(&self) -> PixelFlow<A::InnerBackend> {
        without_gradients(self.model())
    }

    /// The model with the moving average of its weights.
    pub fn average(&self) -> PixelFlow<A::InnerBackend> {
        self.optimizer.average(&self.inner_model())
    }

    /// One step on the mean of some batches of equal size: gradients accumulate over them.
    ///
    /// # Panics
    /// If there is no batch.
    pub fn step(&mut self, batches: &[PackedBatch], learning_rate: f64) -> StepOutcome {
        let weight = 1.0 / batches.len() as f64;
        let model = self.model.take().expect("no step is under way");
        let mut accumulator = GradientsAccumulator::new();
        let mut all = ExampleLosses {
            losses: Vec::new(),
            stages: Vec::new(),
        };
        for batch in batches {
            let (losses, gradients) = if self.recompute {
                gradients_recomputed(&model, batch, weight, &self.device)
            } else {
                gradients(&model, batch, weight, &self.device)
            };
            accumulator.accumulate(&model, gradients);
            all.losses.extend(losses.losses);
            all.stages.extend(losses.stages);
        }
        let (model, gradient_norm) = self
            .optimizer
            .step(model, accumulator.grads(), learning_rate);
        self.model = Some(model);
        StepOutcome {
            step: self.optimizer.steps(),
            losses: all,
            gradient_norm,
        }
    }
}

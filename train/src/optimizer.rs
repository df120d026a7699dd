//! AdamW, or Muon for matrices, with global clipping and a moving average of the weights.
//!
//! Burn's `AdamW` clips each tensor by itself, has no moving average, and keys its state by ids
//! that do not survive a restart; here clipping is global, the average is part of the same pass
//! over memory, and the state has the parameters' names.

use std::collections::BTreeMap;

use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{ElementConversion, Tensor};
use pixelflow::ops::{
    AdamWStep, MatrixState, MuonStep, ParameterState, PixelFlowBackend, adamw, muon,
};
use serde::{Deserialize, Serialize};

use crate::config::UpdateConfig;
use crate::gradient_norms::squared_norms;
use crate::parameters::{FlatParameter, flat_parameters, flatten, parameter_name, with_parameters};
use crate::spikes::Spikes;

/// By which rule matrices are updated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UpdateRule {
    /// As everything else.
    #[default]
    AdamW,
    /// Those of the blocks along their orthogonal momentum.
    Muon,
}

impl UpdateRule {
    /// Whether Muon updates a parameter: the matrices of the blocks, not those at the ends, nor tables.
    fn is_muon(self, name: &str, dimensions: usize) -> bool {
        self == Self::Muon && dimensions == 2 && name.contains("blocks.")
    }
}

/// Settings of the optimiser that stay the same over a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// Decay of the first moment. Default 0.9.
    pub beta_1: f64,
    /// Decay of the second moment. Default 0.999.
    pub beta_2: f64,
    /// Added to the root of the second moment. Default 1e-8.
    pub epsilon: f64,
    /// Decoupled weight decay, of all parameters. Default 0.
    pub weight_decay: f64,
    /// How matrices are updated. Default by AdamW.
    pub rule: UpdateRule,
    /// Muon's decay of the momentum. Default 0.95.
    pub momentum: f64,
    /// Largest norm of the gradient of all parameters together; 0 does not clip. Default 1.
    pub clip_norm: f64,
    /// Deviations above its moving mean from which a norm is clipped as a spike; 0 clips none. Default 0.
    pub spike_threshold: f64,
    /// Decay of the moving average of the weights. Default 0.9999.
    pub ema_decay: f64,
    /// Limits the decay of early steps, see [`ema_decay_at`](Self::ema_decay_at). Default false.
    pub ema_warmup: bool,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            rule: UpdateRule::AdamW,
            momentum: 0.95,
            clip_norm: 1.0,
            spike_threshold: 0.0,
            ema_decay: 0.9999,
            ema_warmup: false,
        }
    }
}

impl From<&UpdateConfig> for OptimizerConfig {
    fn from(config: &UpdateConfig) -> Self {
        let [beta_1, beta_2] = config.betas;
        Self {
            beta_1,
            beta_2,
            epsilon: config.eps,
            weight_decay: config.weight_decay,
            rule: config.optimizer,
            momentum: config.muon_momentum,
            clip_norm: config.clip_norm,
            spike_threshold: config.spike_threshold,
            ema_decay: config.ema_decay,
            ema_warmup: config.ema_warmup,
        }
    }
}

impl OptimizerConfig {
    /// Decay of the moving average at step `step`, counted from 0.
    ///
    /// With `ema_warmup` it is `min(ema_decay, (1 + step) / (10 + step))`, so that the average
    /// forgets the initial weights quickly.
    pub fn ema_decay_at(&self, step: usize) -> f64 {
        if self.ema_warmup {
            self.ema_decay.min((1 + step) as f64 / (10 + step) as f64)
        } else {
            self.ema_decay
        }
    }
}

/// The moments of one parameter and its moving average, flattened.
#[derive(Clone, Debug)]
pub struct Moments<B: PixelFlowBackend> {
    /// Moving mean of the gradient; Muon's momentum.
    pub first: Tensor<B, 1>,
    /// Moving mean of the squared gradient; a single 0 where Muon, which has none, updates.
    pub second: Tensor<B, 1>,
    /// Moving average of the parameter.
    pub average: Tensor<B, 1>,
}

/// Moments of all parameters in the host's memory: first, second, average.
pub type WholeMoments = BTreeMap<String, [Vec<f32>; 3]>;

/// AdamW or Muon, clipping and moving average for all parameters of a module, or for those that a rank owns.
#[derive(Clone, Debug)]
pub struct Optimizer<B: PixelFlowBackend> {
    config: OptimizerConfig,
    /// Steps taken.
    steps: usize,
    /// By parameter name.
    moments: BTreeMap<String, Moments<B>>,
    /// What the norms of gradients have been.
    spikes: Spikes,
}

impl<B: PixelFlowBackend> Optimizer<B> {
    /// An optimiser that has not taken a step; the moving average starts as a copy of `model`.
    pub fn new(config: OptimizerConfig, model: &impl Module<B>) -> Self {
        Self::of_some(config, model, |_| true)
    }

    /// The same for those parameters that `owns` names: others have no moments, and stay as they are.
    pub fn of_some(
        config: OptimizerConfig,
        model: &impl Module<B>,
        owns: impl Fn(&str) -> bool,
    ) -> Self {
        let start = |(name, parameter): (String, FlatParameter<B>)| {
            let FlatParameter { values, dimensions } = parameter;
            let second = if config.rule.is_muon(&name, dimensions) {
                Tensor::zeros([1], &values.device())
            } else {
                values.zeros_like()
            };
            // The average is a copy of its own: both are updated in place.
            (name, Moments { first: values.zeros_like(), second, average: values * 1.0 })
        };
        let parameters = flat_parameters(model).into_iter();
        let moments = parameters.filter(|(name, _)| owns(name)).map(start).collect();
        Self { config, steps: 0, moments, spikes: Spikes::default() }
    }

    /// Numbers of the first moment, the second and the average of each parameter of a module.
    pub fn sizes(config: &OptimizerConfig, model: &impl Module<B>) -> BTreeMap<String, [usize; 3]> {
        let size = |(name, parameter): (String, FlatParameter<B>)| {
            let size = parameter.values.dims()[0];
            let second = if config.rule.is_muon(&name, parameter.dimensions) { 1 } else { size };
            (name, [size, second, size])
        };
        flat_parameters(model).into_iter().map(size).collect()
    }

    /// An optimiser that goes on from a checkpoint: `steps` taken, `moments` by parameter name, and what the norms of
    /// gradients have been.
    pub fn resume(
        config: OptimizerConfig,
        steps: usize,
        moments: BTreeMap<String, Moments<B>>,
        spikes: Spikes,
    ) -> Self {
        Self { config, steps, moments, spikes }
    }

    /// What the norms of gradients have been.
    pub fn spikes(&self) -> Spikes {
        self.spikes
    }

    /// Its settings.
    pub fn config(&self) -> &OptimizerConfig {
        &self.config
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The moments by parameter name.
    pub fn moments(&self) -> &BTreeMap<String, Moments<B>> {
        &self.moments
    }

    /// The module with the moving average as its weights.
    pub fn average<M: Module<B>>(&self, model: &M) -> M {
        let average = |name: &str| self.moments.get(name).map(|moments| moments.average.clone());
        with_parameters(model.clone(), average)
    }

    /// Takes one step, unless the gradient is not finite; also returns the gradient's norm before
    /// clipping.
    pub fn step<A, M>(
        &mut self,
        model: M,
        gradients: GradientsParams,
        learning_rate: f64,
    ) -> (M, f64)
    where
        A: AutodiffBackend<InnerBackend = B>,
        M: AutodiffModule<A>,
        M::InnerModule: Module<B>,
    {
        let squares = squared_norms(&model.valid(), &gradients);
        let squares = squares.into_iter().filter_map(|(_, square)| square).collect();
        self.step_by_norm(model, (gradients, Tensor::cat(squares, 0)), learning_rate)
    }

    /// The same by some of the gradients, and the squared norms of all: the parameters of the others stay.
    ///
    /// Clipping multiplies by `min(1, clip_norm / (norm + 1e-6))`, as PyTorch does.
    pub fn step_by_norm<A, M>(
        &mut self,
        model: M,
        (gradients, squares): (GradientsParams, Tensor<B, 1>),
        learning_rate: f64,
    ) -> (M, f64)
    where
        A: AutodiffBackend<InnerBackend = B>,
        M: AutodiffModule<A>,
        M::InnerModule: Module<B>,
    {
        let norm = squares.sum().sqrt();
        let gradient_norm: f64 = norm.clone().into_scalar().elem();
        if !gradient_norm.is_finite() {
            return (model, gradient_norm);
        }
        let most = self.largest_norm(gradient_norm);
        let clip = if most > 0.0 {
            ((norm + 1e-6).recip() * most).clamp_max(1.0)
        } else {
            norm.ones_like()
        };
        let ema_decay = self.config.ema_decay_at(self.steps);
        self.steps += 1;
        let config = self.config;
        let step = AdamWStep {
            learning_rate,
            beta_1: config.beta_1,
            beta_2: config.beta_2,
            epsilon: config.epsilon,
            weight_decay: config.weight_decay,
            number: self.steps,
            ema_decay,
        };
        let steps = Steps { rule: config.rule, adamw: step, momentum: config.momentum };
        let moments = &mut self.moments;
        let mut update = Update { path: Vec::new(), gradients, moments, clip, steps };
        let model = model.map(&mut update);
        (model, gradient_norm)
    }
}

impl<B: PixelFlowBackend> Optimizer<B> {
    /// What a gradient of this norm is clipped to; 0 if it is not. Takes the norm into account for the next.
    fn largest_norm(&mut self, norm: f64) -> f64 {
        let OptimizerConfig { clip_norm, spike_threshold, .. } = self.config;
        if spike_threshold == 0.0 {
            return clip_norm;
        }
        let limit = self.spikes.limit(norm, spike_threshold);
        self.spikes.add(norm, limit);
        match limit {
            Some(limit) if clip_norm == 0.0 || limit < clip_norm => limit,
            _ => clip_norm,
        }
    }
}

/// Updates every parameter that has a gradient.
struct Update<'a, B: PixelFlowBackend> {
    path: Vec<String>,
    gradients: GradientsParams,
    moments: &'a mut BTreeMap<String, Moments<B>>,
    clip: Tensor<B, 1>,
    steps: Steps,
}

/// The numbers of a step by either rule.
struct Steps {
    rule: UpdateRule,
    adamw: AdamWStep,
    momentum: f64,
}

impl Steps {
    fn muon(&self) -> MuonStep {
        let AdamWStep { learning_rate, weight_decay, ema_decay, .. } = self.adamw;
        MuonStep { learning_rate, momentum: self.momentum, weight_decay, ema_decay }
    }
}

impl<A: AutodiffBackend> ModuleMapper<A> for Update<'_, A::InnerBackend>
where
    A::InnerBackend: PixelFlowBackend,
{
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let name = parameter_name(&self.path);
        let gradient = self.gradients.remove::<A::InnerBackend, D>(param.id);
        let (Some(gradient), Some(moments)) = (gradient, self.moments.remove(&name)) else {
            return param;
        };
        let (id, value, mapper) = param.consume();
        let (shape, value) = (value.shape(), value.inner());
        let Moments { first, second, average } = moments;
        let (parameter, moments) = if self.steps.rule.is_muon(&name, D) {
            let [rows, columns] = [shape[0], shape[1]];
            let [matrix, momentum, average] =
                [flatten(value), first, average].map(|values| values.reshape([rows, columns]));
            let state = MatrixState { matrix, momentum, average };
            let gradient = gradient.reshape([rows, columns]);
            let state = muon(state, gradient, self.clip.clone(), &self.steps.muon());
            let [first, average] = [state.momentum, state.average].map(flatten);
            (flatten(state.matrix), Moments { first, second, average })
        } else {
            let state = ParameterState { parameter: flatten(value), first, second, average };
            let ParameterState { parameter, first, second, average } =
                adamw(state, flatten(gradient), self.clip.clone(), &self.steps.adamw);
            (parameter, Moments { first, second, average })
        };
        self.moments.insert(name, moments);
        let value = Tensor::from_inner(parameter.reshape(shape)).require_grad();
        Param::from_mapped_value(id, value, mapper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_of_the_first_steps_forgets_quickly_only_on_demand() {
        let plain = OptimizerConfig { ema_decay: 0.999, ..OptimizerConfig::default() };
        assert_eq!(plain.ema_decay_at(0), 0.999);
        let warm = OptimizerConfig { ema_warmup: true, ..plain };
        assert_eq!(warm.ema_decay_at(0), 0.1);
        assert_eq!(warm.ema_decay_at(89), 90.0 / 99.0);
        assert_eq!(warm.ema_decay_at(1_000_000), 0.999);
    }
}

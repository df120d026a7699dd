//! The power-function averages of a network in training.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::power_average::{decay, exponent};
use crate::parameters::{FlatParameter, flat_parameters, with_parameters};

/// Power-function averages of all parameters of a module, in f32.
#[derive(Clone, Debug)]
pub struct PowerAverages<B: Backend> {
    exponents: Vec<f64>,
    /// The averages of each parameter, flat, in the order of the exponents.
    values: BTreeMap<String, Vec<Tensor<B, 1>>>,
}

impl<B: Backend> PowerAverages<B> {
    /// Averages with these relative deviations that have seen no step yet.
    pub fn new(deviations: &[f64], model: &impl Module<B>) -> Self {
        let copies = |(name, parameter): (String, FlatParameter<B>)| {
            (name, vec![parameter.values; deviations.len()])
        };
        let values = flat_parameters(model).into_iter().map(copies).collect();
        Self::resume(deviations, values)
    }

    /// Averages that go on from a checkpoint: those of each parameter, in the order of the deviations.
    pub fn resume(deviations: &[f64], values: BTreeMap<String, Vec<Tensor<B, 1>>>) -> Self {
        Self {
            exponents: deviations.iter().map(|&deviation| exponent(deviation)).collect(),
            values,
        }
    }

    /// The averages of each parameter.
    pub fn values(&self) -> &BTreeMap<String, Vec<Tensor<B, 1>>> {
        &self.values
    }

    /// Takes in the weights after update `step`, counted from 1: `average += (1 - decay) (weight - average)`.
    pub fn update(&mut self, model: &impl Module<B>, step: u64) {
        let shares: Vec<f64> =
            self.exponents.iter().map(|&exponent| 1.0 - decay(exponent, step)).collect();
        for (name, FlatParameter { values: weights, .. }) in flat_parameters(model) {
            let averages = self.values.get_mut(&name).expect("a parameter that the run began with");
            for (average, &share) in averages.iter_mut().zip(&shares) {
                let old = average.clone();
                *average = old.clone() + (weights.clone() - old) * share;
            }
        }
    }

    /// The module with average `number` as its weights.
    pub fn average<M: Module<B>>(&self, number: usize, model: &M) -> M {
        with_parameters(model.clone(), |name| Some(self.values.get(name)?[number].clone()))
    }
}

//! The gradients of a module by the names of their parameters.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::parameters::{flatten, parameter_name};

/// The gradients of a module's parameters, flat, by name; a parameter that has none is not there.
pub(super) fn by_name<B: Backend>(
    module: &impl Module<B>,
    gradients: GradientsParams,
) -> BTreeMap<String, Tensor<B, 1>> {
    let mut take = Take { path: Vec::new(), gradients, all: BTreeMap::new() };
    module.visit(&mut take);
    take.all
}

/// Flat gradients as those of a module's parameters.
pub(super) fn of_module<B: Backend>(
    module: &impl Module<B>,
    all: BTreeMap<String, Tensor<B, 1>>,
) -> GradientsParams {
    let mut give = Give { path: Vec::new(), gradients: GradientsParams::new(), all };
    module.visit(&mut give);
    give.gradients
}

struct Take<B: Backend> {
    path: Vec<String>,
    gradients: GradientsParams,
    all: BTreeMap<String, Tensor<B, 1>>,
}

impl<B: Backend> ModuleVisitor<B> for Take<B> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.remove::<B, D>(param.id) {
            self.all.insert(parameter_name(&self.path), flatten(gradient));
        }
    }
}

struct Give<B: Backend> {
    path: Vec<String>,
    gradients: GradientsParams,
    all: BTreeMap<String, Tensor<B, 1>>,
}

impl<B: Backend> ModuleVisitor<B> for Give<B> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.all.remove(&parameter_name(&self.path)) {
            let gradient = gradient.reshape(param.lazy_shape());
            self.gradients.register::<B, D>(param.id, gradient);
        }
    }
}

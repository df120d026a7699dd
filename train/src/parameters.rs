//! The parameters of a module by their names, flattened: what optimiser and averages keep state for.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};

/// A parameter as a row of numbers.
#[derive(Clone, Debug)]
pub struct FlatParameter<B: Backend> {
    /// All its numbers.
    pub values: Tensor<B, 1>,
    /// How many dimensions it has in the module.
    pub dimensions: usize,
}

/// All parameters of a module, flat, by their names.
pub fn flat_parameters<B: Backend>(module: &impl Module<B>) -> BTreeMap<String, FlatParameter<B>> {
    let mut collect = Collect { path: Vec::new(), all: BTreeMap::new() };
    module.visit(&mut collect);
    collect.all
}

/// The module with other values for the parameters that `values` names.
pub fn with_parameters<B: Backend, M: Module<B>>(
    module: M,
    values: impl Fn(&str) -> Option<Tensor<B, 1>>,
) -> M {
    module.map(&mut Replace { path: Vec::new(), values })
}

/// The module with its parameters as leaves of a graph: they get gradients.
pub fn as_leaves<A: AutodiffBackend, M: Module<A>>(module: M) -> M {
    module.map(&mut Leaves)
}

struct Leaves;

impl<A: AutodiffBackend> ModuleMapper<A> for Leaves {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<A, D>>) -> Param<Tensor<A, D>> {
        let (id, value, mapper) = param.consume();
        Param::from_mapped_value(id, Tensor::from_inner(value.inner()).require_grad(), mapper)
    }
}

/// What a parameter is called: the transformer's as in a model without a text encoder.
pub fn parameter_name(path: &[String]) -> String {
    let name = path.join(".");
    match name.strip_prefix("transformer.") {
        Some(inside) => inside.to_owned(),
        None => name,
    }
}

/// All numbers of a tensor in a row.
pub fn flatten<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, 1> {
    let count = x.shape().num_elements();
    x.reshape([count])
}

struct Collect<B: Backend> {
    path: Vec<String>,
    all: BTreeMap<String, FlatParameter<B>>,
}

impl<B: Backend> ModuleVisitor<B> for Collect<B> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let parameter = FlatParameter { values: flatten(param.val()), dimensions: D };
        self.all.insert(parameter_name(&self.path), parameter);
    }
}

struct Replace<F> {
    path: Vec<String>,
    values: F,
}

impl<B: Backend, F: Fn(&str) -> Option<Tensor<B, 1>>> ModuleMapper<B> for Replace<F> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        match (self.values)(&parameter_name(&self.path)) {
            Some(value) => param.map(|old| value.reshape(old.shape())),
            None => param,
        }
    }
}

//! The norms of the gradients of a module's parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use pixelflow::ops::{PixelFlowBackend, squared_norm};

use crate::parameters::{flatten, parameter_name};

/// The squared norm of each parameter's gradient, in the order of the module; `None` where there is no gradient.
pub fn squared_norms<B: PixelFlowBackend>(
    model: &impl Module<B>,
    gradients: &GradientsParams,
) -> Vec<(String, Option<Tensor<B, 1>>)> {
    let mut norms = Norms { path: Vec::new(), gradients, squares: Vec::new() };
    model.visit(&mut norms);
    norms.squares
}

struct Norms<'a, B: PixelFlowBackend> {
    path: Vec<String>,
    gradients: &'a GradientsParams,
    squares: Vec<(String, Option<Tensor<B, 1>>)>,
}

impl<B: PixelFlowBackend> ModuleVisitor<B> for Norms<'_, B> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let gradient = self.gradients.get::<B, D>(param.id);
        let square = gradient.map(|gradient| squared_norm(flatten(gradient)));
        self.squares.push((parameter_name(&self.path), square));
    }
}

//! The thin matrices that learn.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use pixelflow::noise::{Key, Purpose};

use crate::network::Network;
use crate::parameters::parameter_name;

/// All that learns in place of a network's weights.
#[derive(Module, Debug)]
pub struct Adapters<B: Backend> {
    /// One for each matrix, in the order of their names.
    pub products: Vec<Product<B>>,
    /// The table of classes, `[classes + 1, width]`, where the run has others than its initial weights.
    pub classes: Option<Param<Tensor<B, 2>>>,
}

/// A product `B A` that is added to a matrix.
#[derive(Module, Debug)]
pub struct Product<B: Backend> {
    /// `[rank, inputs]`.
    pub a: Param<Tensor<B, 2>>,
    /// `[outputs, rank]`.
    pub b: Param<Tensor<B, 2>>,
}

impl<B: Backend> Product<B> {
    /// `(B A)ᵀ`, `[inputs, outputs]`.
    pub fn transposed(&self) -> Tensor<B, 2> {
        self.a.val().transpose().matmul(self.b.val().transpose())
    }
}

impl<B: Backend> Adapters<B> {
    /// Those of matrices with these names and shapes, `[inputs, outputs]`: `A` normal with deviation `1 / sqrt(inputs)`,
    /// `B` zero.
    pub(super) fn begin(
        targets: &[(String, [usize; 2])],
        classes: Option<Tensor<B, 2>>,
        (rank, seed): (usize, u64),
        device: &B::Device,
    ) -> Self {
        let product = |(index, (_, [inputs, outputs])): (usize, &(String, [usize; 2]))| {
            let key = Key::new(seed, index as u64, Purpose::Initialisation);
            let deviation = 1.0 / (*inputs as f32).sqrt();
            let values = key.normals(rank * inputs).into_iter().map(|z| z * deviation).collect();
            let a = TensorData::new(values, [rank, *inputs]);
            Product {
                a: Param::from_tensor(Tensor::from_data(a, device)),
                b: Param::from_tensor(Tensor::zeros([*outputs, rank], device)),
            }
        };
        Self {
            products: targets.iter().enumerate().map(product).collect(),
            classes: classes.map(|table| Param::from_tensor(table.detach())),
        }
    }
}

/// Names and shapes, `[inputs, outputs]`, of the blocks' matrices with one of `parts` in their names.
pub(super) fn targets<B: Backend>(
    network: &Network<B>,
    parts: &[String],
) -> Vec<(String, [usize; 2])> {
    let mut find = Find { path: Vec::new(), parts, found: Vec::new() };
    network.visit(&mut find);
    find.found.sort();
    find.found
}

struct Find<'a> {
    path: Vec<String>,
    parts: &'a [String],
    found: Vec<(String, [usize; 2])>,
}

impl<B: Backend> ModuleVisitor<B> for Find<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let name = parameter_name(&self.path);
        let is_meant = name.starts_with("transformer_blocks.")
            && name.ends_with(".weight")
            && name.split('.').any(|part| self.parts.iter().any(|wanted| wanted == part));
        if let (true, &[inputs, outputs]) = (is_meant, param.lazy_shape().as_slice()) {
            self.found.push((name, [inputs, outputs]));
        }
    }
}

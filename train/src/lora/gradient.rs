//! From the gradients of matrices to those of the thin ones.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{Adapters, CLASS_TABLE, Product};
use crate::network::Network;
use crate::parameters::parameter_name;

/// The gradients of adapters, from those of the network with them; others are dropped.
///
/// With `W = W_0 + f B A` and the gradient `G` of `W`: `f Bᵀ G` of `A`, `f G Aᵀ` of `B`.
pub(super) fn project<B: Backend>(
    adapters: &Adapters<B>,
    (names, factor): (&[String], f64),
    network: &Network<B>,
    gradients: GradientsParams,
) -> GradientsParams {
    let products = names.iter().map(String::as_str).zip(&adapters.products).collect();
    let table = adapters.classes.as_ref();
    let mut project = Project {
        path: Vec::new(),
        whole: gradients,
        thin: GradientsParams::new(),
        products,
        table,
        factor,
    };
    network.visit(&mut project);
    project.thin
}

struct Project<'a, B: Backend> {
    path: Vec<String>,
    whole: GradientsParams,
    thin: GradientsParams,
    products: BTreeMap<&'a str, &'a Product<B>>,
    table: Option<&'a Param<Tensor<B, 2>>>,
    factor: f64,
}

impl<B: Backend> ModuleVisitor<B> for Project<'_, B> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let Some(gradient) = self.whole.remove::<B, D>(param.id) else {
            return;
        };
        let name = parameter_name(&self.path);
        if let Some(table) = self.table.filter(|_| name == CLASS_TABLE) {
            let shape = table.val().shape();
            self.thin.register::<B, 2>(table.id, gradient.reshape(shape));
        } else if let Some(product) = self.products.get(name.as_str()) {
            // Burn has it as [inputs, outputs], which is the transpose of G.
            let shape = param.lazy_shape().as_slice().to_vec();
            let transposed: Tensor<B, 2> = gradient.reshape([shape[0], shape[1]]) * self.factor;
            let of_a = product.b.val().transpose().matmul(transposed.clone().transpose());
            let of_b = transposed.transpose().matmul(product.a.val().transpose());
            self.thin.register::<B, 2>(product.a.id, of_a);
            self.thin.register::<B, 2>(product.b.id, of_b);
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::backend::Flex;
    use burn::backend::flex::FlexDevice;
    use burn::module::AutodiffModule;
    use burn::tensor::TensorData;

    use super::*;
    use crate::config::TrainConfig;
    use crate::lora::Lora;
    use crate::step::tests::{Train, batch, network};
    use crate::step::{evaluate, gradients};
    use crate::stopwatch::Stopwatch;

    /// Adapters whose products are not zero.
    fn lora() -> Lora<Train> {
        let settings = TrainConfig::of(&["lora.rank=3", "lora.alpha=2"]);
        let lora = Lora::begin(&network(), &settings, &FlexDevice);
        let mut adapters = lora.adapters().clone();
        for (index, product) in adapters.products.iter_mut().enumerate() {
            let shape = product.b.val().shape();
            let values: Vec<f32> = (0..shape.num_elements())
                .map(|n| ((n + index) as f32 * 0.7).sin() * 0.05)
                .collect();
            let value = Tensor::from_data(TensorData::new(values, shape), &FlexDevice);
            product.b = product.b.clone().map(|_| value);
        }
        lora.with_adapters(adapters)
    }

    #[test]
    fn gradients_are_those_of_small_changes() {
        let lora = lora();
        let (merged, batch) = (lora.network(), batch());
        let (_, whole) = gradients(&merged, &batch, 1.0, &FlexDevice, &mut Stopwatch::stopped());
        let inner = lora.adapters().valid();
        let thin = project(&inner, (&lora.names, lora.factor), &merged.valid(), whole);
        let loss = |adapters: &Adapters<Flex>| {
            evaluate(&lora.merged(adapters), &batch, &FlexDevice).mean()
        };
        // Along the gradient of one thin matrix, the loss grows by its square times the way.
        for (product, is_a) in [(0, true), (0, false), (5, true), (7, false)] {
            let of = |adapters: &Adapters<Flex>| {
                let product = &adapters.products[product];
                if is_a { product.a.clone() } else { product.b.clone() }
            };
            let gradient = thin.get::<Flex, 2>(of(&inner).id).unwrap();
            let square = f64::from(gradient.clone().powf_scalar(2.0).sum().into_scalar());
            let way = 1e-2 / square.sqrt();
            let moved = |way: f64| {
                let mut adapters = inner.clone();
                let param = of(&adapters).map(|value| value + gradient.clone() * way);
                let product = &mut adapters.products[product];
                *(if is_a { &mut product.a } else { &mut product.b }) = param;
                loss(&adapters)
            };
            let slope = (moved(way) - moved(-way)) / (2.0 * way);
            let error = (slope / square - 1.0).abs();
            assert!(square > 0.0 && error < 0.02, "{product} {is_a}: {slope} is not {square}");
        }
    }

    #[test]
    fn a_dry_run_counts_what_learns() {
        for more in
            [&["lora.targets=[\"attn2\", \"fc1\"]"][..], &["lora.targets=[\"k_proj\"]"], &[]]
        {
            let model = [
                "model.preset=tiny",
                "model.depth=2",
                "model.num_classes=0",
                "model.cross_attention_dim=32",
                "lora.rank=3",
            ];
            let settings = TrainConfig::of(&[&model, more].concat());
            let lora = Lora::begin(&network(), &settings, &FlexDevice);
            let counted = crate::dry_run::adapter_parameters(&settings);
            assert_eq!(counted, lora.adapters().num_params() as u64, "{more:?}");
        }
    }
}

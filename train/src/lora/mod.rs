//! Low-rank adapters (LoRA): what learns in place of all weights.
//!
//! Hu et al., arXiv 2106.09685. A step computes with the model of weights `W + alpha / rank B A`, which knows nothing of
//! it; from the gradient `G` of such a matrix follow those of the thin ones.

mod adapters;
mod gradient;
mod peft;

use std::collections::BTreeMap;

use burn::module::{AutodiffModule, Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use pixelflow::ops::PixelFlowBackend;
use pixelflow::pipeline::ModelFiles;
use pixelflow::weights::AdapterBase;

pub use self::adapters::{Adapters, Product};
use self::gradient::project;
pub use self::peft::save_peft;
use crate::Result;
use crate::config::TrainConfig;
use crate::initial_weights::InitialClasses;
use crate::network::Network;
use crate::optimizer::Optimizer;
use crate::parameters::{as_leaves, parameter_name};

/// The table of classes, as a network has it.
const CLASS_TABLE: &str = "class_embedder.embedding_table.weight";

/// What adapters change, and how.
#[derive(Clone, Debug)]
pub struct Lora<A>
where
    A: AutodiffBackend,
{
    /// The network without them.
    base: Network<A::InnerBackend>,
    /// `None` only while a step moves them.
    adapters: Option<Adapters<A>>,
    /// Matrices by name, in the order of the products.
    names: Vec<String>,
    /// What a product counts: alpha over rank.
    factor: f64,
    /// What they say that they were trained on.
    trained_on: Option<AdapterBase>,
}

impl<A> Lora<A>
where
    A: AutodiffBackend + PixelFlowBackend,
    A::InnerBackend: PixelFlowBackend,
{
    /// The adapters that a run begins with, on the network of its initial weights: their products are zero.
    pub fn begin(network: &Network<A>, settings: &TrainConfig, device: &A::Device) -> Self {
        let lora = &settings.lora;
        let base = network.valid();
        let targets = adapters::targets(&base, &lora.targets);
        let has_table = settings.train.initial_classes != InitialClasses::Same;
        let embedder = network.transformer.class_embedder.as_ref().filter(|_| has_table);
        let table = embedder.map(|embedder| embedder.embedding_table.weight.val());
        let seed = settings.train.seed;
        let adapters = Adapters::begin(&targets, table, (lora.rank, seed), device);
        let names = targets.into_iter().map(|(name, _)| name).collect();
        let factor = lora.alpha / lora.rank as f64;
        Self { base, adapters: Some(adapters), names, factor, trained_on: None }
    }

    /// The same, which say that they were trained on the weights in these files.
    ///
    /// # Errors
    /// What reading says.
    pub fn on(self, files: &ModelFiles) -> Result<Self> {
        let names = self.names.iter().map(String::as_str);
        let base = AdapterBase::of(files.name(), files.hash()?, &files.open()?, names)?;
        Ok(Self { trained_on: Some(base), ..self })
    }

    /// The same with other adapters of the same shapes.
    #[must_use]
    pub fn with_adapters(self, adapters: Adapters<A>) -> Self {
        Self { adapters: Some(adapters), ..self }
    }

    /// What learns.
    ///
    /// # Panics
    /// If an earlier step panicked half-way.
    pub fn adapters(&self) -> &Adapters<A> {
        self.adapters.as_ref().expect("no step is under way")
    }

    /// The network with adapters.
    pub fn merged(&self, adapters: &Adapters<A::InnerBackend>) -> Network<A::InnerBackend> {
        let mut products: BTreeMap<&str, &Product<A::InnerBackend>> = BTreeMap::new();
        for (name, product) in self.names.iter().zip(&adapters.products) {
            products.insert(name, product);
        }
        let table = adapters.classes.as_ref().map(Param::val);
        self.base.clone().map(&mut Merge { path: vec![], products, table, factor: self.factor })
    }

    /// The network with what learns, and leaves of a graph as its weights.
    pub fn network(&self) -> Network<A> {
        as_leaves(Network::from_inner(self.merged(&self.adapters().valid())))
    }

    /// One step of what learns, by the gradients of the network; gives their norm.
    pub fn step(
        &mut self,
        optimizer: &mut Optimizer<A::InnerBackend>,
        network: &Network<A>,
        gradients: GradientsParams,
        learning_rate: f64,
    ) -> f64 {
        let adapters = self.adapters.take().expect("no step is under way");
        let gradients =
            project(&adapters.valid(), (&self.names, self.factor), &network.valid(), gradients);
        let (adapters, norm) = optimizer.step(adapters, gradients, learning_rate);
        self.adapters = Some(adapters);
        norm
    }
}

/// Adds products, and puts the table of classes in its place.
struct Merge<'a, B: Backend> {
    path: Vec<String>,
    products: BTreeMap<&'a str, &'a Product<B>>,
    table: Option<Tensor<B, 2>>,
    factor: f64,
}

impl<B: Backend> ModuleMapper<B> for Merge<'_, B> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let name = parameter_name(&self.path);
        if let Some(table) = self.table.take_if(|_| name == CLASS_TABLE) {
            return param.map(|old| table.reshape(old.shape()));
        }
        match self.products.get(name.as_str()) {
            // Burn has the matrix of a linear layer as [inputs, outputs].
            Some(product) => param.map(|old| {
                let sum = product.transposed() * self.factor;
                let shape = old.shape();
                old + sum.reshape(shape)
            }),
            None => param,
        }
    }
}

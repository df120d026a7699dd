//! From a module's parameters to host values under the reference's names and shapes.
//!
//! The fields' names are taken. Burn stores the matrix of a linear layer as `[in, out]`, PyTorch as `[out, in]`; everything else
//! is laid out alike, and the modules' fields carry the reference's names.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};

use super::Values;
use super::place::{Place, shape_of_words};
use crate::int8::Int8Rows;
use crate::layers::MatrixFormat;
use crate::{PixelFlow, PixelFlowConfig};

/// What is known of a parameter without its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// The reference's shape.
    pub shape: Vec<usize>,
    /// Whether it is the matrix of a linear layer, which may be kept in eight bits.
    pub is_linear_matrix: bool,
}

/// Name and shape, as in the reference, of every parameter of a model.
pub fn parameter_shapes<B: Backend>(
    config: &PixelFlowConfig,
    device: &B::Device,
) -> BTreeMap<String, Vec<usize>> {
    let forms = parameter_forms::<B>(config, device).into_iter();
    forms.map(|(name, form)| (name, form.shape)).collect()
}

/// Name and form of every parameter of a model.
pub(crate) fn parameter_forms<B: Backend>(
    config: &PixelFlowConfig,
    device: &B::Device,
) -> BTreeMap<String, Form> {
    let model = PixelFlow::<B>::uninitialised(config, MatrixFormat::Float, device);
    let mut forms = BTreeMap::new();
    for_each_form(&model, |name, form| {
        forms.insert(name.to_owned(), form);
    });
    forms
}

/// Visits name and form of the parameters, in the order of [`for_each_parameter`].
pub(super) fn for_each_form<B: Backend>(module: &impl Module<B>, visit: impl FnMut(&str, Form)) {
    Module::<B>::visit(module, &mut Forms { place: Place::default(), visit });
}

/// Visits the parameters one after the other: name, reference shape, values.
///
/// Only one parameter at a time is held on the host. A matrix in eight bits is visited as floats.
pub fn for_each_parameter<B: Backend>(
    module: &impl Module<B>,
    mut visit: impl FnMut(&str, Vec<usize>, Vec<f32>),
) {
    for_each_value(module, |name, shape, values| {
        visit(name, shape, values.into_floats());
    });
}

/// As [`for_each_parameter`], with matrices in eight bits as they are.
pub fn for_each_value<B: Backend>(
    module: &impl Module<B>,
    visit: impl FnMut(&str, Vec<usize>, Values),
) {
    module.visit(&mut Read { place: Place::default(), words: None, visit });
}

struct Forms<F> {
    place: Place,
    visit: F,
}

impl<B: Backend, F: FnMut(&str, Form)> ModuleVisitor<B> for Forms<F> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        // The scale, which belongs to the words.
        if self.place.is_in_int8_matrix() {
            return;
        }
        let shape: [usize; D] = param.lazy_shape().dims();
        let form = Form {
            shape: self.place.reference_shape(&shape),
            is_linear_matrix: self.place.is_linear_matrix(D),
        };
        (self.visit)(&self.place.name(), form);
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<B, D, Int>>) {
        let words: [usize; D] = param.lazy_shape().dims();
        let form = Form { shape: shape_of_words(&words), is_linear_matrix: true };
        (self.visit)(&self.place.name(), form);
    }
}

struct Read<F> {
    place: Place,
    /// Of a matrix in eight bits, until its scale comes.
    words: Option<(Vec<usize>, Vec<i32>)>,
    visit: F,
}

impl<B: Backend, F: FnMut(&str, Vec<usize>, Values)> ModuleVisitor<B> for Read<F> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<B, D, Int>>) {
        let value = param.val();
        let shape: [usize; D] = value.dims();
        let words = value.into_data().iter::<i32>().collect();
        self.words = Some((shape_of_words(&shape), words));
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let shape: [usize; D] = value.dims();
        let value = if self.place.is_linear_matrix(D) { value.swap_dims(0, 1) } else { value };
        let values: Vec<f32> = value.into_data().iter::<f32>().collect();
        let (shape, values) = match self.words.take() {
            Some((shape, words)) => (shape, Values::Int8(Int8Rows::of_words(&words, values))),
            None => (self.place.reference_shape(&shape), Values::Float(values)),
        };
        (self.visit)(&self.place.name(), shape, values);
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::Preset;
    use crate::weights::model_from;
    use burn_flex::Flex;

    #[test]
    fn a_model_survives_the_way_to_the_host_and_back() {
        let device = burn_flex::FlexDevice;
        let config = PixelFlowConfig { depth: 1, ..Preset::Tiny.config(7) };
        let model = config.init::<Flex>(3, &device).unwrap();
        let mut parameters = BTreeMap::new();
        for_each_parameter(&model, |name, shape, values| {
            parameters.insert(name.to_owned(), (shape, values));
        });
        let shapes = parameter_shapes::<Flex>(&config, &device);
        assert!(shapes.iter().eq(parameters.iter().map(|(name, (shape, _))| (name, shape))));
        assert_eq!(shapes["transformer_blocks.0.mlp.fc1.weight"], [512, 128]);
        assert_eq!(shapes["patch_embed.proj.weight"], [128, 3, 4, 4]);

        let again =
            model_from::<Flex, ()>(&config, &device, |name, _| Ok(parameters[name].1.clone()));
        for_each_parameter(&again.unwrap(), |name, _, values| {
            assert_eq!(values, parameters[name].1, "{name}");
        });
    }
}

//! Between a module's parameters and host values under the reference's names and shapes.
//!
//! The functions without `model` in their names are for any module; its fields' names are taken. Burn stores the matrix of a linear layer as `[in, out]`, PyTorch as `[out, in]`; everything else
//! is laid out alike, and the modules' fields carry the reference's names.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

use crate::{PixelFlow, PixelFlowConfig};

/// Name and shape, as in the reference, of every parameter of a model.
pub fn parameter_shapes<B: Backend>(
    config: &PixelFlowConfig,
    device: &B::Device,
) -> BTreeMap<String, Vec<usize>> {
    let mut shapes = BTreeMap::new();
    for_each_shape(
        &PixelFlow::<B>::uninitialised(config, device),
        |name, shape| {
            shapes.insert(name.to_owned(), shape);
        },
    );
    shapes
}

/// Visits name and reference shape of the parameters, in the order of [`for_each_parameter`].
pub(super) fn for_each_shape<B: Backend>(
    module: &impl Module<B>,
    visit: impl FnMut(&str, Vec<usize>),
) {
    Module::<B>::visit(
        module,
        &mut Shapes {
            place: Place::default(),
            visit,
        },
    );
}

/// Visits the parameters one after the other: name, reference shape, values.
///
/// Only one parameter at a time is held on the host.
pub fn for_each_parameter<B: Backend>(
    module: &impl Module<B>,
    visit: impl FnMut(&str, Vec<usize>, Vec<f32>),
) {
    module.visit(&mut Read {
        place: Place::default(),
        visit,
    });
}

/// A model whose parameters are read one after the other by name and reference shape.
///
/// # Errors
/// The first error of `read`.
///
/// # Panics
/// If `read` returns another number of values than the shape asks for.
pub fn model_from<B: Backend, E>(
    config: &PixelFlowConfig,
    device: &B::Device,
    read: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, E>,
) -> Result<PixelFlow<B>, E> {
    model_in(config, DType::F32, device, read)
}

/// As [`model_from`], with weights in another format than f32; the model computes in it.
///
/// Each parameter is converted on the host: the device never holds it in f32.
///
/// # Errors
/// The first error of `read`.
///
/// # Panics
/// If `read` returns another number of values than the shape asks for.
pub fn model_in<B: Backend, E>(
    config: &PixelFlowConfig,
    dtype: DType,
    device: &B::Device,
    read: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, E>,
) -> Result<PixelFlow<B>, E> {
    with_parameters(PixelFlow::uninitialised(config, device), |_| dtype, read)
}

/// The module with parameters that are read one after the other by name and reference shape, each
/// in a format of its own.
///
/// # Errors
/// The first error of `read`.
///
/// # Panics
/// If `read` returns another number of values than the shape asks for.
pub(super) fn with_parameters<B: Backend, M: Module<B>, E>(
    module: M,
    dtype: impl Fn(&str) -> DType,
    read: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, E>,
) -> Result<M, E> {
    let mut write = Write {
        place: Place::default(),
        dtype,
        read,
        error: None,
    };
    let module = module.map(&mut write);
    match write.error {
        Some(error) => Err(error),
        None => Ok(module),
    }
}

/// Where in the model a visitor is.
#[derive(Default)]
struct Place {
    names: Vec<String>,
    containers: Vec<String>,
}

impl Place {
    fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    fn name(&self) -> String {
        self.names.join(".")
    }

    /// Whether the parameter is the matrix of a linear layer.
    fn is_linear_matrix(&self, rank: usize) -> bool {
        rank == 2
            && self
                .containers
                .last()
                .is_some_and(|name| name.ends_with("Linear"))
    }

    /// The reference's shape of a parameter of this shape.
    fn reference_shape(&self, shape: &[usize]) -> Vec<usize> {
        if self.is_linear_matrix(shape.len()) {
            vec![shape[1], shape[0]]
        } else {
            shape.to_vec()
        }
    }
}

struct Shapes<F> {
    place: Place,
    visit: F,
}

impl<B: Backend, F: FnMut(&str, Vec<usize>)> ModuleVisitor<B> for Shapes<F> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let shape: [usize; D] = param.lazy_shape().dims();
        (self.visit)(&self.place.name(), self.place.reference_shape(&shape));
    }
}

struct Read<F> {
    place: Place,
    visit: F,
}

impl<B: Backend, F: FnMut(&str, Vec<usize>, Vec<f32>)> ModuleVisitor<B> for Read<F> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        let value = param.val();
        let shape: [usize; D] = value.dims();
        let value = if self.place.is_linear_matrix(D) {
            value.swap_dims(0, 1)
        } else {
            value
        };
        let values = value.into_data().iter::<f32>().collect();
        (self.visit)(
            &self.place.name(),
            self.place.reference_shape(&shape),
            values,
        );
    }
}

struct Write<T, F, E> {
    place: Place,
    dtype: T,
    read: F,
    error: Option<E>,
}

impl<B, T, F, E> ModuleMapper<B> for Write<T, F, E>
where
    B: Backend,
    T: Fn(&str) -> DType,
    F: FnMut(&str, &[usize]) -> Result<Vec<f32>, E>,
{
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        if self.error.is_some() {
            return param;
        }
        let shape: [usize; D] = param.lazy_shape().dims();
        let reference = self.place.reference_shape(&shape);
        let name = self.place.name();
        let values = match (self.read)(&name, &reference) {
            Ok(values) => values,
            Err(error) => {
                self.error = Some(error);
                return param;
            }
        };
        let data = TensorData::new(values, reference);
        let tensor = Tensor::<B, D>::from_data(data, (&param.lazy_device(), (self.dtype)(&name)));
        let tensor = if self.place.is_linear_matrix(D) {
            // Laid out anew: products of a transposed view would gather it every time.
            contiguous(tensor.swap_dims(0, 1))
        } else {
            tensor
        };
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// The same values in row-major order.
fn contiguous<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, D> {
    let shape = tensor.shape();
    let count = shape.num_elements();
    tensor.reshape([count]).reshape(shape)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::Preset;
    use burn_flex::Flex;

    #[test]
    fn a_model_survives_the_way_to_the_host_and_back() {
        let device = burn_flex::FlexDevice;
        let config = PixelFlowConfig {
            depth: 1,
            ..Preset::Tiny.config(7)
        };
        let model = config.init::<Flex>(3, &device).unwrap();
        let mut parameters = BTreeMap::new();
        for_each_parameter(&model, |name, shape, values| {
            parameters.insert(name.to_owned(), (shape, values));
        });
        let shapes = parameter_shapes::<Flex>(&config, &device);
        assert!(
            shapes
                .iter()
                .eq(parameters.iter().map(|(name, (shape, _))| (name, shape)))
        );
        assert_eq!(shapes["transformer_blocks.0.mlp.fc1.weight"], [512, 128]);
        assert_eq!(shapes["patch_embed.proj.weight"], [128, 3, 4, 4]);

        let again =
            model_from::<Flex, ()>(&config, &device, |name, _| Ok(parameters[name].1.clone()));
        for_each_parameter(&again.unwrap(), |name, _, values| {
            assert_eq!(values, parameters[name].1, "{name}");
        });
    }
}

//! A model whose matrices are in eight bits, from host values.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor, TensorData};

use super::Values;
use super::place::{Place, shape_of_words};
use crate::layers::MatrixFormat;
use crate::{PixelFlow, PixelFlowConfig};

/// As [`model_in`](super::assemble::model_in), with the matrices of linear layers in eight bits; for drawing only.
///
/// Matrices that `read` returns as floats are rounded, one at a time. What is no such matrix is in
/// `dtype`, in which the model computes.
///
/// # Errors
/// The first error of `read`.
///
/// # Panics
/// If `read` returns another number of values than the shape asks for, or the configuration is not
/// [fit for it](PixelFlowConfig::check_int8), or the backend differentiates: bytes have no gradients.
pub(super) fn model_in_int8<B: Backend, E>(
    config: &PixelFlowConfig,
    dtype: DType,
    device: &B::Device,
    read: impl FnMut(&str, &[usize]) -> Result<Values, E>,
) -> Result<PixelFlow<B>, E> {
    assert!(!B::ad_enabled(device), "a model in eight bits cannot be trained");
    let model = PixelFlow::<B>::uninitialised(config, MatrixFormat::Int8(dtype), device);
    let mut write = Write { place: Place::default(), dtype, read, scale: None, error: None };
    let model = model.map(&mut write);
    match write.error {
        Some(error) => Err(error),
        None => Ok(model),
    }
}

struct Write<F, E> {
    place: Place,
    dtype: DType,
    read: F,
    /// Of a matrix in eight bits, whose words have come first.
    scale: Option<Vec<f32>>,
    error: Option<E>,
}

impl<F, E> Write<F, E>
where
    F: FnMut(&str, &[usize]) -> Result<Values, E>,
{
    /// The values of the parameter; `None` after an error.
    fn values(&mut self, shape: &[usize]) -> Option<Values> {
        if self.error.is_some() {
            return None;
        }
        match (self.read)(&self.place.name(), shape) {
            Ok(values) => Some(values),
            Err(error) => {
                self.error = Some(error);
                None
            }
        }
    }
}

impl<B, F, E> ModuleMapper<B> for Write<F, E>
where
    B: Backend,
    F: FnMut(&str, &[usize]) -> Result<Values, E>,
{
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn map_int<const D: usize>(
        &mut self,
        param: Param<Tensor<B, D, Int>>,
    ) -> Param<Tensor<B, D, Int>> {
        let shape: [usize; D] = param.lazy_shape().dims();
        let reference = shape_of_words(&shape);
        let Some(values) = self.values(&reference) else {
            return param;
        };
        let rows = values.into_int8(&reference);
        let data = TensorData::new(rows.words(), shape);
        let words = Tensor::from_data(data, (&param.lazy_device(), DType::I32));
        self.scale = Some(rows.scales);
        let id = param.id;
        param.transform_for_load(words, id)
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        let shape: [usize; D] = param.lazy_shape().dims();
        let id = param.id;
        if let Some(scale) = self.scale.take() {
            let data = TensorData::new(scale, shape);
            let scale = Tensor::from_data(data, (&param.lazy_device(), DType::F32));
            return param.transform_for_load(scale, id);
        }
        let reference = self.place.reference_shape(&shape);
        let Some(values) = self.values(&reference) else {
            return param;
        };
        let data = TensorData::new(values.into_floats(), reference);
        let tensor = Tensor::<B, D>::from_data(data, (&param.lazy_device(), self.dtype));
        param.transform_for_load(tensor, id)
    }
}

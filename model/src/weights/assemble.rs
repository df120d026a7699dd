//! A module from host values under the reference's names and shapes.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

use super::place::Place;
use crate::layers::MatrixFormat;
use crate::{PixelFlow, PixelFlowConfig};

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
pub(super) fn model_in<B: Backend, E>(
    config: &PixelFlowConfig,
    dtype: DType,
    device: &B::Device,
    mut read: impl FnMut(&str, &[usize]) -> Result<Vec<f32>, E>,
) -> Result<PixelFlow<B>, E> {
    let model = PixelFlow::uninitialised(config, MatrixFormat::Float, device);
    with_parameters(model, |name, shape, transposed| {
        let data = TensorData::new(read(name, shape)?, shape);
        Ok(if transposed { transpose(data) } else { data }.convert_dtype(dtype))
    })
}

/// A model of keyed normal values; one's own initialisation would not do, for its velocity is zero.
#[cfg(all(test, feature = "flex"))]
pub(crate) fn keyed_model<B: Backend>(
    config: &PixelFlowConfig,
    deviation: f32,
    device: &B::Device,
) -> PixelFlow<B> {
    use crate::noise::{Key, Purpose};
    let mut index = 0;
    let weights = |_: &str, shape: &[usize]| {
        index += 1;
        let values = Key::new(31, index, Purpose::Testing).normals(shape.iter().product());
        Ok::<_, ()>(values.into_iter().map(|x| deviation * x).collect())
    };
    model_from(config, device, weights).unwrap()
}

/// The module with parameters as Burn has them, which `read` gives for name and reference shape; where
/// it is told `true`, the matrix of a linear layer, transposed. It computes in their format.
///
/// # Errors
/// The first error of `read`.
///
/// # Panics
/// If `read` returns another shape than it is asked for.
pub(super) fn with_parameters<B: Backend, M: Module<B>, E>(
    module: M,
    read: impl FnMut(&str, &[usize], bool) -> Result<TensorData, E>,
) -> Result<M, E> {
    let mut write = Write { place: Place::default(), read, error: None };
    let module = module.map(&mut write);
    match write.error {
        Some(error) => Err(error),
        None => Ok(module),
    }
}

struct Write<F, E> {
    place: Place,
    read: F,
    error: Option<E>,
}

impl<B, F, E> ModuleMapper<B> for Write<F, E>
where
    B: Backend,
    F: FnMut(&str, &[usize], bool) -> Result<TensorData, E>,
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
        let transposed = self.place.is_linear_matrix(D);
        let data = match (self.read)(&self.place.name(), &reference, transposed) {
            Ok(data) => data,
            Err(error) => {
                self.error = Some(error);
                return param;
            }
        };
        assert_eq!(data.shape.as_slice(), shape, "{}", self.place.name());
        let dtype = data.dtype;
        let tensor = Tensor::<B, D>::from_data(data, (&param.lazy_device(), dtype));
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// The matrix `[columns, rows]` of a matrix `[rows, columns]` of f32.
pub(super) fn transpose(data: TensorData) -> TensorData {
    let [rows, columns] = [data.shape[0], data.shape[1]];
    let values: Vec<f32> = data.iter::<f32>().collect();
    let column = |column: usize| values.iter().skip(column).step_by(columns).copied();
    TensorData::new((0..columns).flat_map(column).collect(), [columns, rows])
}

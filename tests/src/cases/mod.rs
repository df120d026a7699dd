//! What is checked, one file a kind of fixture.

pub mod block_noise;
pub mod collate;
pub mod dopri5;
pub mod embeddings;
pub mod euler;
pub mod forward;
mod given_noise;
pub mod gradients;
pub mod images;
pub mod inception;
pub mod metrics;
pub mod model_file;
mod network_calls;
pub mod ode;
pub mod rope;
pub mod schedule;
mod solver_steps;
mod step_limits;
mod text;
pub mod text_encoder;
pub mod torch_file;
pub mod train_batch;
pub mod train_steps;
mod trajectory;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::tensors::widen;
use crate::{Result, Tensors};

/// A stored tensor on a device.
fn upload<B: Backend, const D: usize>(
    tensors: &Tensors,
    name: &str,
    device: &B::Device,
) -> Result<Tensor<B, D>> {
    let shape = tensors.dims::<D>(name)?;
    Ok(Tensor::from_data(TensorData::new(tensors.floats(name)?, shape), device))
}

/// The values of a tensor, on the host.
pub(crate) fn download<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
    widen(&values)
}

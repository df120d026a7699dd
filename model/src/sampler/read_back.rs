//! Read-backs: the only places where a sampler waits for its device.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::{Error, Result};

/// The numbers of a tensor, awaited.
///
/// # Errors
/// [`Error::Device`].
pub(super) async fn read_back<B: Backend, const D: usize>(
    tensor: Tensor<B, D>,
) -> Result<Vec<f32>> {
    let data = tensor.into_data_async().await;
    let data = data.map_err(|error| Error::Device { reason: error.to_string() })?;
    Ok(data.convert::<f32>().iter::<f32>().collect())
}

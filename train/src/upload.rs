//! Host values on a device.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

/// Tokens on the device, `[tokens, features]`.
pub(crate) fn upload<B: Backend>(
    values: &[f32],
    features: usize,
    device: &B::Device,
) -> Tensor<B, 2> {
    let data = TensorData::new(values.to_vec(), [values.len() / features, features]);
    Tensor::from_data(data, device)
}

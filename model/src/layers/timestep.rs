//! Embedding of a scalar: the timestep, or the resolution.

use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData, activation::silu};

use super::{Linear, MatrixFormat};
use crate::ops::PixelFlowBackend;

/// Features of the sinusoid.
pub const TIMESTEP_FEATURES: usize = 256;

/// The sinusoid of each value: cosines, then sines, of `value * 10000^(-j / 127)`.
///
/// Computed on the host in f64: at timestep 999 an f32 phase is off by up to 6.6e-5.
///
/// # Shapes
/// - output: `[values, 256]`, row-major
pub fn sinusoid(values: &[f32]) -> Vec<f32> {
    const HALF: usize = TIMESTEP_FEATURES / 2;
    let frequency = |j: usize| (-(10_000_f64).ln() * j as f64 / (HALF - 1) as f64).exp();
    let frequencies: Vec<f64> = (0..HALF).map(frequency).collect();
    let row = |&value: &f32| {
        let phases = frequencies.iter().map(move |frequency| f64::from(value) * frequency);
        phases.clone().map(f64::cos).chain(phases.map(f64::sin)).collect::<Vec<_>>()
    };
    values.iter().flat_map(row).map(|x| x as f32).collect()
}

/// `linear_2(silu(linear_1(sinusoid(value))))`.
#[derive(Module, Debug)]
pub struct TimestepEmbedder<B: Backend> {
    /// From the sinusoid to the width.
    pub linear_1: Linear<B>,
    /// From the width to the width.
    pub linear_2: Linear<B>,
}

impl<B: Backend> TimestepEmbedder<B> {
    pub(crate) fn uninitialised(width: usize, format: MatrixFormat, device: &B::Device) -> Self {
        let linear = |inputs| Linear::uninitialised(inputs, width, true, format, device);
        Self { linear_1: linear(TIMESTEP_FEATURES), linear_2: linear(width) }
    }
}

impl<B: PixelFlowBackend> TimestepEmbedder<B> {
    /// Embeds each value.
    ///
    /// # Shapes
    /// - output: `[values, width]`
    pub fn forward(&self, values: &[f32]) -> Tensor<B, 2> {
        let data = TensorData::new(sinusoid(values), [values.len(), TIMESTEP_FEATURES]);
        let weight = &self.linear_1.weight;
        let features = Tensor::from_data(data, (&weight.device(), weight.dtype()));
        self.linear_2.forward(silu(self.linear_1.forward(features)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_all_cosines_one_and_sines_zero() {
        let row = sinusoid(&[0.0]);
        assert!(row[..128].iter().all(|&x| x == 1.0) && row[128..].iter().all(|&x| x == 0.0));
    }

    #[test]
    fn the_first_frequency_is_one_and_the_last_one_ten_thousandth() {
        let row = sinusoid(&[500.0]);
        assert_eq!(row[128], 500_f64.sin() as f32);
        assert_eq!(row[255], 0.05_f64.sin() as f32);
    }
}

//! Feature maps of all images of a batch as a tensor.

use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, PaddedConvOptions};
use burn::tensor::{Tensor, TensorData};

use super::{Activation, FeatureMap, Places};
use crate::extractor::convolution::{Convolution, Form};

/// A convolution's weights on a device.
#[derive(Clone, Debug)]
pub(crate) struct DeviceWeights<B: Backend> {
    weight: Tensor<B, 4>,
    bias: Tensor<B, 1>,
    form: Form,
}

/// `[images, channels, height, width]`
impl<B: Backend> FeatureMap for Tensor<B, 4> {
    type Weights = DeviceWeights<B>;
    type Device = B::Device;

    fn weights(
        Convolution { weight, bias, form }: Convolution,
        device: &B::Device,
    ) -> Self::Weights {
        DeviceWeights {
            weight: Tensor::from_data(TensorData::new(weight, form.shape()), device),
            bias: Tensor::from_data(TensorData::new(bias, [form.outputs]), device),
            form,
        }
    }

    fn convolve(&self, weights: &Self::Weights, activation: Activation) -> Self {
        let [_, channels, height, width] = self.dims();
        let DeviceWeights { weight, bias, form } = weights;
        let groups = if form.depthwise { channels } else { 1 };
        let [before, after] = form.border([height, width]);
        let stride = [form.stride; 2];
        let options = if before == after {
            ConvOptions::new(stride, before, [1; 2], groups).into()
        } else {
            PaddedConvOptions::asymmetric(stride, before, after, [1; 2], groups)
        };
        conv2d(self.clone(), weight.clone(), Some(bias.clone()), options).activate(activation)
    }

    fn activate(self, activation: Activation) -> Self {
        match activation {
            Activation::None => self,
            Activation::Relu => relu(self),
            Activation::Relu6 => self.clamp(0.0, 6.0),
        }
    }

    fn maximum(&self, places: Places) -> Self {
        let (stride, padding) = match places {
            Places::Every => (1, 1),
            Places::EverySecond => (2, 0),
        };
        max_pool2d(self.clone(), [3; 2], [stride; 2], [padding; 2], [1; 2], false)
    }

    fn neighbour_mean(&self) -> Self {
        avg_pool2d(self.clone(), [3; 2], [1; 2], [1; 2], false, false)
    }

    fn beside(maps: &[Self]) -> Self {
        Tensor::cat(maps.to_vec(), 1)
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }
}

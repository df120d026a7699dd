//! Feature maps: what a convolutional network hands from layer to layer.
//!
//! A network is written once, over [`FeatureMap`]. On a device its maps are tensors, all images at a time. On
//! the CPU each image's maps are values in memory, and images go through the network side by side: that is two
//! to five times as fast there, as a map stays in the cache and nothing is copied to be multiplied.

mod in_memory;
mod on_device;

use std::fmt::Debug;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

pub(crate) use in_memory::MemoryMap;

use super::convolution::Convolution;

/// What follows a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// Nothing.
    None,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
}

/// Where the maximum of 3x3 places is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// At every place; what lies beyond the border does not count.
    Every,
    /// At every second place that has all its neighbours.
    EverySecond,
}

/// What layers take and give.
pub(crate) trait FeatureMap: Clone + Sized {
    /// A convolution's weights, as it needs them.
    type Weights: Clone + Debug + Send + Sync;
    /// Where they lie.
    type Device;

    /// Brings a convolution's weights where they are needed.
    fn weights(convolution: Convolution, device: &Self::Device) -> Self::Weights;

    /// Convolves the map.
    fn convolve(&self, weights: &Self::Weights, activation: Activation) -> Self;

    /// Applies what could not follow the convolution itself.
    fn activate(self, activation: Activation) -> Self;

    /// The maximum of 3x3 places.
    fn maximum(&self, places: Places) -> Self;

    /// The mean of 3x3 places at every place, without those beyond the border.
    fn neighbour_mean(&self) -> Self;

    /// The channels of all maps, one after the other.
    fn beside(maps: &[Self]) -> Self;

    /// The sum of two maps.
    fn plus(self, other: Self) -> Self;
}

/// A network of layers, where a backend computes it best.
#[derive(Clone, Debug)]
pub(crate) enum Placed<OnDevice, InMemory> {
    /// As tensors.
    OnDevice(OnDevice),
    /// As values in memory.
    InMemory(InMemory),
}

/// Whether a backend's tensors are values in this machine's memory.
pub(crate) fn is_in_memory<B: Backend>(device: &B::Device) -> bool {
    B::name(device) == "flex"
}

/// Values of a tensor, as f32.
pub(crate) fn values_of<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().into_vec().expect("it is f32 now")
}

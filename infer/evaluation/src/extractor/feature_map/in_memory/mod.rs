//! Feature maps of one image as values in memory, channels innermost.

mod convolution;
mod pool;

use std::borrow::Cow;

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use super::{Activation, FeatureMap, Places, values_of};
use crate::extractor::convolution::Convolution;
use convolution::MemoryWeights;

/// A feature map of one image.
#[derive(Clone, Debug)]
pub(crate) struct MemoryMap {
    /// Height and width.
    size: [usize; 2],
    channels: usize,
    /// `[height, width, channels]`
    values: Vec<f32>,
}

impl MemoryMap {
    /// Takes every image of a batch through layers, side by side.
    ///
    /// # Shapes
    /// - x: `[images, channels, height, width]`
    pub(crate) fn each<B: Backend, R: Send>(
        x: Tensor<B, 4>,
        layers: impl Fn(Self) -> R + Sync,
    ) -> Vec<R> {
        let [_, channels, height, width] = x.dims();
        let places = height * width;
        let values = values_of(x);
        let image = |planes: &[f32]| {
            let place = |place| (0..channels).map(move |channel| planes[channel * places + place]);
            let values = (0..places).flat_map(place);
            Self { size: [height, width], channels, values: values.collect() }
        };
        values.par_chunks(channels * places).map(|planes| layers(image(planes))).collect()
    }

    /// The maps of all images as a tensor.
    ///
    /// # Shapes
    /// - output: `[images, channels, height, width]`
    pub(crate) fn stack<'a, B: Backend>(
        maps: impl IntoIterator<Item = &'a Self>,
        device: &B::Device,
    ) -> Tensor<B, 4> {
        let (mut images, mut shape, mut values) = (0, [0; 3], Vec::new());
        for map in maps {
            images += 1;
            shape = [map.size[0], map.size[1], map.channels];
            values.extend_from_slice(&map.values);
        }
        let data = TensorData::new(values, [images, shape[0], shape[1], shape[2]]);
        Tensor::<B, 4>::from_data(data, device).permute([0, 3, 1, 2])
    }

    /// The means of the channels over all places.
    pub(crate) fn means(&self) -> Vec<f32> {
        let mut sums = vec![0.0; self.channels];
        for place in self.values.chunks_exact(self.channels) {
            sums.iter_mut().zip(place).for_each(|(sum, value)| *sum += value);
        }
        let places = (self.size[0] * self.size[1]) as f32;
        sums.into_iter().map(|sum| sum / places).collect()
    }

    /// The map between zeros.
    fn padded(&self, [before, after]: [[usize; 2]; 2]) -> Cow<'_, Self> {
        if before == [0; 2] && after == [0; 2] {
            return Cow::Borrowed(self);
        }
        let size = [0, 1].map(|axis| before[axis] + self.size[axis] + after[axis]);
        let row = size[1] * self.channels;
        let mut values = vec![0.0; size[0] * row];
        let rows = self.values.chunks_exact(self.size[1] * self.channels);
        for (wide, narrow) in values.chunks_exact_mut(row).skip(before[0]).zip(rows) {
            wide[before[1] * self.channels..][..narrow.len()].copy_from_slice(narrow);
        }
        Cow::Owned(Self { size, channels: self.channels, values })
    }
}

impl FeatureMap for MemoryMap {
    type Weights = MemoryWeights;
    type Device = ();

    fn weights(convolution: Convolution, (): &()) -> Self::Weights {
        MemoryWeights::new(convolution)
    }

    fn convolve(&self, weights: &Self::Weights, activation: Activation) -> Self {
        weights.convolve(self, activation)
    }

    fn activate(mut self, activation: Activation) -> Self {
        activation.apply(&mut self.values);
        self
    }

    fn maximum(&self, places: Places) -> Self {
        self.maximum_of_places(places)
    }

    fn neighbour_mean(&self) -> Self {
        self.mean_of_places()
    }

    fn beside(maps: &[Self]) -> Self {
        let channels = maps.iter().map(|map| map.channels).sum();
        let size = maps[0].size;
        let mut values = Vec::with_capacity(size[0] * size[1] * channels);
        for place in 0..size[0] * size[1] {
            for map in maps {
                values.extend_from_slice(&map.values[place * map.channels..][..map.channels]);
            }
        }
        Self { size, channels, values }
    }

    fn plus(mut self, other: Self) -> Self {
        self.values.iter_mut().zip(other.values).for_each(|(value, other)| *value += other);
        self
    }
}

impl Activation {
    /// Applies it to values.
    #[allow(clippy::inline_always)] // What stays outside is compiled without the wide vectors.
    #[inline(always)]
    fn apply(self, values: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
            Self::Relu6 => values.iter_mut().for_each(|value| *value = value.clamp(0.0, 6.0)),
        }
    }
}

#[cfg(test)]
mod tests;
